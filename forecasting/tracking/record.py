"""What an experiment leaves behind, as files that hold everything MLflow is told about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.errors import DataError, Fault
from forecasting.tracking.manifests import manifest, sha256

CARD, MANIFEST = "card.json", "manifest.json"
LONGEST = 6000  # characters of a parameter, MLflow's own limit; its tags may be longer
COVERAGES = {"coverage_50": "in_50", "coverage_80": "in_80", "coverage_95": "in_95"}


@dataclass(frozen=True, eq=False)
class ExperimentRecord:
    """Everything an experiment leaves behind.

    ``settings`` is the whole experiment file as parsed; ``scores`` has one row a model, series, origin and
    step (the columns of :class:`forecasting.frames.Scores`); ``forecasts`` are the long backtest quantiles;
    ``models`` gives each label's parameters; ``winners`` each series' chosen label.
    """

    name: str
    settings: Mapping[str, Any]
    as_of: date
    data_digest: str
    code_version: str
    lock_digest: str
    scores: pd.DataFrame
    forecasts: pd.DataFrame
    models: Mapping[str, Mapping[str, Any]]
    winners: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def write_record(record: ExperimentRecord, folder: Path) -> str:
    """Write an experiment into an empty folder; gives its key, the SHA-256 of the manifest of its files.

    The same content gives the same key, on any machine. Raises :class:`DataError` before anything is written when two
    parameters would be logged under one name.
    """
    params(record.settings, f"settings of {record.name}")
    for label, given in record.models.items():
        params(given, f"model {label}")
    _write_files(record, folder)
    return sha256((folder / MANIFEST).read_bytes())


def summary(scores: pd.DataFrame) -> dict[str, float]:
    """The metrics of one model: means overall and per series, coverage, and how many forecasts failed.

    >>> rows = pd.DataFrame({"series": ["a", "b"], "mase": [1.0, 2.0], "crps": [3.0, 4.0], "in_50": [1, 0],
    ...                      "in_80": [1, 0], "in_95": [1, 1], "failure": [None, None]})
    >>> found = summary(rows)
    >>> found["mase"], found["mase.b"], found["coverage_95"], found["failures"]
    (1.5, 2.0, 1.0, 0.0)
    """
    failed = scores["failure"].fillna("").astype(str).ne("")
    metrics = {"failures": float(failed.sum()), "scored": float((~failed).sum())}
    columns = {"mase": "mase", "crps": "crps", **COVERAGES}
    for metric, column in (columns | ({"path": "path"} if "path" in scores else {})).items():
        values = pd.to_numeric(scores[column]).astype(float)
        metrics[metric] = float(values.mean())
        for series, mean in values.groupby(scores["series"].astype(str)).mean().items():
            metrics[f"{metric}.{series}"] = float(mean)
    return metrics


def params(settings: Mapping[str, Any], where: str) -> dict[str, str]:
    """Nested settings as MLflow's flat parameters; lists stay JSON.

    A value MLflow would refuse as too long is told by its size and SHA-256; the files of the record hold it whole.

    >>> params({"model": {"name": "ets", "lags": [1, 12]}}, "here")
    {'model.name': 'ets', 'model.lags': '[1,12]'}
    >>> params({"lags": list(range(9999))}, "here")["lags"]
    '9999 items, sha256 240fbc9308937f03'
    """
    found: dict[str, str] = {}
    faults = []
    for path, value in _leaves(settings):
        key = plain_key(path)
        text = value if isinstance(value, str) else json.dumps(value, default=str, separators=(",", ":"))
        if key in found or len(key) > 250:
            faults.append(Fault(f"{where}: {path}", f"cannot be logged as {key[:60]!r}", "rename it"))
        size = f"{len(value)} items" if isinstance(value, list | tuple) else f"{len(text)} characters"
        found[key] = bounded(text, size)
    if faults:
        raise DataError("a parameter cannot be logged", faults)
    return found


def bounded(text: str, size: str) -> str:
    """A text as MLflow can keep it: itself, or its size in words and the head of its SHA-256."""
    return text if len(text) <= LONGEST else f"{size}, sha256 {sha256(text.encode())[:16]}"


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        path = f"{above}.{key}" if above else str(key)
        if isinstance(inner, Mapping) and inner:
            yield from _leaves(inner, path)
        else:
            yield path, inner


def plain_key(text: str) -> str:
    return re.sub(r"[^\w .\-]", "_", text).strip(".") or "_"


def _write_files(record: ExperimentRecord, folder: Path) -> None:
    scores = plain(record.scores)
    _csv(scores, folder / "scores.csv")
    scores.to_parquet(folder / "scores.parquet", index=False)
    plain(record.forecasts).to_parquet(folder / "forecasts.parquet", index=False)
    for name, value in {
        CARD: {
            "name": record.name,
            "as_of": record.as_of.isoformat(),
            "data_sha256": record.data_digest,
            "code": record.code_version,
            "lock_sha256": record.lock_digest,
        },
        "settings.json": dict(record.settings),
        "models.json": {label: dict(given) for label, given in record.models.items()},
        "winners.json": dict(record.winners),
    }.items():
        text = json.dumps(value, indent=1, sort_keys=name != "models.json", ensure_ascii=False, default=str)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    for name, table in record.tables.items():
        (folder / "tables").mkdir(exist_ok=True)
        _csv(plain(table), folder / "tables" / f"{_file(name)}.csv")
    for name, picture in record.pictures.items():
        (folder / "pictures").mkdir(exist_ok=True)
        (folder / "pictures" / _file(name)).write_bytes(picture)
    (folder / MANIFEST).write_text(
        json.dumps(manifest(folder), indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _file(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise DataError(f"{name!r} cannot name a file; use letters, digits, dots, - and _")
    return name


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose cells are numbers, texts, dates or nothing, with periods written as their labels."""
    found = frame.copy(deep=False)
    for column in found.columns:
        if (
            found[column].dtype == object
            and pd.api.types.infer_dtype(found[column], skipna=False) != "string"
        ):
            found[column] = [
                v if v is None or isinstance(v, str | float | int | bool) else str(v) for v in found[column]
            ]
            kinds = {type(v) for v in found[column] if v is not None and v == v}
            if len(kinds) > 1 and str in kinds:
                found[column] = [v if v is None or v != v else str(v) for v in found[column]]
    return found
