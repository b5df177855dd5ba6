"""Worker processes never run the caller's script again and never outlive the process that started them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT

SCRIPT = """
from pathlib import Path
from forecasting.data.store import Store
from forecasting.evaluation import engine
from forecasting.evaluation.backtest import run
from forecasting.evaluation.cache import Cache
from tests.evaluation.test_engine import planned

with Path("ran").open("a") as ran:
    ran.write("once\\n")
store = Store.open(Path({data!r}))
"""
ALONE = """
engine.LOST = 0
found = planned(store, models=[{"model": "naive"}], backtest={"first": "2025-12", "every": 6, "steps": 3})
assert not run(found, Cache(Path("cache")), engine.Workers(2))
assert len(Cache(Path("cache")).times()) == 1
"""
MANY = """
run(planned(store), Cache(Path("cache")), engine.Workers(2), lambda done, of: print(done, flush=True))
"""


def started(folder: Path, rest: str) -> subprocess.Popen[str]:
    (folder / "script.py").write_text(SCRIPT.format(data=str(ROOT / "data")) + rest)
    return subprocess.Popen(
        [sys.executable, "script.py"], cwd=folder, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )  # fmt: skip


def test_a_fit_in_a_process_of_its_own_does_not_run_the_script_again(tmp_path: Path) -> None:
    process = started(tmp_path, ALONE)
    process.communicate()
    assert process.returncode == 0
    assert (tmp_path / "ran").read_text() == "once\n"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(tmp_path: Path, stop: signal.Signals) -> None:
    process = started(tmp_path, MANY)
    assert process.stdout is not None
    while int(process.stdout.readline()) == 0:
        pass
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.send_signal(stop)
    assert process.wait() == -stop
    process.stdout.close()
    assert not psutil.wait_procs(workers, timeout=60)[1]
