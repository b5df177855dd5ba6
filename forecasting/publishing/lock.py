"""One publisher at a time: a lock that dies with its process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forecasting.errors import CannotCreate, Locked


@contextmanager
def publisher(root: Path) -> Iterator[None]:
    """Hold the lock of an editions folder.

    Raises :class:`Locked` at once when another process holds it, :class:`CannotCreate` when the folder cannot
    be written.
    """
    import filelock

    try:
        root.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(root / ".lock", timeout=0)
        held.acquire()
    except filelock.Timeout:
        raise Locked(f"{root}: another publisher is at work; try again when it has finished") from None
    except OSError as error:
        raise CannotCreate(
            f"{root}: cannot create an edition here ({error.strerror}); make it writable"
        ) from error
    try:
        yield
    finally:
        held.release()
