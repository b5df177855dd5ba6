"""An experiment killed at random moments and resumed loses nothing and doubles nothing, in the cache and in MLflow."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

EXPERIMENT: dict[str, Any] = {
    "name": "killed", "about": "", "features": "magnet_imports", "horizon": "2027-12", "paths": 100, "seed": 1,
    "series": ["in.magnets.value.85051110", "in.magnets.value.85051900"],
    "backtest": {"first": "2024-06", "every": 3, "steps": 6},
    "models": [{"model": "naive"}, {"model": "drift"}, {"model": "ets"}, {"model": "structural"}],
}  # fmt: skip


def _interruptible() -> None:
    """A shell's background job is born deaf to SIGINT, and so would be its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Project:
    """A project with one experiment, run in processes of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def made(cls, root: Path) -> Project:
        shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("editions"))
        (root / "experiments").mkdir()
        (root / "experiments" / "killed.yaml").write_text(yaml.safe_dump(EXPERIMENT))
        return cls(root)

    def start(self) -> subprocess.Popen[bytes]:
        with (self.root / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "forecasting", "run", "experiments/killed.yaml", "--jobs", "1"],
                cwd=self.root,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
                preexec_fn=_interruptible,
            )

    def finish(self) -> float:
        """Run to the end; the seconds it took."""
        began = time.monotonic()
        code = self.start().wait(timeout=300)
        assert code == 0, self.log
        return time.monotonic() - began

    @property
    def log(self) -> str:
        return (self.root / "log").read_text()[-3000:]

    def forget(self) -> None:
        for name in (".cache", "mlruns"):
            shutil.rmtree(self.root / name, ignore_errors=True)

    @property
    def fits(self) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.root / ".cache" / "backtest" / "fits.sqlite") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return database.execute("SELECT key, refusal, quantiles, draws FROM fits ORDER BY key").fetchall()

    @property
    def runs(self) -> list[tuple[str, str, dict[str, float]]]:
        """Name, parent or child, and metrics of every run there is, whatever its state."""
        import mlflow

        client = mlflow.MlflowClient(f"sqlite:///{self.root}/mlruns/mlflow.db")
        named = client.get_experiment_by_name("killed")
        found = client.search_runs([named.experiment_id], run_view_type=mlflow.entities.ViewType.ALL)
        active = [run for run in found if run.info.lifecycle_stage == "active"]
        return sorted(
            (
                run.info.run_name,
                "child" if "mlflow.parentRunId" in run.data.tags else "parent",
                run.data.metrics,
            )
            for run in active
        )


@pytest.mark.parametrize("most", [2, pytest.param(20, marks=pytest.mark.faults)])
def test_killed_and_resumed_nothing_is_lost_or_doubled(tmp_path: Path, most: int) -> None:
    project = Project.made(tmp_path / "project")
    whole = project.finish()
    fits, runs = project.fits, project.runs
    assert len(runs) == 1 + len(EXPERIMENT["models"])
    chance = random.Random(2030)
    project.forget()
    kills = 0
    while kills < most:
        process = project.start()
        try:
            code = process.wait(timeout=chance.uniform(0.05, 1.1) * whole)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        else:
            assert code == 0, project.log
            assert project.fits == fits
            assert project.runs == runs
            project.forget()
    project.finish()
    assert project.fits == fits
    assert project.runs == runs


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_stop_keeps_what_is_done(tmp_path: Path, stop: signal.Signals) -> None:
    project = Project.made(tmp_path / "project")
    process = project.start()
    kept = project.root / ".cache" / "backtest" / "fits.sqlite"
    until = time.monotonic() + 120
    while not (kept.is_file() and kept.with_name("fits.sqlite-wal").is_file() and process.poll() is None):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(stop)
    assert process.wait(timeout=60) != 0
    if stop is signal.SIGINT:
        assert "the same command goes on from there" in project.log
    project.finish()
