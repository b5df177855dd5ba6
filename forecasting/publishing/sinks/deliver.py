"""Deliver to every sink: each on its own, tried again when that may help, and every outcome on record."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from forecasting.catalogue.redaction import redacted
from forecasting.errors import ForecastingError, InputMissing, ServiceAway
from forecasting.publishing.chain import AUDIT
from forecasting.publishing.sinks.accounts import Account, accounts
from forecasting.publishing.sinks.base import Delivered, Sink
from forecasting.publishing.sinks.record import Delivery, Outcome, append, read

DEADLINE = 120.0  # seconds for all sinks, which work side by side
TRIES = 3
WAIT, LONGEST_WAIT = 0.5, 10.0  # seconds: full jitter below 0.5, 1, 2 … s, at most 10


def deliver_all(
    sinks: Sequence[Sink], folder: Path, root: Path, *, deadline: float = DEADLINE, again: bool = False
) -> list[Delivery]:
    """Deliver an edition, and every edition that has not arrived, to every sink; the outcomes, sink by sink.

    The edition goes first when it has arrived before, then what stands, the last published first, then what was
    retracted: a place that gets many at once never names an old one as the latest.
    Sinks work side by side; one that fails or does not answer within ``deadline`` seconds is recorded as failed,
    with its reason, and tried again at the next run. What has arrived is not sent again, unless ``again`` asks for
    ``folder`` once more or an edition was superseded or retracted since, of which every sink is told.

    Raises :class:`~forecasting.errors.InputMissing` for an edition nobody recorded,
    :class:`~forecasting.errors.DataError` when the audit file is broken and
    :class:`~forecasting.errors.CannotWrite` when the record cannot be kept; nothing for the failure of a sink.
    """
    told = accounts(root)
    if folder.name not in {one.edition for one in told}:
        raise InputMissing(
            f"{root / AUDIT} has no line of {folder.name}; run forecast publish, which adds it"
        )
    state, kept = _state(told), read(root)
    end = time.monotonic() + deadline
    lying = [one for one in reversed(told) if (root / one.edition).is_dir()]
    there = [one.edition for gone in (False, True) for one in lying if (one.retracted is not None) is gone]
    due = {sink.name: _due(sink, folder.name, there, kept, state, again) for sink in sinks}
    found: dict[str, list[Delivery]] = {sink.name: [] for sink in sinks}
    threads = [
        threading.Thread(
            target=_work_off, args=(sink, root, due[sink.name], state, found[sink.name], end), daemon=True
        )
        for sink in sinks
    ]
    for thread in threads:
        thread.start()
    outcomes: list[Delivery] = []
    for sink, thread in zip(sinks, threads, strict=True):
        thread.join(max(0.0, end - time.monotonic()))
        mine = list(found[sink.name])
        if thread.is_alive() and len(mine) < len(due[sink.name]):
            reason = f"no answer within {deadline:.0f} s; it is tried again at the next run"
            mine.append(Delivery(sink.name, due[sink.name][len(mine)], state, "failed", reason, 1, _now()))
        outcomes += mine
    append(root, outcomes)
    idle = [
        Delivery(sink.name, folder.name, state, "unchanged", "has arrived before", 0, _now())
        for sink in sinks
        if not due[sink.name]
    ]
    return [*outcomes, *idle]


def deliver_one(sink: Sink, folder: Path, root: Path, end: float) -> tuple[Delivered | ForecastingError, int]:
    """One delivery with its retries, until ``end`` on the monotonic clock: what it did or why not, and the tries."""
    import tenacity

    tries = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(ServiceAway),
        stop=tenacity.stop_after_attempt(TRIES)
        | tenacity.stop_before_delay(max(0.0, end - time.monotonic())),
        wait=tenacity.wait_random_exponential(multiplier=WAIT, max=LONGEST_WAIT),
        reraise=True,
    )
    try:
        done = tries(sink.deliver, folder, root)
    except ForecastingError as error:
        return error, int(tries.statistics["attempt_number"])
    return done, int(tries.statistics["attempt_number"])


def _work_off(
    sink: Sink, root: Path, due: Sequence[str], state: str, found: list[Delivery], end: float
) -> None:
    """Deliver what is due. The boundary of a sink: whatever goes wrong inside ends here, as its recorded failure."""
    for edition in due:
        how: Outcome = "failed"
        tries = 1
        try:
            outcome, tries = deliver_one(sink, root / edition, root, end)
        except Exception as error:  # noqa: BLE001 - the boundary of a sink: its recorded failure
            detail = f"a bug: {type(error).__name__}: {error}"
        else:
            if isinstance(outcome, Delivered):
                how, detail = "delivered" if outcome.changed else "unchanged", outcome.detail
            else:
                detail = "; ".join([outcome.message, *map(str, outcome.faults[:3])])
        said = redacted(" ".join(detail.split()), sink.secrets)
        found.append(Delivery(sink.name, edition, state, how, said, tries, _now()))
        if (tries == TRIES and how == "failed") or time.monotonic() > end:
            return


def _due(
    sink: Sink, asked: str, there: Sequence[str], kept: Sequence[Delivery], state: str, again: bool
) -> list[str]:
    """The editions a sink lacks, in the order of those that are there; first the one asked for, if fates changed."""
    good = [one for one in kept if one.sink == sink.name and one.outcome != "failed"]
    has = {one.edition for one in good}
    lacking = [] if sink.whole else [id for id in there if id not in has]
    stale = not good or good[-1].state != state
    if asked not in lacking and (again or stale):
        lacking.insert(0, asked)
    return lacking


def _state(told: Sequence[Account]) -> str:
    """A digest of what every sink should know: it changes when an edition appears, is superseded or retracted."""
    return hashlib.sha256(json.dumps([one.told() for one in told], sort_keys=True).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
