"""Sanity checks over a whole data folder: one dict of checks, one register of accepted findings.

Each check takes a :class:`~forecasting.data.findings.Book` and gives findings. A finding that
``accepted.yaml`` or ``corrections.yaml`` explains is accepted; every other one breaks the data contract. An entry of
``accepted.yaml`` that explains nothing is itself a fault, so the register never outlives its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from forecasting.catalogue import Accepted, Catalogue
from forecasting.data import shapes, sums
from forecasting.data.findings import Book, Finding
from forecasting.errors import DataError, Fault, nearest

Check = Callable[[Book], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "slip": shapes.slips,
    "rivals": shapes.rivals,
    "flat": shapes.flat,
    "copy": shapes.copies,
    "isolated": shapes.isolated,
    "twice": shapes.twice,
    "total": sums.totals,
    "parts": sums.parts,
    "market": sums.markets,
    "price": sums.prices,
    "dates": sums.dates,
}
LINKS = 2  # a quantity is worth a total, a total is the sum of its parts
NAMES = (*CHECKS, "jump", "zero")


@dataclass(frozen=True)
class Verdict:
    """What the checks found: what stays open, what was accepted, and entries that accept nothing."""

    open: tuple[Finding, ...]
    accepted: tuple[Finding, ...]
    idle: tuple[Accepted, ...]


def findings(frame: pd.DataFrame, catalogue: Catalogue, series: Iterable[str] | None = None) -> list[Finding]:
    """Every finding of every check, in the order of series and period.

    ``series`` limits the look to some series and those they are checked against.
    """
    if series is not None:
        frame = frame[frame["series"].isin(related(catalogue, series))]
    book = Book.of(frame, catalogue)
    found = [finding for check in CHECKS.values() for finding in check(book)]
    return sorted(set(found), key=lambda one: (one.series, one.period, one.check, one.source))


def related(catalogue: Catalogue, series: Iterable[str]) -> set[str]:
    """Some series and every series they are summed, bounded or priced with."""
    links = [
        {id, *entry.sum_of, *(other for other in (entry.within, entry.worth) if other)}
        | {id + suffix for suffix in sums.YEARS if id + suffix in catalogue.series}
        for id, entry in catalogue.series.items()
    ]
    whole = set(series)
    for _ in range(LINKS):
        whole = whole.union(*(linked for linked in links if linked & whole))
    return whole


def judge(found: Sequence[Finding], catalogue: Catalogue) -> Verdict:
    """Findings sorted into open and accepted; a figure named in ``corrections.yaml`` is accepted for its reason."""
    corrected = {(c.series, c.period, c.source) for c in catalogue.corrections}
    corrected |= {(c.series, c.period, "") for c in catalogue.corrections}
    used: set[Accepted] = set()
    open_: list[Finding] = []
    accepted: list[Finding] = []
    for finding in found:
        entries = [entry for entry in catalogue.accepted if finding.accepted_by(entry)]
        used |= set(entries)
        excused = bool(entries)
        if finding.check in ("slip", "jump", "rivals"):
            excused = excused or (finding.series, finding.period, finding.source) in corrected
        (accepted if excused else open_).append(finding)
    idle = tuple(entry for entry in catalogue.accepted if entry not in used)
    return Verdict(tuple(open_), tuple(accepted), idle)


def require_sane(frame: pd.DataFrame, catalogue: Catalogue) -> Verdict:
    """The verdict over a whole folder; :class:`DataError` with every open finding and every idle entry."""
    verdict = judge(findings(frame, catalogue), catalogue)
    path = catalogue.root / "accepted.yaml"
    faults = [finding.fault() for finding in verdict.open]
    for entry in verdict.idle:
        where = f"{path}: {entry.check} {entry.series} {entry.period}"
        if entry.check not in NAMES:
            faults.append(Fault(where, f"unknown check {entry.check!r}", nearest(entry.check, NAMES)))
        else:
            faults.append(Fault(where, "this entry accepts nothing", "the data were mended: remove it"))
    if faults:
        raise DataError(f"{catalogue.root}: {len(faults)} finding(s) of the sanity checks", faults)
    return verdict
