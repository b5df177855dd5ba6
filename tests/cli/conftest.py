"""A project of its own with the real data and small experiments, and the main job run once in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

FAST = [{"model": "naive"}, {"model": "seasonal_naive"}, {"model": "damped_drift"}]


@dataclass(frozen=True)
class Project:
    """A folder with data/ and experiments/, and the main job's output and exit code."""

    root: Path
    output: str
    code: int = 0

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command line in a process of its own, started in the project."""
        return subprocess.run(
            [sys.executable, "-m", "forecasting", *arguments],
            cwd=self.root,
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            capture_output=True,
            text=True,
            timeout=600,
        )

    @property
    def latest(self) -> Path:
        return (self.root / "data" / "editions" / "latest").resolve()


def small(folder: Path) -> None:
    """Cut experiments to fast models and the last origins."""
    for path in folder.glob("*.yaml"):
        content = yaml.safe_load(path.read_text())
        if "models" not in content:
            continue
        content["paths"] = 200
        if len(content["models"]) > 1:
            content["models"] = FAST if content["horizon"] == "2030-12" else FAST[::2]
            content["backtest"]["every"] *= 4
        path.write_text(yaml.safe_dump(content, sort_keys=False))


def thin(path: Path) -> None:
    """Let the medians and tails of few, naive paths add up as badly as they do."""
    content = yaml.safe_load(path.read_text())
    content["gates"]["sums"]["severity"] = "warn"
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def reviewed(path: Path) -> None:
    """Let no assumption expire, whatever day it is."""
    path.write_text(re.sub(r"review_by: \S+", "review_by: 2200-12-31", path.read_text()))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of the real data, to read only, and no experiment; tests run in it, the tracking server away."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "experiments").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORECAST_TRACKING_URI", "http://127.0.0.1:9")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("editions"))
    shutil.copytree(ROOT / "experiments", root / "experiments")
    small(root / "experiments")
    thin(root / "data" / "publication.yaml")
    reviewed(root / "data" / "assumptions.yaml")
    done = Project(root, "").run("make")
    assert done.returncode in (0, 3), done.stderr[-3000:]
    return Project(root, done.stdout, done.returncode)
