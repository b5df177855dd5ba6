"""One experiment as MLflow keeps it: a parent run, one child run a model, every file hashed.

A run counts only when its tag ``forecasting.complete`` holds the SHA-256 of the manifest of its files: MLflow
leaves killed runs RUNNING and calls runs FINISHED that were abandoned. Every run bears a key of its content in the tag
``forecasting.key`` and is looked up by it before it is made, so an experiment that is logged again, or whose logging
was killed, is completed and never doubled.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecasting.errors import DataError, Fault, ForecastingError
from forecasting.tracking.manifests import canonical, sha256
from forecasting.tracking.record import (
    CARD,
    COVERAGES,
    MANIFEST,
    ExperimentRecord,
    bounded,
    params,
    plain_key,
    summary,
    write_record,
)
from forecasting.tracking.store import Store, prepare

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

COMPLETE, KEY, EXPERIMENT = "forecasting.complete", "forecasting.key", "forecasting.experiment"


def log_experiment(store: Store, record: ExperimentRecord) -> str:
    """Keep an experiment; gives the id of its parent run, the same when its content was logged before.

    Raises :class:`DataError` before anything is written when two parameters would be logged under one name.
    """
    with tempfile.TemporaryDirectory(prefix="experiment-") as name:
        write_record(record, Path(name))
        return log_files(store, Path(name))


def log_files(store: Store, folder: Path) -> str:
    """Keep the experiment a folder holds (:func:`~forecasting.tracking.record.write_record`); gives its parent run."""
    kept = _Kept(folder)
    client = store.client()
    with store.lock("runs"), store.speaking():
        experiment = store.experiment(kept.card["name"])
        runs = _runs(client, experiment, kept.key)
        parent = runs.get(kept.key)
        if parent is not None and parent.data.tags.get(COMPLETE) == kept.key:
            return str(parent.info.run_id)
        started = [run.info.run_id for run in runs.values()]
        try:
            parent = parent or _create(
                client, experiment, f"{kept.card['name']} {kept.card['as_of']}", kept.tags(kept.key)
            )
            started.append(parent.info.run_id)
            _log_parent(client, parent, kept)
            for label in kept.labels:
                key = sha256(canonical([kept.key, label]))
                own = {
                    "mlflow.parentRunId": parent.info.run_id,
                    "forecasting.model": label,
                    "forecasting.wins": kept.wins(label),
                }
                child = runs.get(key) or _create(client, experiment, label, {**kept.tags(key), **own})
                started.append(child.info.run_id)
                _log(client, child, kept.params[label], kept.metrics[label], {})
                client.set_terminated(child.info.run_id)
            client.log_artifacts(parent.info.run_id, str(folder))
            client.set_terminated(parent.info.run_id)
            _drop_doubles(client, experiment, kept.key, set(started))
            client.set_tag(parent.info.run_id, COMPLETE, kept.key)
        except BaseException:
            for run in started:
                with suppress(ForecastingError, OSError, _mlflow_error()):
                    client.set_terminated(run, "FAILED")
            raise
    return str(parent.info.run_id)


def parent_run(store: Store, name: str, key: str) -> str:
    """The id of the parent run of an experiment by its key; :class:`DataError` when it was not logged."""
    client = store.client()
    with store.speaking():
        found = _runs(client, store.experiment(name), key).get(key)
    if found is None:
        raise DataError(
            "a champion's experiment is not in MLflow",
            [Fault(name, f"no run of key {key[:12]}", "run it again")],
        )
    return str(found.info.run_id)


class _Kept:
    """An experiment read from its files, in the terms of MLflow."""

    def __init__(self, folder: Path) -> None:
        def load(file: str) -> Any:
            return json.loads((folder / file).read_text(encoding="utf-8"))

        self.key = sha256((folder / MANIFEST).read_bytes())
        self.card: Mapping[str, str] = load(CARD)
        self.winners: Mapping[str, str] = load("winners.json")
        self.scores_sha256: str = load(MANIFEST)["scores.csv"]
        models: Mapping[str, Mapping[str, Any]] = load("models.json")
        scores = pd.read_parquet(folder / "scores.parquet")
        self.labels = list(dict.fromkeys([*models, *scores["model"].astype(str)]))
        self.settings = params(load("settings.json"), f"settings of {self.card['name']}")
        self.params = {label: params(models.get(label, {}), f"model {label}") for label in self.labels}
        self.metrics = {label: summary(scores[scores["model"] == label]) for label in self.labels}

    def tags(self, key: str) -> dict[str, str]:
        return {
            KEY: key,
            EXPERIMENT: self.key,
            "forecasting.as_of": self.card["as_of"],
            "forecasting.data_sha256": self.card["data_sha256"],
            "forecasting.code": self.card["code"],
            "forecasting.lock_sha256": self.card["lock_sha256"],
            "forecasting.scores_sha256": self.scores_sha256,
        }

    def wins(self, label: str) -> str:
        won = sorted(series for series, winner in self.winners.items() if winner == label)
        return bounded(",".join(won), f"{len(won)} series")


def _runs(client: MlflowClient, experiment: str, key: str) -> dict[str, Run]:
    """The runs of an experiment's content by their own key, the eldest where a lost answer made two."""
    found: dict[str, Run] = {}
    for run in _all(client, experiment, key):
        found.setdefault(run.data.tags[KEY], run)
    return found


def _all(client: MlflowClient, experiment: str, key: str) -> Sequence[Run]:
    order = ["attributes.start_time ASC", "attributes.run_id ASC"]
    text = f"tags.`{EXPERIMENT}` = '{key}'"
    page = client.search_runs([experiment], text, max_results=1000, order_by=order)
    runs = list(page)
    while page.token:
        page = client.search_runs([experiment], text, max_results=1000, order_by=order, page_token=page.token)
        runs += page
    return runs


def _drop_doubles(client: MlflowClient, experiment: str, key: str, mine: set[str]) -> None:
    """A server that makes a run and fails to say so is asked again and makes two; the other one goes."""
    for run in _all(client, experiment, key):
        if run.info.run_id not in mine:
            client.delete_run(run.info.run_id)


def _create(client: MlflowClient, experiment: str, name: str, tags: dict[str, str]) -> Run:
    return client.create_run(experiment, run_name=name, tags=tags)


def _log_parent(client: MlflowClient, parent: Run, kept: _Kept) -> None:
    if not parent.inputs or not parent.inputs.dataset_inputs:
        _dataset(client, parent.info.run_id, kept.card)
    chosen = _winning(kept.winners, kept.metrics)
    winners = {f"forecasting.winner.{series}": label for series, label in kept.winners.items()}
    _log(client, parent, kept.settings, chosen, winners)


def _winning(winners: Mapping[str, str], by_label: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The parent's metrics: each series as its winner forecasts it, and their mean."""
    metrics: dict[str, float] = {}
    for series, label in winners.items():
        for metric in ("mase", *COVERAGES):
            metrics[f"{metric}.{series}"] = by_label.get(label, {}).get(f"{metric}.{series}", math.nan)
    for metric in ("mase", *COVERAGES):
        known = [v for k, v in metrics.items() if k.startswith(f"{metric}.") and math.isfinite(v)]
        metrics[metric] = sum(known) / len(known) if known else math.nan
    metrics["failures"] = sum(one["failures"] for one in by_label.values())
    return metrics


def _dataset(client: MlflowClient, run: str, card: Mapping[str, str]) -> None:
    prepare()
    from mlflow.entities import Dataset, DatasetInput, InputTag

    # MLflow's own digest reads only the head of a table; ours covers every row.
    source = canonical({"as_of": card["as_of"], "sha256": card["data_sha256"]})
    dataset = Dataset(f"observations {card['as_of']}", card["data_sha256"][:36] or "none", "code", source)
    client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def _log(
    client: MlflowClient,
    run: Run,
    params: Mapping[str, str],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> None:
    """Parameters, metrics and tags in batches; all metrics bear the run's start, so that none is kept twice."""
    from mlflow.entities import Metric, Param, RunTag

    at = int(run.info.start_time)
    lists: list[list[Any]] = [
        [Metric(plain_key(k), v, at, 0) for k, v in metrics.items() if math.isfinite(v)],
        [Param(k, v) for k, v in params.items()],
        [RunTag(k, v) for k, v in tags.items()],
    ]
    while any(lists):
        client.log_batch(run.info.run_id, metrics=lists[0][:700], params=lists[1][:100], tags=lists[2][:100])
        lists = [lists[0][700:], lists[1][100:], lists[2][100:]]


def _mlflow_error() -> type[Exception]:
    from mlflow.exceptions import MlflowException

    return MlflowException
