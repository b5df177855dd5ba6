"""The rules hubverse documents for a hub, its configuration and its submissions, each as a check of its own.

After the table of checks in hubValidations and the descriptions in the configuration schemas 5.0.1. Left out: the
submission window (nothing is submitted), and what concerns output types other than quantiles.
"""

from __future__ import annotations

import itertools
import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import jsonschema
import pandas as pd
import yaml

STANDARD = ["output_type", "output_type_id", "value"]
NAME = re.compile(
    r"(?P<round>\d{4}-\d\d-\d\d)-(?P<team>[A-Za-z0-9_]{1,16})-(?P<model>[A-Za-z0-9_]{1,16})\.csv"
)


def faults(hub: Path) -> list[str]:
    """Everything in a hub that breaks a rule."""
    admin, tasks = (json.loads((hub / f"hub-config/{name}.json").read_text()) for name in ("admin", "tasks"))
    found = [*_admin(admin), *_tasks(tasks)]
    for path in sorted((hub / "model-output").rglob("*")):
        if path.is_file():
            found += _submission(hub, path, admin, tasks["rounds"][0])
    return found


def _admin(admin: dict[str, Any]) -> list[str]:
    needed = {"schema_version", "name", "maintainer", "contact", "repository", "file_format", "timezone"}
    found = [f"admin.json lacks {name}" for name in needed - set(admin)]
    found += [f"admin.json: unknown {name}" for name in set(admin) - needed - {"model_output_dir", "cloud"}]
    if not set(admin["file_format"]) <= {"csv", "parquet", "arrow"}:
        found.append("admin.json: unknown file format")
    if admin["timezone"] not in available_timezones():
        found.append("admin.json: unknown time zone")
    return found


def _tasks(tasks: dict[str, Any]) -> list[str]:
    found = []
    if not re.search(r"/v5\.0\.1/tasks-schema\.json$", tasks["schema_version"]):
        found.append("tasks.json: schema version")
    if set(tasks) - {"schema_version", "rounds", "output_type_id_datatype", "derived_task_ids"}:
        found.append("tasks.json: unknown keys")
    for one in tasks["rounds"]:
        if {"round_id_from_variable", "round_id", "model_tasks", "submissions_due"} - set(one):
            found.append("tasks.json: a round lacks a key")
        for task in one["model_tasks"]:
            found += _task(task, one["round_id"])
        names = [list(task["task_ids"]) for task in one["model_tasks"]]
        if any(mine != names[0] for mine in names):
            found.append("tasks.json: task ids differ between model tasks")
    return found


def _task(task: dict[str, Any], round_id: str) -> list[str]:
    found = []
    if set(task) != {"task_ids", "output_type", "target_metadata"} or round_id not in task["task_ids"]:
        found.append("tasks.json: a model task has other keys")
    for name, given in task["task_ids"].items():
        values = [*(given["required"] or []), *(given["optional"] or [])]
        if set(given) != {"required", "optional"} or len(values) != len(set(values)) or not values:
            found.append(f"tasks.json: values of {name}")
        if name.endswith("_date") and any(date.fromisoformat(v).isoformat() != v for v in values):
            found.append(f"tasks.json: {name} is not a day")
    quantile = task["output_type"]["quantile"]
    levels = quantile["output_type_id"]["required"]
    if set(quantile) != {"output_type_id", "is_required", "value"} or set(quantile["output_type_id"]) != {
        "required"
    }:
        found.append("tasks.json: quantile has other keys")
    if levels != sorted(set(levels)) or not all(0 <= level <= 1 for level in levels):
        found.append("tasks.json: quantile levels")
    targets = [one["target_keys"]["target"] for one in task["target_metadata"]]
    if sorted(targets) != sorted(task["task_ids"]["target"]["optional"]):
        found.append("tasks.json: targets and their metadata differ")
    for one in task["target_metadata"]:
        if len(one["target_id"]) > 30 or len(one["target_name"]) > 100 or len(one["target_units"]) > 100:
            found.append(f"tasks.json: {one['target_id']} is too long")
        if one["is_step_ahead"] and one["time_unit"] not in ("day", "week", "month"):
            found.append("tasks.json: time unit")
        if one["target_type"] not in ("continuous", "discrete") or len(one["target_keys"]) != 1:
            found.append("tasks.json: target type or keys")
    ids = [one["target_id"] for one in task["target_metadata"]]
    return found + (["tasks.json: target ids repeat"] if len(ids) != len(set(ids)) else [])


def _submission(hub: Path, path: Path, admin: dict[str, Any], of: dict[str, Any]) -> list[str]:
    match = NAME.fullmatch(path.name)
    if match is None or path.suffix[1:] not in admin["file_format"]:
        return [f"{path.name}: file name"]
    model = f"{match['team']}-{match['model']}"
    found = [] if path.parent.name == model else [f"{path.name}: not in the folder of its model"]
    found += _metadata(hub, model, match)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    expected = [*of["model_tasks"][0]["task_ids"], *STANDARD]
    if sorted(table.columns) != sorted(expected):
        return [*found, f"{path.name}: column names"]
    rounds = {day for task in of["model_tasks"] for day in task["task_ids"][of["round_id"]]["optional"]}
    if set(table[of["round_id"]]) != {match["round"]} or match["round"] not in rounds:
        return [*found, f"{path.name}: the round in the file is not that of its name"]
    if table.duplicated([name for name in expected if name != "value"]).any():
        found.append(f"{path.name}: rows are not unique")
    numbers = pd.to_numeric(table["value"], errors="coerce")
    if numbers.isna().any():
        found.append(f"{path.name}: a value is not a number")
    return found + _rows(path, table.assign(value=numbers), of["model_tasks"])


def _metadata(hub: Path, model: str, match: re.Match[str]) -> list[str]:
    path = hub / f"model-metadata/{model}.yml"
    if not path.is_file():
        return [f"{model} has no metadata"]
    metadata = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.validate(metadata, json.loads((hub / "hub-config/model-metadata-schema.json").read_text()))
    same = (metadata["team_abbr"], metadata["model_abbr"]) == (match["team"], match["model"])
    return [] if same else [f"{path.name} is of another model"]


def _rows(path: Path, table: pd.DataFrame, tasks: list[dict[str, Any]]) -> list[str]:
    """Valid combinations of values, required quantiles all there, quantiles that do not decrease."""
    found = []
    ids = list(tasks[0]["task_ids"])
    valid = [
        ({name: {str(v) for v in given["optional"]} for name, given in task["task_ids"].items()},
         {float(level) for level in task["output_type"]["quantile"]["output_type_id"]["required"]})
        for task in tasks
    ]  # fmt: skip
    for key, rows in table.groupby(ids, sort=False):
        mine = [
            levels for values, levels in valid if all(v in values[n] for n, v in zip(ids, key, strict=True))
        ]
        levels = rows["output_type_id"].astype(float)
        if len(mine) != 1 or set(rows["output_type"]) != {"quantile"} or not set(levels) <= mine[0]:
            found.append(f"{path.name}: {key}: no valid value combinations")
            continue
        if set(levels) != mine[0]:
            found.append(f"{path.name}: {key}: required values are missing")
        ordered = rows.assign(level=levels).sort_values("level")["value"].tolist()
        if any(b < a for a, b in itertools.pairwise(ordered)):
            found.append(f"{path.name}: {key}: quantiles decrease")
        if not _derived(dict(zip(ids, key, strict=True))):
            found.append(f"{path.name}: {key}: horizon and target_end_date differ")
    return found


def _derived(task: dict[str, str]) -> bool:
    start, end = (date.fromisoformat(task[name]) for name in ("reference_date", "target_end_date"))
    return (end.year - start.year) * 12 + end.month - start.month == int(task["horizon"])
