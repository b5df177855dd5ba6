"""The main job publishes while MLflow is away in any way, and waits for it no longer than its budget."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from forecasting.publishing import edition
from forecasting.tracking import Spool, Store, deliver
from forecasting.tracking.patience import BUDGET
from tests.faults import small
from tests.faults.figures import count
from tests.tracking.test_delivery import KILLED, ROOT, Faulty

pytestmark = pytest.mark.faults
FAULTS = ("refused", "500", "503", "429", "403", "hangs", "drips")
AWAY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose experiment and champion wait for MLflow."""
    root = tmp_path_factory.mktemp("tracking") / "p"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECAST_TRACKING_URI", AWAY)
        small.build(root)
    shutil.rmtree(root / "data" / "editions")
    return root


@contextmanager
def server(fault: str) -> Iterator[str]:
    if fault == "refused":
        yield AWAY
        return
    handler = type("Handler", (Faulty,), {"fault": fault})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        made.daemon_threads = True
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()


def store_of(root: Path, uri: str) -> Store:
    return Store(uri, root / "mlruns" / "artifacts")


@pytest.fixture(scope="module")
def well(project: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds a delivery takes when all is well: the second one, for which MLflow is imported and its tables made."""
    folder, taken = tmp_path_factory.mktemp("well"), 0.0
    for name in ("first", "second"):
        root = Path(shutil.copytree(project, folder / name))
        started = time.monotonic()
        done = deliver(store_of(root, f"sqlite:///{folder}/mlflow.db"))
        taken = time.monotonic() - started
        assert (done.delivered, done.waiting) == (2, 0)
    return taken


def waited(root: Path, uri: str) -> float:
    """Seconds of a delivery with the job's own budget, while tracking is away."""
    started = time.monotonic()
    done = deliver(store_of(root, uri).patient())
    taken = time.monotonic() - started
    assert (done.delivered, done.waiting) == (0, 2)
    return taken


def made(root: Path, uri: str, said: str = "tracking is away") -> None:
    """Run the main job: a new edition, and the spool waits on."""
    done = subprocess.run(
        [sys.executable, "-m", "forecasting", "make"],
        cwd=root,
        env={**os.environ, "FORECAST_TRACKING_URI": uri},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert said in done.stderr
    found = edition.latest(root / "data" / "editions")
    assert found is not None
    edition.verify(found)
    assert len(Spool(store_of(root, uri)).pending()) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_the_main_job_publishes_while_the_server_fails(
    project: Path, well: float, tmp_path: Path, fault: str
) -> None:
    root = Path(shutil.copytree(project, tmp_path / "p"))
    with server(fault) as uri:
        added = max(0.0, waited(root, uri) - well)
        made(root, uri, "tracking is not set up" if fault == "403" else "tracking is away")
    assert added <= BUDGET + 5
    count("tracking", fault, faults=1, not_published=0, over_budget=int(added > BUDGET + 1), seconds=added)


def test_the_main_job_publishes_while_the_database_is_locked(
    project: Path, well: float, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(project, tmp_path / "p"))
    uri = f"sqlite:///{root}/mlruns/mlflow.db"
    store_of(root, uri).client()
    with closing(sqlite3.connect(root / "mlruns" / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        added = max(0.0, waited(root, uri) - well)
        made(root, uri)
    assert added <= BUDGET + 5
    assert deliver(store_of(root, uri)).delivered == 2
    count("tracking", "locked", faults=1, not_published=0, over_budget=int(added > BUDGET + 1), seconds=added)


def test_fifty_kills_while_the_spool_is_delivered(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "mlruns")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.stdout.split() == [*"00000001"], done.stderr[-2000:]
    count("spool", kills=50, lost=0, doubled=0)
