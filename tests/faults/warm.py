"""A process that has imported everything and runs commands in forked copies of itself, some of them under strace.

A publish under a fault then costs its own work alone, not a second of imports; strace attaches to the copy before it
starts and follows neither the fits nor the renderers, which are processes of their own.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers import missing

SCRATCH = ".scratch"
SECONDS = 120
_PR_SET_PTRACER = 0x59616D61  # Yama then lets strace attach, which is not an ancestor
_MODULES = (
    "prometheus_client.parser", "pyarrow.parquet", "scipy.stats", "forecasting.cli.app",
    "forecasting.publishing.job", "forecasting.publishing.sinks", "forecasting.reports",
    "forecasting.reports.archive", "forecasting.reports.site",
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (negative: killed by that signal), what it said, and strace's record."""

    code: int
    out: str
    err: str
    trace: str


@dataclass
class Running:
    """A command in a fork that waits to be let :meth:`go`."""

    pid: int
    folder: Path
    gate: socket.socket
    tracer: subprocess.Popen[bytes] | None = None

    def go(self) -> None:
        self.gate.sendall(b"g")
        self.gate.close()

    def poll(self) -> Ended | None:
        """How it ended, when it has."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        if self.tracer is not None:
            self.tracer.wait(30)
        said = [self.folder / name for name in ("out", "err", "trace")]
        texts = [path.read_text(errors="replace") if path.is_file() else "" for path in said]
        return Ended(os.waitstatus_to_exitcode(status), *texts)

    def ended(self) -> Ended:
        """How it ended; it is killed when that takes too long."""
        end = time.monotonic() + SECONDS
        while (found := self.poll()) is None:
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.005)
        return found


def preload() -> None:
    """Import what a publish imports, so that forks need not."""
    for name in _MODULES:
        importlib.import_module(name)


def strace() -> None:
    """Skip where there is no strace; fail in CI."""
    if shutil.which("strace") is None:
        missing("no strace on this machine: install Debian's strace; FAULTS OF THE DISK WERE NOT TESTED")


def run(arguments: Sequence[str], cwd: Path, options: Sequence[str] = ()) -> Ended:
    """Run a command line in a fork, with strace attached under these options."""
    running = start(arguments, cwd, options)
    running.go()
    return running.ended()


def start(arguments: Sequence[str], cwd: Path, options: Sequence[str] = (), name: str = "") -> Running:
    """A fork that will run a command line; ``name`` keeps what it says apart from that of others."""
    folder = cwd / SCRATCH / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trace").unlink(missing_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    gate, inner = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        gate.close()
        _child(arguments, cwd, folder, inner)
    inner.close()
    running = Running(pid, folder, gate)
    try:
        assert gate.recv(1), "the fork ended before it was ready"
        if options:
            running.tracer = _traced(pid, folder, options)
    except BaseException:
        gate.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    return running


def _traced(pid: int, folder: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    """strace, once it says that it stops the process at its calls."""
    told = folder / "strace"
    with told.open("wb") as errors:
        tracer = subprocess.Popen(
            ["strace", "-y", "-s", "0", "-o", str(folder / "trace"), *options, "-p", str(pid)],
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    end = time.monotonic() + SECONDS
    while f"Process {pid} attached" not in (said := told.read_text(errors="replace")):
        if tracer.poll() is not None or time.monotonic() > end:
            tracer.kill()
            tracer.wait()
            raise AssertionError(f"strace did not attach: {said}")
        time.sleep(0.005)
    return tracer


def _child(arguments: Sequence[str], cwd: Path, folder: Path, gate: socket.socket) -> None:
    code = 70
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1 % 2**64), 0, 0, 0)
        os.chdir(cwd)
        os.environ["TMPDIR"], tempfile.tempdir = str(folder / "tmp"), None
        for name, stream in (("out", 1), ("err", 2)):
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(descriptor, stream)
            os.close(descriptor)
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 - lives as long as the process
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
        gate.sendall(b"r")
        wanted = gate.recv(1)
        gate.close()
        if wanted:
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
