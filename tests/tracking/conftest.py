"""A migrated store per session, copied per test, and an experiment small enough to log in a moment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.frames import Panel
from forecasting.models.recipe import Recipe
from forecasting.periods import Period
from forecasting.tracking import Champion, ExperimentRecord, Store, Trained, register

EV = "in.ev.2w"
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def store_at(home: Path) -> Store:
    return Store(f"sqlite:///{home / 'mlflow.db'}", home / "artifacts")


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECAST_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template")
    store_at(home).ready()
    return home / "mlflow.db"


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Store:
    home = tmp_path / "mlruns"
    home.mkdir()
    shutil.copy(template, home / "mlflow.db")
    return store_at(home)


def a_record(models: int = 2, series: int = 2) -> ExperimentRecord:
    ids = [f"in.s{i}" for i in range(series)]
    labels = [f"model_{i}" for i in range(models)]
    rows = [
        {
            "series": id,
            "model": label,
            "cutoff": str(Period.parse("FY2018") + cut),
            "period": str(Period.parse("FY2019") + cut),
            "step": 1,
            "actual": 10.0,
            "point": 11.0,
            "mase": 1.0 + m,
            "crps": 2.0,
            "in_50": 1.0,
            "in_80": float(cut % 2),
            "in_95": 1.0,
            "failure": None,
        }
        for m, label in enumerate(labels)
        for id in ids
        for cut in range(4)
    ]
    failed = {"mase": np.nan, "crps": np.nan, "in_50": np.nan, "in_80": np.nan, "in_95": np.nan}
    rows += [{**rows[-1], **failed, "series": "in.short", "failure": "prophet: too short"}]
    forecasts = pd.DataFrame(
        {"series": ids, "period": Period.parse("FY2019"), "quantile": 0.5, "value": [1.0] * series}
    )
    return ExperimentRecord(
        name="in.magnets",
        settings={"name": "in.magnets", "backtest": {"origins": 4}, "models": labels},
        as_of=date(2026, 10, 1),
        data_digest="d" * 64,
        code_version="abc123",
        lock_digest="e" * 64,
        scores=pd.DataFrame(rows),
        forecasts=forecasts,
        models={label: {"season": 12, "nested": {"a": None}} for label in labels},
        winners=dict.fromkeys(ids, labels[0]),
        tables={"leaderboard": pd.DataFrame({"model": labels, "mase": [1.0] * models})},
        pictures={"leaderboard.svg": b"<svg/>"},
    )


@pytest.fixture
def record() -> ExperimentRecord:
    return a_record()


def a_panel(series: str, scale: float = 1.0) -> Panel:
    values = {Period.parse("FY2015") + i: scale * (10.0 + i + i % 2) for i in range(10)}
    return Panel.of({series: values}, {series: "t magnet"})


def a_recipe(panel: Panel, seed: int = 7) -> Recipe:
    return Recipe.of(panel, "drift", {}, panel.last + 5, paths=200, seed=seed)


def a_golden(panel: Panel) -> pd.DataFrame:
    forecast = a_recipe(panel).refit(panel)
    return forecast.quantiles([0.1, 0.5, 0.9]).assign(kind=str(forecast.kind))


def trained(series: str, scale: float = 1.0, seed: int = 7, run_key: str = "k" * 64) -> Trained:
    panel = a_panel(series, scale)
    recipe = a_recipe(panel, seed).to_json()
    champion = Champion.of(
        series, recipe, a_golden(panel), panel=panel, experiment="in.magnets", run_key=run_key
    )
    return Trained(champion, panel)


@pytest.fixture
def run(store: Store) -> str:
    return store.client().create_run(store.experiment("in.magnets"), run_name="parent").info.run_id


def promote(
    store: Store, run: str, series: str = EV, scale: float = 1.0, seed: int = 7, at: datetime = NOW
) -> int:
    version, _ = register(store, trained(series, scale, seed), run, "lowest mase", at=at, ledger="l" * 64)
    return version


def given(
    store: Store,
    run: str,
    golden: pd.DataFrame,
    panel: Panel,
    covariates: Panel | None = None,
    recipe: str | None = None,
) -> None:
    champion = Champion.of(
        EV, recipe or a_recipe(panel).to_json(), golden, panel=panel, covariates=covariates
    )
    register(store, Trained(champion, panel, covariates), run, "x", at=NOW)


def flushes(patch: pytest.MonkeyPatch) -> list[Path]:
    """The files and folders that are flushed from now on, by the names they bear then."""
    found, fsync = list[Path](), os.fsync

    def noted(descriptor: int) -> None:
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    patch.setattr(os, "fsync", noted)
    return found


def shortly(patch: pytest.MonkeyPatch, size: int) -> None:
    """Writes to a descriptor stop after some bytes, as on a disk that is full."""
    write: Callable[[int, bytes], int] = os.write
    patch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:size]))
