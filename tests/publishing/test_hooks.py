"""Hooks: which one runs, what it is told, and what is said when it fails."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from forecasting.catalogue.running import Hooks
from forecasting.publishing.hooks import hook_of, run
from tests.servers import over


@pytest.mark.parametrize(
    ("code", "name"),
    [(0, "on_success"), (3, "on_degraded"), (4, "on_held"), (1, "on_held"), (74, "on_held")],
)
def test_the_hook_of_an_exit_code(code: int, name: str) -> None:
    hooks = Hooks(on_success=("on_success",), on_degraded=("on_degraded",), on_held=("on_held",))
    assert hook_of(hooks, code) == (name, (name,))


def test_without_a_command_nothing_runs() -> None:
    assert run(Hooks(on_held=("false",)), 0, {}) == ""


def test_a_hook_sees_the_facts_beside_the_environment_and_nothing_on_its_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINE", "1")
    code = (
        "import os, sys; print('out'); print('err', file=sys.stderr);"
        "open(sys.argv[1], 'w').write(os.environ['MINE'] + os.environ['FACT'] + sys.stdin.read())"
    )
    hooks = Hooks(on_success=(sys.executable, "-c", code, str(tmp_path / "told")))
    assert run(hooks, 0, {"FACT": "; $(echo 2)"}) == ""
    assert (tmp_path / "told").read_text() == "1; $(echo 2)"
    assert capfd.readouterr() == ("", "")


def test_failures_in_words() -> None:
    hooks = Hooks(on_success=("/nowhere/at/all",), on_degraded=(sys.executable, "-c", "raise SystemExit(9)"))
    assert run(hooks, 0, {}) == (
        "the hook on_success could not be started: [Errno 2] No such file or directory: '/nowhere/at/all'"
    )
    assert run(hooks, 3, {}) == "the hook on_degraded ended with code 9"
    assert run(hooks, 0, {"A": "\0"}) == "the hook on_success could not be started: embedded null byte"


def test_a_hook_that_hangs_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    code = 'sleep 600 & echo $! > "$1"; sleep 600'
    hooks = Hooks(on_held=("sh", "-c", code, "sh", str(tmp_path / "pid")), seconds=1.5)
    assert run(hooks, 4, {}) == "the hook on_held was stopped after 1.5 s"
    pid = int((tmp_path / "pid").read_text())
    for _ in range(300):
        if over(pid):
            return
        time.sleep(0.1)
    os.kill(pid, 9)
    raise AssertionError("what the hook had started still runs")


def test_a_hook_that_became_another_user_is_named_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(pid: int, _: int) -> None:
        asked.append(pid)
        raise PermissionError(1, "Operation not permitted")

    asked: list[int] = []
    monkeypatch.setattr("forecasting.publishing.hooks.os.killpg", refused)
    hooks = Hooks(on_held=(sys.executable, "-c", "import time; time.sleep(60)"), seconds=0.2)
    said = run(hooks, 4, {})
    (pid,) = asked
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert said == (
        f"the hook on_held did not end within 0.2 s and cannot be stopped (process {pid} runs as another user); "
        "stop it by hand"
    )
