"""Commands of the owner's own, run after an attempt: a list of arguments, no shell, ten seconds."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from forecasting.catalogue.running import Hooks

_DEATH = 2.0  # seconds a killed process may take to end
ON = {0: "on_success", 3: "on_degraded"}


def hook_of(hooks: Hooks, code: int) -> tuple[str, Sequence[str]]:
    """The hook of an exit code, by name, and its arguments; every failure is ``on_held``."""
    name = ON.get(code, "on_held")
    return name, getattr(hooks, name)


def run(hooks: Hooks, code: int, facts: Mapping[str, str]) -> str:
    """Run the hook of an exit code and say what went wrong with it, if anything did.

    ``facts`` are its environment, beside what the run itself has.
    """
    name, argv = hook_of(hooks, code)
    if not argv:
        return ""
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **facts},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"the hook {name} could not be started: {error}"
    try:
        ended = process.wait(hooks.seconds)
    except subprocess.TimeoutExpired:
        if _killed(process):
            return f"the hook {name} was stopped after {hooks.seconds:g} s"
        return (
            f"the hook {name} did not end within {hooks.seconds:g} s and cannot be stopped (process {process.pid} "
            "runs as another user); stop it by hand"
        )
    return f"the hook {name} ended with code {ended}" if ended else ""


def _killed(process: subprocess.Popen[bytes]) -> bool:
    """Kill a hook and its process group; whether it ended, which one that has become another user need not."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_DEATH)
    except (PermissionError, subprocess.TimeoutExpired):
        return False
    return True
