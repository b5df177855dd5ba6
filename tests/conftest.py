"""What many tests share: the project's own data, read once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from forecasting.data.store import Store

ROOT = Path(__file__).resolve().parents[1]
TODAY = date(2026, 11, 22)

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
_DIRECT = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(filter(None, [_DIRECT, "127.0.0.1,localhost"]))
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The project's data; never write to it."""
    return ROOT / "data"


@pytest.fixture(scope="session")
def store(data_folder: Path) -> Store:
    return Store.open(data_folder, TODAY)


@pytest.fixture
def data_copy(data_folder: Path, tmp_path: Path) -> Path:
    """A copy of the project's data that a test may break."""
    target = tmp_path / "data"
    shutil.copytree(data_folder, target, ignore=shutil.ignore_patterns("editions"))
    return target


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command line in this process; gives exit code, standard output and standard error."""
    from forecasting.cli.app import run

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        code = run([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call
