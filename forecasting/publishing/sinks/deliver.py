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
from forecasting.publishing.sinks.record import Delivery, Outcome, append, arrived

DEADLINE = 120.0  # seconds for all sinks, which work side by side
TRIES = 3
WAIT, LONGEST_WAIT = 0.5, 10.0  # seconds: full jitter below 0.5, 1, 2 … s, at most 10


def deliver_all(
    sinks: Sequence[Sink], folder: Path, root: Path, *, deadline: float = DEADLINE, again: bool = False
) -> list[Delivery]:
    """Deliver an edition, and every edition that has not arrived, to every sink; the outcomes, sink by sink.

    Sinks work side by side; one that fails or does not answer within ``deadline`` seconds is recorded as failed,
    with its reason, and tried again at the next run. What has arrived and did not change since is not sent again,
    unless ``again`` asks for ``folder`` once more. Raises :class:`~forecasting.errors.InputMissing` for an edition
    nobody recorded, else only :class:`~forecasting.errors.DataError` (the audit
    file is broken) and :class:`~forecasting.errors.CannotWrite` (the record cannot be kept).
    """
    told = {one.edition: one for one in accounts(root)}
    if folder.name not in told:
        raise InputMissing(
            f"{root / AUDIT} has no line of {folder.name}; run forecast publish, which adds it"
        )
    done = arrived(root)
    end = time.monotonic() + deadline
    work = {sink.name: _due(sink, folder, told, done, again) for sink in sinks}
    found: dict[str, list[Delivery]] = {sink.name: [] for sink in sinks}
    threads = [
        threading.Thread(
            target=_work_off, args=(sink, root, work[sink.name], found[sink.name], end), daemon=True
        )
        for sink in sinks
    ]
    for thread in threads:
        thread.start()
    outcomes: list[Delivery] = []
    for sink, thread in zip(sinks, threads, strict=True):
        thread.join(max(0.0, end - time.monotonic()))
        mine = list(found[sink.name])
        if thread.is_alive() and len(mine) < len(work[sink.name]):
            edition, state = work[sink.name][len(mine)]
            reason = f"no answer within {deadline:.0f} s; it is tried again at the next run"
            mine.append(Delivery(sink.name, edition, state, "failed", reason, 1, _now()))
        outcomes += mine
    append(root, outcomes)
    idle = [
        Delivery(
            sink.name,
            folder.name,
            _state(sink, folder.name, told),
            "unchanged",
            "has arrived before",
            0,
            _now(),
        )
        for sink in sinks
        if not work[sink.name]
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
    sink: Sink, root: Path, due: Sequence[tuple[str, str]], found: list[Delivery], end: float
) -> None:
    for edition, state in due:
        outcome, tries = deliver_one(sink, root / edition, root, end)
        how: Outcome = "failed"
        if isinstance(outcome, Delivered):
            how, detail = "delivered" if outcome.changed else "unchanged", outcome.detail
        else:
            detail = "; ".join([outcome.message, *map(str, outcome.faults[:3])])
        said = redacted(detail, sink.secrets)
        found.append(Delivery(sink.name, edition, state, how, said, tries, _now()))
        if isinstance(outcome, ServiceAway):
            return


def _due(
    sink: Sink, folder: Path, told: dict[str, Account], done: set[tuple[str, str, str]], again: bool
) -> list[tuple[str, str]]:
    """The editions a sink does not have as they stand today, in the order of publication, with their states."""
    ids = [folder.name] if sink.whole else list(told)
    states = [(id, _state(sink, id, told)) for id in ids]
    return [
        (id, state)
        for id, state in states
        if (sink.name, id, state) not in done or (again and id == folder.name)
    ]


def _state(sink: Sink, edition: str, told: dict[str, Account]) -> str:
    """A digest of what a sink should hold of an edition: it changes when the edition is superseded or retracted."""
    of = list(told.values()) if sink.whole else [one for one in [told.get(edition)] if one]
    content = json.dumps([one.told() for one in of], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
