"""Experiments read back: the latest complete run of an experiment, every file checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from forecasting.errors import DataError, Fault, InputMissing, nearest
from forecasting.tracking.manifests import sha256, verify
from forecasting.tracking.record import MANIFEST
from forecasting.tracking.runs import COMPLETE
from forecasting.tracking.store import Store, prepare


@dataclass(frozen=True, eq=False)
class LoggedExperiment:
    """A complete experiment as it was kept; ``folder`` holds its files."""

    run_id: str
    name: str
    tags: Mapping[str, str]
    settings: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    winners: Mapping[str, str]
    scores: pd.DataFrame
    forecasts: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    folder: Path


def latest_complete(store: Store, name: str) -> str:
    """The id of the newest complete parent run of an experiment; :class:`InputMissing` when there is none."""
    client = store.client()
    with store.speaking():
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            known = [one.name for one in client.search_experiments()]
            raise InputMissing("no such experiment", [Fault(name, "never run", nearest(name, known))])
        runs = client.search_runs(
            [experiment.experiment_id],
            filter_string=f"tags.`{COMPLETE}` LIKE '%'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
    if not runs:
        fault = Fault(name, "no run of it is complete", f"forecast run experiments/{name}.yaml")
        raise InputMissing("no complete run", [fault])
    return str(runs[0].info.run_id)


def read_experiment(store: Store, run_id: str) -> LoggedExperiment:
    """An experiment from its parent run; :class:`DataError` names every file that was changed since."""
    client = store.client()
    with store.speaking():
        run = client.get_run(run_id)
        recorded = run.data.tags.get(COMPLETE)
        if recorded is None:
            raise DataError("the run is not complete", [Fault(run_id, f"no tag {COMPLETE}", "run it again")])
        folder = local_folder(store, run.info.artifact_uri)
        name = client.get_experiment(run.info.experiment_id).name
    path = folder / MANIFEST
    do = "run the experiment again"
    if not path.exists() or sha256(path.read_bytes()) != recorded:
        fault = Fault(str(path), "not the manifest that was recorded", do)
        raise DataError("the run is not what was recorded", [fault])
    verify(folder, json.loads(path.read_text(encoding="utf-8")), f"run {run_id}", do, ignore=(MANIFEST,))

    def load(file: str) -> Any:
        return json.loads((folder / file).read_text(encoding="utf-8"))

    return LoggedExperiment(
        run_id,
        name,
        dict(run.data.tags),
        load("settings.json"),
        load("models.json"),
        load("winners.json"),
        pd.read_parquet(folder / "scores.parquet"),
        pd.read_parquet(folder / "forecasts.parquet"),
        {path.stem: pd.read_csv(path) for path in sorted((folder / "tables").glob("*.csv"))},
        folder,
    )


def local_folder(store: Store, uri: str) -> Path:
    """A folder of artifacts on this machine: where it lies, or a download of it."""
    parts = urlsplit(uri)
    if parts.scheme in {"", "file"}:
        return Path(unquote(parts.path))
    prepare()
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=uri, tracking_uri=store.uri))
