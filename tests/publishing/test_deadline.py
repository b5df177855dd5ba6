"""The alarm of a whole run: it rings, it is called off, and leaves what was there before."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from pydantic import ValidationError

from forecasting.catalogue.running import Job
from forecasting.errors import OutOfTime
from forecasting.publishing.deadline import deadline

Cli = Callable[..., tuple[int, str, str]]
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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_rings_again_when_a_finaliser_swallowed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def __del__(self) -> None:
            time.sleep(0.3)

    monkeypatch.setattr("forecasting.publishing.deadline._AGAIN", 0.2)

    def swallowing() -> None:
        one = Slow()
        del one
        time.sleep(5)

    with pytest.raises(OutOfTime), deadline(0.1):
        swallowing()


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "0.5", "-3"])
def test_a_deadline_is_a_number_of_seconds_of_one_day(seconds: str, cli: Cli) -> None:
    code, out, err = cli("publish", "--log-json", "--deadline", seconds)
    assert (code, out) == (2, "")
    (line,) = map(json.loads, err.splitlines())
    assert (
        line["event"]
        == f"--deadline {float(seconds):g}: give seconds from 1 to 86400, or leave it out for publication.yaml's"
    )
    for name in ("deadline_seconds", "fit_seconds", "render_seconds"):
        with pytest.raises(ValidationError, match=name):
            Job.model_validate({name: float(seconds) if seconds != "0.5" else -0.5})


def test_a_bug_is_a_line_of_the_json_log_with_its_traceback(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.cli.publish.day", lambda *_: 1 / 0)
    monkeypatch.setenv("SOME_PASSWORD", "ZeroDivisionError")
    code, out, err = cli("publish", "--log-json")
    assert (code, out) == (1, "")
    (line,) = map(json.loads, err.splitlines())
    assert line["level"] == "error"
    assert (line["event"], line["exit_code"]) == ("bug: ***: division by zero", 1)
    assert "test_deadline.py" in "".join(line["traceback"])
    assert "ZeroDivisionError" not in err


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
