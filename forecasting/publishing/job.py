"""The publishing job: from a release and today's data to an edition, or a reason why not.

::

    lock → sweep and reconcile what killed runs left → preflight (hashes, space, clock) → unchanged?
    → golden forecasts, after an upgrade → fits, each in a process of its own → gates → report
    → staged, flushed, verified, renamed, ``latest`` switched
    → audit line → sinks → metrics → hook

Until the switch a failure publishes nothing and leaves the last edition as it is; after it a failure is told (exit
code 3) and takes nothing back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from forecasting.catalogue import Publication, read_record
from forecasting.data.sanity import require_sane
from forecasting.data.store import Store
from forecasting.errors import CannotWrite, Fault, ForecastingError, HeldBack, Locked
from forecasting.evaluation.backtest import Progress, silent
from forecasting.publishing import edition, golden, hooks, ledger, metrics, paths
from forecasting.publishing.accompany import beside, manifest
from forecasting.publishing.candidate import states_of
from forecasting.publishing.deadline import deadline
from forecasting.publishing.disk import in_words
from forecasting.publishing.facts import facts, table_files
from forecasting.publishing.gates import View, require_known
from forecasting.publishing.inputs import INPUTS, Inputs, packed
from forecasting.publishing.lock import publisher
from forecasting.publishing.making import make, require_publishable
from forecasting.publishing.preflight import Days, fingerprint, key_of, require_clock, require_space
from forecasting.publishing.previous import read as read_previous
from forecasting.publishing.release import Release, load
from forecasting.publishing.rendering import Render, rendered
from forecasting.publishing.retrospect import look_back
from forecasting.publishing.scratch import scratch
from forecasting.publishing.unchanged import released_on, seen_on, sources_late, untold

Deliver = Callable[[Path, Path], Sequence[str]]
"""Takes an edition and the folder of editions to the sinks; what failed, a sentence each."""


@dataclass(frozen=True)
class Settings:
    """What a run stands on and where it writes.

    ``data`` and ``bundles`` are the folders of data and releases, ``root`` that of editions, ``cache`` that of kept
    fits. Only what was known on ``known_on`` is used; the edition bears ``released``; ``today`` is the clock, read
    once. ``overrides`` gives reasons by gate; ``again`` makes an edition although nothing changed; ``deadline`` in
    seconds, None for that of ``publication.yaml``; ``spooled`` is how many records wait for the tracking server.
    """

    data: Path
    bundles: Path
    root: Path
    cache: Path
    known_on: date
    released: date
    today: date
    overrides: Mapping[str, str] = field(default_factory=dict)
    force_date: bool = False
    again: bool = False
    deadline: float | None = None
    spooled: float = 0.0


@dataclass(frozen=True)
class Published:
    """The folder of the edition that now is the latest, whether this run made it, and what its owner must know."""

    folder: Path
    new: bool
    reasons: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit code: 0, or 3 when there is a reason."""
        return 3 if self.reasons else 0


def publish(
    settings: Settings,
    render: Render,
    deliver: Deliver,
    progress: Progress = silent,
) -> Published:
    """Publish an edition; unchanged inputs change nothing.

    Raises :class:`HeldBack` when gates or the clock hold it back, :class:`~forecasting.errors.OutOfTime` past the
    deadline, :class:`Locked` when another publisher is at work, and the errors of what it reads and writes; in
    all cases the last edition stays.
    """
    attempt = metrics.Attempt(spooled=settings.spooled)
    publication: Publication | None = None
    require_known(settings.overrides)
    try:
        publication = read_record(settings.data / "publication.yaml", Publication)
        done = _locked(settings, publication, render, deliver, progress, attempt)
    except Locked:
        raise
    except Exception as error:
        stopped = error
        if isinstance(error, OSError):
            stopped = in_words(error, settings.root, (settings.data, settings.bundles), (settings.root,))
        attempt.code = stopped.exit_code if isinstance(stopped, ForecastingError) else 1
        for why in metrics.measured_alone(settings.root, attempt):
            structlog.get_logger().warning("metrics", why=why)
        _hooked(publication, attempt, str(stopped))
        if stopped is error:
            raise
        raise stopped from error
    failed = _hooked(publication, attempt, "\n".join(done.reasons))
    if failed and attempt.code == 0:
        attempt.code, attempt.objections = 3, ()  # they are counted already
        failed += metrics.measured_alone(settings.root, attempt)
    return Published(done.folder, done.new, (*done.reasons, *failed))


def _locked(
    settings: Settings,
    publication: Publication,
    render: Render,
    deliver: Deliver,
    progress: Progress,
    attempt: metrics.Attempt,
) -> Published:
    release = load(settings.bundles)
    with publisher(settings.root):
        _swept(settings)
        try:
            with scratch(settings.root):
                done = _within(settings, publication, release, render, progress, attempt)
        except HeldBack as error:
            untold = _held(settings.root, error, deliver)
            if untold:
                raise HeldBack(error.message, [*error.faults, *untold]) from error
            raise
        return _afterwards(settings, done, deliver, attempt)


def _held(root: Path, error: HeldBack, deliver: Deliver) -> list[Fault]:
    """Record that an edition was held back and tell the sinks what became of those before; what failed of it."""
    failed: list[str] = []
    try:
        ledger.append(root, "held", {"why": error.message})
    except ForecastingError as broken:
        failed.append(broken.message)
    try:
        through = ledger.told_through(root)
        failed += deliver(root / through, root) if through else ()
    except ForecastingError as broken:
        failed.append(broken.message)
    except OSError as broken:
        failed.append(f"{root}: {broken.strerror or broken}")
    return [Fault("beside it", one, "mend that, then run forecast deliver") for one in failed]


def _within(
    settings: Settings,
    publication: Publication,
    release: Release,
    render: Render,
    progress: Progress,
    attempt: metrics.Attempt,
) -> Published:
    root = settings.root
    with deadline(settings.deadline or publication.job.deadline_seconds) as call_off:
        before = fingerprint(settings.data)
        store = Store.open(settings.data, settings.today)
        require_sane(store.observations.frame, store.catalogue)
        as_of = store.last_known(settings.known_on)
        inputs = packed(settings.data, release.folder)
        key = key_of(store, as_of, release)
        if fingerprint(settings.data) != before:
            raise Locked(f"{settings.data} changed while it was read; try again when that has ended")
        last = edition.latest(root)
        attempt.edition = last
        ledger.require_not_retracted(root, key)
        if last is not None and not settings.again and edition.verify(last).get("key") == key:
            attempt.states = states_of(last)
            then, now = (seen_on(last, store, as_of, day) for day in (released_on(last), settings.today))
            attempt.stale_sources = sources_late(now)
            return Published(last, new=False, reasons=tuple(untold(then, now)))
        previous, released = (None, None) if last is None else read_previous(last)
        attempt.states = {} if last is None else states_of(last)
        days = Days(settings.released, settings.today, as_of)
        longest = publication.job.longest_gap_days
        require_clock(days, previous.released if previous else None, longest, settings.force_date)
        require_space(root, last, publication.job.free_space)
        unlike = golden.refused(release, settings.cache, publication.job, progress)
        draft = make(
            store, release, as_of, settings.released, settings.cache, previous, released, settings.overrides, progress,
            unlike=unlike,
        )  # fmt: skip
        attempt.objections = draft.verdict.objections
        attempt.stale_sources = sources_late(View(draft.candidate))
        require_publishable(draft)
        past = look_back(
            root, draft, Inputs(store, release, as_of), previous, settings.cache, publication.job
        )
        draft, attempt.objections = past.draft, past.draft.verdict.objections
        id = _id(root, settings.released, key, previous.edition if previous else "")
        said = beside(root, draft)
        told = facts(
            id, settings.released, as_of, store, release, draft.candidate.table, draft.candidate.balance,
            draft.made, draft.candidate.states, said.reasons, said.notes, said.degraded,
            {**said.tables, **past.tables},
        )  # fmt: skip
        report = rendered(told, render, publication.job)
        files = {**table_files(draft.candidate.table), **report.files, **past.files, INPUTS: inputs}
        facts_ = manifest(key, report, draft, store.as_of(as_of).digest(), previous)
        degraded = (*report.facts.status_reasons, *said.weak) if report.facts.status != "normal" else ()
        try:
            folder = edition.write(root, id, files, facts_, call_off)
        except edition.AfterSwitch as error:
            folder, degraded = root / id, (*degraded, error.message)
        attempt.edition, attempt.states = folder, draft.candidate.states
        return Published(folder, new=True, reasons=degraded)


def _swept(settings: Settings) -> None:
    """Remove litter and bring the audit file and ``latest`` up to the editions that are there."""
    try:
        edition.sweep(settings.root)
        metrics.sweep(settings.root)
        paths.sweep(settings.cache)
        for done in ledger.reconcile(settings.root):
            structlog.get_logger().warning("recovered", what=done)
    except PermissionError:
        raise
    except OSError as error:
        raise CannotWrite(
            f"{settings.root}: what a killed run left cannot be put in order ({error.strerror}); "
            "free space and run again"
        ) from error


def _afterwards(settings: Settings, done: Published, deliver: Deliver, attempt: metrics.Attempt) -> Published:
    """Everything after the switch: each step is tried, and what fails is a reason."""
    reasons = list(done.reasons)
    root = settings.root
    try:
        if done.new:
            ledger.record(root, done.folder.name)
        reasons += deliver(done.folder, root)
    except ForecastingError as error:
        reasons.append(error.message)
    except OSError as error:
        reasons.append(f"{root}: {error.strerror or error}")
    attempt.code = 3 if reasons else 0
    failed = metrics.measured(root, attempt)
    attempt.code = 3 if failed else attempt.code
    return Published(done.folder, done.new, (*reasons, *failed))


def _hooked(publication: Publication | None, attempt: metrics.Attempt, why: str) -> list[str]:
    if publication is None:
        return []
    found = {
        "FORECAST_EXIT_CODE": str(attempt.code),
        "FORECAST_EDITION": attempt.edition.name if attempt.edition else "",
        "FORECAST_FOLDER": str(attempt.edition or ""),
        "FORECAST_WHY": why[:8000],
    }
    failed = hooks.run(publication.job.hooks, attempt.code, found)
    if failed:
        structlog.get_logger().warning("hook", why=failed)
    return [failed] if failed else []


def _id(root: Path, released: date, key: str, previous: str) -> str:
    """The day, and a hash of what the edition follows from; another where an edition has, or had, that name."""
    number, known = 0, ledger.ledger(root).editions
    while True:
        parts: list[Any] = [key, previous, number]
        id = f"{released.isoformat()}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:8]}"
        if id not in known and not (root / id).exists():
            return id
        number += 1
