"""What must hold before a run computes anything: space, the clock, and the hashes of everything it stands on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from forecasting.data.store import Store
from forecasting.errors import CannotWrite, HeldBack
from forecasting.publishing.environment import environment
from forecasting.publishing.inputs import of_data
from forecasting.publishing.release import Release

_APART = ("data/mapping.yaml", "data/publication.yaml")
_RUNNING: dict[str, Any] = {
    "sinks": True,
    "job": {"hooks", "deadline_seconds", "processes", "free_space", "longest_gap_days"},
}
_ONE_EDITION = 8 * 1024 * 1024  # bytes expected of the first; today's have 5 to 6 MB


def fingerprint(data: Path, but: Container[str] = ()) -> str:
    """The SHA-256 over the files of a data folder that an edition holds, but for those named."""
    digest = hashlib.sha256()
    for name, path in sorted(of_data(data)):
        if name not in but:
            digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def key_of(store: Store, as_of: date, release: Release) -> str:
    """What an edition follows from, in one hash: data, the day they are known up to, release, code and libraries.

    The same key gives the same numbers; the day an edition bears is no part of it, nor is what only importing and
    running go by: ``mapping.yaml``, and of ``publication.yaml`` sinks, hooks and the limits that change no edition.
    """
    catalogue = store.catalogue
    parts = [
        fingerprint(catalogue.root, _APART),
        catalogue.publication.model_dump_json(exclude=_RUNNING),
        store.as_of(as_of).digest(),
        release.digest,
        json.dumps(environment(), sort_keys=True),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def require_space(root: Path, last: Path | None, times: float) -> None:
    """Raise :class:`CannotWrite` unless an edition of the last one's size fits several times."""
    size = _ONE_EDITION
    if last is not None:
        size = sum(path.stat().st_size for path in last.rglob("*") if path.is_file())
    free = shutil.disk_usage(root).free
    if free < times * size:
        raise CannotWrite(
            f"{root}: {free:,} bytes are free, {times * size:,.0f} are needed ({times:g} times the last edition); "
            "free space and run again"
        )


@dataclass(frozen=True)
class Days:
    """The day an edition would bear, today by the clock, and the last day on which anything became known."""

    released: date
    today: date
    as_of: date


def require_clock(days: Days, last: date | None, longest_gap: int, forced: bool) -> None:
    """Raise :class:`HeldBack` for an edition dated before the last one, beyond tomorrow, or long after all there is.

    A wrong clock must not date an edition: once one bears a day to come, every right one would seem to be late. The
    clock itself is held against the last edition and the data: more than ``longest_gap`` days after both it is taken
    to be wrong. Before the first edition nothing can be late, and old data are told by the gate ``freshness``.

    >>> days = Days(date(2026, 11, 22), date(2026, 11, 22), date(2026, 11, 20))
    >>> require_clock(days, date(2026, 10, 20), 400, forced=False)
    """
    released = days.released
    if forced:
        return
    if last is not None and released < last:
        raise HeldBack(
            f"held back: the edition would bear {released}, before the last one of {last}; "
            "set the clock right, or give --edition-date and --force-date"
        )
    if released > days.today + timedelta(days=1):
        raise HeldBack(
            f"held back: the edition would bear {released}, but today is {days.today}; "
            "give another --edition-date, or --force-date"
        )
    if last is not None and (released - max(last, days.as_of)).days > longest_gap:
        raise HeldBack(
            f"held back: the edition would bear {released}, more than {longest_gap} days after both the last one of "
            f"{last} and the last figure of {days.as_of}; set the clock right, or, if the day is right, give "
            "--force-date (job.longest_gap_days in publication.yaml)"
        )
