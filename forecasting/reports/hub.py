"""The editions as a hub in the hubverse format: quantiles as CSV, and the configuration that says what is valid.

::

    hub-config/{admin,tasks,model-metadata-schema}.json
    model-metadata/<team>-<model>.yml
    model-output/<team>-<model>/<reference_date>-<team>-<model>.csv

A round is a day on which an edition was released: the last one of that day that was not retracted. ``target`` is a
series and its kind of period, ``horizon`` the months from the month of the reference date to the month in which the
target period ends, ``location`` the country the series' id begins with (ISO 3166-1; 001 the world, ZZ unknown).
Format: docs.hubverse.io; configuration schemas version 5.0.1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.catalogue.sinks import SiteRecord
from forecasting.periods import Period
from forecasting.publishing.sinks.accounts import Account

if TYPE_CHECKING:
    import pandas as pd

SCHEMAS = "https://raw.githubusercontent.com/hubverse-org/schemas/main/v5.0.1"
TASK_IDS = ["reference_date", "target", "horizon", "target_end_date", "location", "scenario_id"]
COLUMNS = [*TASK_IDS, "output_type", "output_type_id", "value"]
SHORT, LONG = 30, 100  # the longest target_id and the longest target_name or target_units


def hub(
    accounts: Sequence[Account],
    editions: Mapping[str, Path],
    titles: Mapping[str, str],
    record: SiteRecord,
    contact: str,
    licence: str,
) -> dict[str, bytes]:
    """The files of the hub by name, from editions in the order of publication; no round, no hub."""
    rounds = {one.released: one.edition for one in accounts if one.retracted is None}
    if not rounds:
        return {}
    id = f"{record.team}-{record.model}"
    tables = {day: output(editions[edition], day) for day, edition in sorted(rounds.items())}
    files = {
        f"model-output/{id}/{day.isoformat()}-{id}.csv": table.drop(columns=["unit"])
        .to_csv(index=False, lineterminator="\n")
        .encode()
        for day, table in tables.items()
    }
    metadata = {
        "team_name": contact,
        "team_abbr": record.team,
        "model_name": "The released champion of each series",
        "model_abbr": record.model,
        "license": licence,
        "methods": "The model that did best in a rolling-origin backtest, series by series; see the report.",
    }
    files[f"model-metadata/{id}.yml"] = _yaml(metadata)
    files["hub-config/admin.json"] = _json(_admin(contact))
    files["hub-config/tasks.json"] = _json(_tasks(tables, titles))
    files["hub-config/model-metadata-schema.json"] = _json(_schema(metadata))
    return files


def output(folder: Path, released: date) -> pd.DataFrame:
    """The forecasts of an edition in the columns of the hub, and their ``unit``; complete sets of quantiles only."""
    import pandas as pd

    table = pd.read_csv(folder / "forecasts.csv", dtype={"series": str}, float_precision="round_trip")
    ends = {label: Period.parse(label).end for label in table["period"].unique()}
    end = table["period"].map(ends)
    months = {
        label: (day.year - released.year) * 12 + day.month - released.month for label, day in ends.items()
    }
    found = pd.DataFrame(
        {
            "reference_date": released.isoformat(),
            "target": table["series"] + " " + table["kind"].str.lower(),
            "horizon": table["period"].map(months).astype(int),
            "target_end_date": end.map(date.isoformat),
            "location": table["series"].map(location),
            "scenario_id": table["scenario"],
            "output_type": "quantile",
            "output_type_id": table["quantile"],
            "value": table["value"],
            "unit": table["unit"],
        }
    )
    whole = found.groupby(TASK_IDS)["value"].transform(lambda values: values.notna().all())
    return found[whole.astype(bool)].sort_values([*TASK_IDS, "output_type_id"], ignore_index=True)


def location(series: str) -> str:
    """The country of a series by the first part of its id.

    >>> location("in.ev.total"), location("world.ndfeb"), location("supply.metal")
    ('IN', '001', 'ZZ')
    """
    first = series.partition(".")[0]
    if first == "world":
        return "001"
    return first.upper() if len(first) == 2 and first.isalpha() else "ZZ"


def short(target: str) -> str:
    """A target's id in at most 30 characters: itself, or its beginning and a hash."""
    if len(target) <= SHORT:
        return target
    return f"{target[: SHORT - 9]}~{hashlib.sha256(target.encode()).hexdigest()[:8]}"


def _admin(contact: str) -> dict[str, Any]:
    return {
        "schema_version": f"{SCHEMAS}/admin-schema.json",
        "name": "India's rare-earth and electric-vehicle outlook to 2030",
        "maintainer": contact,
        "contact": {"name": contact},
        "repository": {},
        "file_format": ["csv"],
        "timezone": "Asia/Kolkata",
    }


def _tasks(tables: Mapping[date, pd.DataFrame], titles: Mapping[str, str]) -> dict[str, Any]:
    import pandas as pd

    every = pd.concat(tables.values(), ignore_index=True)
    tasks = []
    for (place, _), rows in every.groupby(["location", every["target"].str.rpartition(" ")[2]], sort=True):
        units = rows.drop_duplicates("target", keep="last").set_index("target")["unit"].sort_index()
        ids = {name: sorted(set(rows[name].tolist())) for name in TASK_IDS}
        tasks.append(
            {
                "task_ids": {name: {"required": None, "optional": values} for name, values in ids.items()},
                "output_type": {
                    "quantile": {
                        "output_type_id": {"required": sorted(set(rows["output_type_id"].tolist()))},
                        "is_required": True,
                        "value": {"type": "double"},
                    }
                },
                "target_metadata": [
                    _target(target, unit, titles, str(place)) for target, unit in units.items()
                ],
            }
        )
    return {
        "schema_version": f"{SCHEMAS}/tasks-schema.json",
        "rounds": [
            {
                "round_id_from_variable": True,
                "round_id": "reference_date",
                "model_tasks": tasks,
                "submissions_due": {"relative_to": "reference_date", "start": 0, "end": 0},
            }
        ],
        "output_type_id_datatype": "double",
        "derived_task_ids": ["target_end_date"],
    }


def _target(target: Any, unit: Any, titles: Mapping[str, str], place: str) -> dict[str, Any]:
    series, _, kind = str(target).rpartition(" ")
    title = titles.get(series, series)
    return {
        "target_id": short(str(target)),
        "target_name": title if len(title) <= LONG else f"{title[: LONG - 1]}…",
        "target_units": str(unit)[:LONG],
        "target_keys": {"target": str(target)},
        "description": f"{title}; {_KINDS.get(kind, kind)}; series {series}, location {place}",
        "target_type": "continuous",
        "is_step_ahead": True,
        "time_unit": "month",
    }


_KINDS = {"month": "by month", "fy": "by Indian fiscal year, April to March", "cy": "by calendar year"}


def _schema(metadata: Mapping[str, str]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Metadata of the models of this hub",
        "type": "object",
        "properties": {name: {"type": "string"} for name in metadata},
        "required": list(metadata),
        "additionalProperties": False,
    }


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _yaml(content: Mapping[str, str]) -> bytes:
    """A mapping of texts as YAML; a JSON text is a YAML text, whatever it holds."""
    return "".join(
        f"{name}: {json.dumps(text, ensure_ascii=False)}\n" for name, text in content.items()
    ).encode()
