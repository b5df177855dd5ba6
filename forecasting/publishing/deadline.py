"""The end of a whole run: an alarm that stops it wherever it is, until its edition is about to become public."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from forecasting.errors import OutOfTime

_AGAIN = 5.0  # seconds; an alarm that rings inside a finaliser is ignored by Python, so it rings again


class _Alarm(BaseException):
    """Not an Exception, so that no library takes it for one of its own."""


@contextmanager
def deadline(seconds: float) -> Iterator[Callable[[], None]]:
    """Raise :class:`OutOfTime` when the block takes longer; gives a function that calls the alarm off.

    Alarms reach the main thread only; elsewhere the block runs without one. What a signal cannot interrupt, such as a
    library's own code, runs in child processes with limits of their own
    (:mod:`forecasting.publishing.isolation`).
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return

    def ring(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise _Alarm

    def call_off() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield call_off
    except _Alarm:
        raise OutOfTime(
            f"not ready after {seconds:g} s; nothing was published, the last good edition stays: "
            "raise --deadline or job.deadline_seconds in publication.yaml, or find what hangs"
        ) from None
    finally:
        call_off()
        signal.signal(signal.SIGALRM, before)
