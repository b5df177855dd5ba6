"""A process that has imported everything and runs commands in forked copies of itself, some of them under strace.

A publish under a fault then costs its own work alone, not a second of imports; strace attaches to the copy before it
starts and follows neither the fits nor the renderers, which are processes of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative: killed by that signal), what it said, and strace's record."""

    code: int
    out: str
    err: str
    trace: str


def preload() -> None:
    """Import what a publish imports, so that forks need not."""
    import forecasting.cli.publish
    import forecasting.publishing.job
    import forecasting.publishing.sinks
    import forecasting.reports
    import forecasting.reports.archive
    import forecasting.reports.site  # noqa: F401


def run(arguments: Sequence[str], cwd: Path, strace: Sequence[str] = ()) -> Ended:
    """Run a command line in a fork, with ``strace`` attached under these options."""
    scratch = cwd / ".scratch"
    scratch.mkdir(exist_ok=True)
    out, err, trace = (scratch / name for name in ("out", "err", "trace"))
    trace.unlink(missing_ok=True)
    go_read, go_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)
        _child(arguments, cwd, out, err, go_read)
    os.close(go_read)
    tracer = None
    if strace:
        tracer = subprocess.Popen(
            ["strace", "-y", "-s", "0", "-o", str(trace), *strace, "-p", str(pid)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _attached(pid)
    os.write(go_write, b"g")
    os.close(go_write)
    _, status = os.waitpid(pid, 0)
    if tracer is not None:
        tracer.wait(30)
    record = trace.read_text(errors="replace") if trace.is_file() else ""
    return Ended(os.waitstatus_to_exitcode(status), out.read_text(), err.read_text(), record)


def _attached(pid: int) -> None:
    for _ in range(1000):
        if "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.01)
    raise AssertionError("strace did not attach within ten seconds")


def _child(arguments: Sequence[str], cwd: Path, out: Path, err: Path, go: int) -> None:
    code = 70
    try:
        os.chdir(cwd)
        for path, stream in ((out, 1), (err, 2)):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(descriptor, stream)
            os.close(descriptor)
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 - lives as long as the process
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        os.read(go, 1)
        os.close(go)
        sys.argv = ["forecast", *arguments]
        code = _main()
    finally:
        os._exit(code)


def _main() -> int:
    from forecasting.cli import main

    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
