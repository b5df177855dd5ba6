"""The alarm of a whole run: it rings, it is called off, and leaves what was there before."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress

import pytest

from forecasting.errors import OutOfTime
from forecasting.publishing.deadline import deadline

WORDS = (
    "not ready after 0.2 s; nothing was published, the last good edition stays: "
    "raise --deadline or job.deadline_seconds in publication.yaml, or find what hangs"
)


def stubborn() -> None:
    with suppress(Exception):
        time.sleep(5)


def test_it_rings_through_whoever_catches_everything() -> None:
    before = signal.getsignal(signal.SIGALRM)
    began = time.monotonic()
    with pytest.raises(OutOfTime) as caught, deadline(0.2):
        stubborn()
    assert str(caught.value) == WORDS
    assert caught.value.exit_code == 75
    assert time.monotonic() - began < 4
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_called_off_it_does_not_ring() -> None:
    with deadline(0.2) as call_off:
        call_off()
        time.sleep(0.4)


def test_what_is_ready_in_time_hears_nothing() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline(0.2):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    time.sleep(0.3)
    assert signal.getsignal(signal.SIGALRM) is before


def test_outside_the_main_thread_there_is_no_alarm() -> None:
    done: list[bool] = []

    def work() -> None:
        with deadline(0.1) as call_off:
            time.sleep(0.2)
            call_off()
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
