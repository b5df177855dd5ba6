"""A child that raises, hangs, crashes or eats memory costs its own result and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forecasting.errors import DataError
from forecasting.publishing.isolation import Arrays, Failure, Limits, isolated
from tests.servers import over

LIMITS = Limits(seconds=20, memory_mb=4096, processes=2)


def fine() -> Arrays:
    return {"a": np.arange(300_000.0), "text é": np.array("ü")}


def refuse() -> Arrays:
    raise DataError("naive: too short\nreally")


def divide() -> Arrays:
    return {"a": np.array(1 // 0)}


def crash() -> Arrays:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def leave() -> Arrays:
    os._exit(0)


def leave_badly() -> Arrays:
    os._exit(7)


def eat() -> Arrays:
    return {"a": np.ones(2**31)}


def stop() -> Arrays:
    raise SystemExit(0)


CASES: dict[str, tuple[Callable[[], Arrays], str, str]] = {
    "a documented error": (refuse, "refused", "naive: too short\nreally"),
    "any other": (divide, "exception", "ZeroDivisionError: integer division or modulo by zero"),
    "a crash": (crash, "crash", "its process was killed by SIGSEGV"),
    "an exit": (leave_badly, "crash", "its process ended with code 7"),
    "an exit as if all were well": (leave, "crash", "its process ended with code 0"),
    "an exit by exception": (stop, "exception", "SystemExit: 0"),
    "memory": (eat, "memory", "MemoryError"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_fails_is_told_and_the_others_go_on(case: str) -> None:
    work, kind, text = CASES[case]
    told: list[str] = []
    found = isolated({"one": fine, "broken": work, "two": fine}, LIMITS, told.append)
    assert list(found) == ["one", "broken", "two"]
    assert sorted(told) == ["broken", "one", "two"]
    for name in ("one", "two"):
        arrays = found[name]
        assert not isinstance(arrays, Failure)
        np.testing.assert_array_equal(arrays["a"], np.arange(300_000.0))
        assert str(arrays["text é"]) == "ü"
    failure = found["broken"]
    assert isinstance(failure, Failure)
    assert failure.kind == kind
    assert text in failure.text


def test_what_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    started = tmp_path / "started"

    def hang() -> Arrays:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        started.write_text(str(child.pid))
        time.sleep(600)
        return {}

    found = isolated({"slow": hang, "fine": fine}, Limits(1.5, 4096, 2))
    assert found["slow"] == Failure("hang", "no answer within 1.5 s")
    assert not isinstance(found["fine"], Failure)
    _gone(int(started.read_text()))


def test_children_die_when_the_caller_is_interrupted(tmp_path: Path) -> None:
    mine = tmp_path / "pid"
    rings: list[bool] = []

    def hang() -> Arrays:
        mine.write_text(str(os.getpid()))
        time.sleep(600)
        return {}

    def ring(*_: object) -> None:
        rings.append(mine.exists() and mine.read_text() != "")
        if rings[-2:] == [True, True]:  # the child hangs, and the caller has come to wait for it
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
        with pytest.raises(KeyboardInterrupt):
            isolated({"slow": hang}, LIMITS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    _gone(int(mine.read_text()))


def test_a_child_holds_no_file_of_its_parent_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "held").open("w") as held:
        number = held.fileno()

        def look() -> Arrays:
            print("noise", flush=True)
            os.write(1, b"noise")
            try:
                os.fstat(number)
            except OSError:
                return {"open": np.array(False)}
            return {"open": np.array(True)}

        (arrays,) = isolated({"look": look}, LIMITS).values()
    assert not isinstance(arrays, Failure)
    assert not arrays["open"]
    assert capfd.readouterr().out == ""


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    code = f"""
import os, time, pathlib
from forecasting.publishing.isolation import Limits, isolated
def hang():
    pathlib.Path({str(tmp_path / "child")!r}).write_text(str(os.getpid()))
    time.sleep(600)
isolated({{"a": hang}}, Limits(600, 4096, 1))
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    path = tmp_path / "child"
    _wait(lambda: path.exists() and path.read_text() != "")
    parent.kill()
    parent.wait()
    _gone(int(path.read_text()))


def _gone(pid: int) -> None:
    _wait(lambda: over(pid))


def _wait(until: Callable[[], bool]) -> None:
    for _ in range(600):
        if until():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 30 s")
