"""Work that may raise, hang or crash, each piece in a process of its own.

Children are forked: they inherit their work, import nothing again, and hand back plain arrays as an npz archive through
a pipe, so nothing is pickled and nothing a child sends is executed. A child dies with its parent, holds none of its
files open (nor its lock), and is killed with everything it started when its time is up.
"""

from __future__ import annotations

import ctypes
import io
import os
import resource
import selectors
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt

from forecasting.errors import ForecastingError
from forecasting.publishing.scratch import scratch

Arrays = Mapping[str, npt.NDArray[Any]]
Work = Callable[[], Arrays]
_ERROR = "error of the child"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Failure:
    """Why a child gave nothing: ``refused`` (a documented error), ``exception``, ``hang``, ``memory`` or ``crash``."""

    kind: Literal["refused", "exception", "hang", "memory", "crash"]
    text: str


@dataclass(frozen=True)
class Limits:
    """Seconds a piece of work may take, MB of address space it may use, and how many run at once."""

    seconds: float
    memory_mb: int
    processes: int


@dataclass
class _Child:
    name: str
    pid: int
    until: float
    received: list[bytes] = field(default_factory=list)


def isolated(
    work: Mapping[str, Work],
    limits: Limits,
    done: Callable[[str], object] = str,
) -> dict[str, Arrays | Failure]:
    """What each piece of work gave, by name and in the order given, or why it gave nothing.

    ``done`` is told each name as its child ends. Whatever ends this call early kills the children that still run.
    """
    waiting = list(work)
    running: dict[int, _Child] = {}
    found: dict[str, Arrays | Failure] = {}
    with selectors.DefaultSelector() as selector, scratch():
        try:
            while waiting or running:
                while waiting and len(running) < limits.processes:
                    name = waiting.pop(0)
                    descriptor, child = _started(name, work[name], limits)
                    running[descriptor] = child
                    selector.register(descriptor, selectors.EVENT_READ)
                patience = min(child.until for child in running.values()) - time.monotonic()
                ended = [
                    int(key.fd) for key, _ in selector.select(max(patience, 0)) if _read(key.fd, running)
                ]
                late = [fd for fd, child in running.items() if child.until <= time.monotonic()]
                for descriptor in dict.fromkeys([*ended, *late]):
                    selector.unregister(descriptor)
                    child = running.pop(descriptor)
                    hung = descriptor not in ended
                    found[child.name] = _result(descriptor, child, limits, hung)
                    done(child.name)
        finally:
            for descriptor, child in running.items():
                _killed(child.pid)
                os.close(descriptor)
    return {name: found[name] for name in work}


def _started(name: str, work: Work, limits: Limits) -> tuple[int, _Child]:
    reading, writing = os.pipe()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _work(work, writing, parent, limits)
    os.close(writing)
    return reading, _Child(name, pid, time.monotonic() + limits.seconds)


def _work(work: Work, out: int, parent: int, limits: Limits) -> NoReturn:
    """The life of a child; it ends here whatever happens, so that nothing of the parent runs twice."""
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _die_with(parent)
        os.closerange(3, out)
        os.closerange(out + 1, os.sysconf("SC_OPEN_MAX"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        most = limits.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        content = _packed(work())
    except BaseException as error:  # noqa: BLE001 - the boundary of a child process: told to the parent
        content = _packed({_ERROR: np.array([_kind(error), told(error)])})
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(out, view) :]
    except OSError:
        os._exit(74)
    os._exit(0)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _kind(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    return "refused" if isinstance(error, ForecastingError) else "exception"


def told(error: BaseException) -> str:
    """An error in one line, as the parent hears of it."""
    if isinstance(error, ForecastingError):
        return "; ".join([error.message, *(str(fault) for fault in error.faults[:3])])
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:300].rstrip(": ")


def _packed(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    named: dict[str, Any] = {f"{place}": array for place, array in enumerate(arrays.values())}
    np.savez(buffer, names=np.array(list(arrays), dtype=str), **named)
    return buffer.getvalue()


def _unpacked(content: bytes) -> Arrays:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {str(name): file[f"{place}"] for place, name in enumerate(file["names"])}


def _read(descriptor: int, running: Mapping[int, _Child]) -> bool:
    """Take what a child has written so far; whether it has written all it will."""
    content = os.read(descriptor, 1 << 20)
    running[descriptor].received.append(content)
    return not content


def _result(descriptor: int, child: _Child, limits: Limits, hung: bool) -> Arrays | Failure:
    os.close(descriptor)
    if hung:
        _killed(child.pid)
        return Failure("hang", f"no answer within {limits.seconds:g} s")
    _, status = os.waitpid(child.pid, 0)
    _kill_group(child.pid)
    try:
        arrays = _unpacked(b"".join(child.received))
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile):
        code = os.waitstatus_to_exitcode(status)
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return Failure("crash", f"its process was {how}" if code < 0 else f"its process {how}")
    if _ERROR in arrays:
        kind, text = map(str, arrays[_ERROR])
        return Failure(kind, text)  # type: ignore[arg-type]
    return arrays


def _killed(pid: int) -> None:
    _kill_group(pid)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    os.waitpid(pid, 0)


def _kill_group(pid: int) -> None:
    """Kill what a child started; it leads a group of its own."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
