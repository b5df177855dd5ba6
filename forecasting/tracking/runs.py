"""One experiment as MLflow keeps it: a parent run, one child run a model, every file hashed.

A run counts only when its tag ``forecasting.complete`` holds the SHA-256 of the manifest of its files: MLflow
leaves killed runs RUNNING and calls runs FINISHED that were abandoned.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecasting.errors import DataError, Fault
from forecasting.tracking.manifests import canonical, manifest, sha256
from forecasting.tracking.store import Store, prepare

if TYPE_CHECKING:
    from mlflow import MlflowClient

COMPLETE = "forecasting.complete"
MANIFEST = "manifest.json"
LONGEST = 6000
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


def log_experiment(store: Store, record: ExperimentRecord) -> str:
    """Keep an experiment; gives the id of its parent run.

    Raises :class:`DataError` before anything is written when a parameter is too long to be kept whole.
    """
    labels = list(dict.fromkeys([*record.models, *record.scores["model"].astype(str)]))
    parent_params = params(record.settings, f"settings of {record.name}")
    child_params = {label: params(record.models.get(label, {}), f"model {label}") for label in labels}
    by_label = {label: summary(record.scores[record.scores["model"] == label]) for label in labels}
    with tempfile.TemporaryDirectory(prefix="experiment-") as name, store.speaking():
        files = Path(name)
        _write_files(record, files)
        complete = sha256((files / MANIFEST).read_bytes())
        experiment = store.experiment(record.name)
        client = store.client()
        tags = _tags(record, json.loads((files / MANIFEST).read_text(encoding="utf-8")))
        started: list[str] = []
        try:
            parent = client.create_run(
                experiment, run_name=f"{record.name} {record.as_of}", tags=tags
            ).info.run_id
            started.append(parent)
            _dataset(client, parent, record)
            chosen = _winning(record, by_label)
            _log(
                client,
                parent,
                parent_params,
                chosen,
                {f"forecasting.winner.{s}": w for s, w in record.winners.items()},
            )
            for label in labels:
                wins = sorted(series for series, winner in record.winners.items() if winner == label)
                own = {
                    "mlflow.parentRunId": parent,
                    "forecasting.model": label,
                    "forecasting.wins": ",".join(wins),
                }
                child = client.create_run(experiment, run_name=label, tags={**tags, **own}).info.run_id
                started.append(child)
                _log(client, child, child_params[label], by_label[label], {})
                client.set_terminated(child)
            client.log_artifacts(parent, str(files))
            client.set_terminated(parent)
            client.set_tag(parent, COMPLETE, complete)
        except BaseException:
            for run in started:
                with suppress(Exception):
                    client.set_terminated(run, "FAILED")
            raise
    return str(parent)


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
    for metric, column in columns.items():
        values = pd.to_numeric(scores[column]).astype(float)
        metrics[metric] = float(values.mean())
        for series, mean in values.groupby(scores["series"].astype(str)).mean().items():
            metrics[f"{metric}.{series}"] = float(mean)
    return metrics


def params(settings: Mapping[str, Any], where: str) -> dict[str, str]:
    """Nested settings as MLflow's flat parameters; lists stay JSON. Raises instead of being cut short.

    >>> params({"model": {"name": "ets", "lags": [1, 12]}}, "here")
    {'model.name': 'ets', 'model.lags': '[1,12]'}
    """
    found: dict[str, str] = {}
    faults = []
    for path, value in _leaves(settings):
        key = _key(path)
        text = value if isinstance(value, str) else json.dumps(value, default=str, separators=(",", ":"))
        if len(text) > LONGEST:
            do = f"shorten it to {LONGEST} characters, or keep it in a file"
            faults.append(Fault(f"{where}: {path}", f"{len(text)} characters", do))
        elif key in found or len(key) > 250:
            faults.append(Fault(f"{where}: {path}", f"cannot be logged as {key[:60]!r}", "rename it"))
        found[key] = text
    if faults:
        raise DataError("a parameter cannot be logged whole", faults)
    return found


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        path = f"{above}.{key}" if above else str(key)
        if isinstance(inner, Mapping) and inner:
            yield from _leaves(inner, path)
        else:
            yield path, inner


def _key(text: str) -> str:
    return re.sub(r"[^\w .\-]", "_", text).strip(".") or "_"


def _tags(record: ExperimentRecord, files: Mapping[str, str]) -> dict[str, str]:
    return {
        "forecasting.as_of": record.as_of.isoformat(),
        "forecasting.data_sha256": record.data_digest,
        "forecasting.code": record.code_version,
        "forecasting.lock_sha256": record.lock_digest,
        "forecasting.scores_sha256": files["scores.csv"],
    }


def _winning(record: ExperimentRecord, by_label: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The parent's metrics: each series as its winner forecasts it, and their mean."""
    metrics: dict[str, float] = {}
    for series, label in record.winners.items():
        for metric in ("mase", *COVERAGES):
            metrics[f"{metric}.{series}"] = by_label.get(label, {}).get(f"{metric}.{series}", math.nan)
    for metric in ("mase", *COVERAGES):
        known = [v for k, v in metrics.items() if k.startswith(f"{metric}.") and math.isfinite(v)]
        metrics[metric] = sum(known) / len(known) if known else math.nan
    metrics["failures"] = sum(one["failures"] for one in by_label.values())
    return metrics


def _dataset(client: MlflowClient, run: str, record: ExperimentRecord) -> None:
    prepare()
    from mlflow.entities import Dataset, DatasetInput, InputTag

    # MLflow's own digest reads only the head of a table; ours covers every row.
    source = canonical({"as_of": record.as_of.isoformat(), "sha256": record.data_digest})
    dataset = Dataset(f"observations {record.as_of}", record.data_digest[:36] or "none", "code", source)
    client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def _log(
    client: MlflowClient,
    run: str,
    params: Mapping[str, str],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = time.time_ns() // 1_000_000
    finite = [Metric(_key(k), v, now, 0) for k, v in metrics.items() if math.isfinite(v)]
    lists: list[list[Any]] = [
        finite,
        [Param(k, v) for k, v in params.items()],
        [RunTag(k, v) for k, v in tags.items()],
    ]
    while any(lists):
        client.log_batch(run, metrics=lists[0][:700], params=lists[1][:100], tags=lists[2][:100])
        lists = [lists[0][700:], lists[1][100:], lists[2][100:]]


def _write_files(record: ExperimentRecord, folder: Path) -> None:
    scores, forecasts = plain(record.scores), plain(record.forecasts)
    (folder / "scores.csv").write_bytes(scores.to_csv(index=False, lineterminator="\n").encode())
    scores.to_parquet(folder / "scores.parquet", index=False)
    forecasts.to_parquet(folder / "forecasts.parquet", index=False)
    for name, value in {
        "settings.json": dict(record.settings),
        "models.json": {label: dict(given) for label, given in record.models.items()},
        "winners.json": dict(record.winners),
    }.items():
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=str)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    for name, table in record.tables.items():
        (folder / "tables").mkdir(exist_ok=True)
        content = plain(table).to_csv(index=False, lineterminator="\n").encode()
        (folder / "tables" / f"{_file(name)}.csv").write_bytes(content)
    for name, picture in record.pictures.items():
        (folder / "pictures").mkdir(exist_ok=True)
        (folder / "pictures" / _file(name)).write_bytes(picture)
    (folder / MANIFEST).write_text(
        json.dumps(manifest(folder), indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def _file(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise DataError(f"{name!r} cannot name a file; use letters, digits, dots, - and _")
    return name


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose cells are numbers, texts, dates or nothing, with periods written as their labels."""
    found = frame.copy()
    for column in found.columns:
        if found[column].dtype == object:
            found[column] = [
                v if v is None or isinstance(v, str | float | int | bool) else str(v) for v in found[column]
            ]
            kinds = {type(v) for v in found[column] if v is not None and v == v}
            if len(kinds) > 1 and str in kinds:
                found[column] = [v if v is None or v != v else str(v) for v in found[column]]
    return found
