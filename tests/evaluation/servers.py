"""A real Dask scheduler and workers of one thread, as processes on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

PATIENCE = 60


@dataclass
class Cluster:
    """The scheduler's address and process, and the worker processes."""

    address: str
    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        """One more worker of one thread, without a nanny that would restart it."""
        one = _dask(self.folder, "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        self.workers.append(one)
        return one


@contextmanager
def started(folder: Path, workers: int) -> Iterator[Cluster]:
    """A scheduler with some workers, ended at the end."""
    told = folder / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
    scheduler = _dask(folder, "scheduler", *options)
    made: Cluster | None = None
    try:
        until = time.monotonic() + PATIENCE
        while not (told.is_file() and told.read_text().endswith("}")):
            assert scheduler.poll() is None, (folder / "dask.log").read_text()[-2000:]
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.1)
        made = Cluster(json.loads(told.read_text())["address"], folder, scheduler)
        for _ in range(workers):
            made.start()
        yield made
    finally:
        for process in [*(made.workers if made else []), scheduler]:
            process.kill()
            process.wait()


def _dask(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "dask.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
