"""Checks of a series against itself: unit slips, jumps, rivals that disagree, repetition, copied stretches."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import numpy as np

from forecasting.data.carried import NOTE
from forecasting.data.findings import Book, Finding, Point
from forecasting.data.neighbours import expected, log10
from forecasting.periods import Kind, Period

SLIPS = {1: "10", 2: "100", 3: "1,000", 5: "1 lakh (100,000)", 7: "1 crore (10,000,000)"}
NEAR_SLIP = 0.35  # powers of ten from a whole one that still read as a slip
LEAST_JUMP = 0.55  # powers of ten: a factor of 3.5
SPREADS = 4.0  # usual changes that a jump must exceed
SHOCK = 2.5  # powers of ten that even a lockdown does not exceed
SHORT_EVENT = 3  # months
RIVAL_FACTOR = 1.5
RIVALS_FROM = 30.0  # smaller figures disagree by rounding
SMALL = 200.0  # counts below this jump by chance
COPIED = {Kind.MONTH: 5, Kind.QUARTER: 5, Kind.FY: 4, Kind.CY: 4}
LONGEST_GAP = {Kind.MONTH: 60, Kind.QUARTER: 20, Kind.FY: 12, Kind.CY: 12}


def slips(book: Book) -> Iterator[Finding]:
    """Figures off their neighbours by a factor near 10, 100, 1,000, a lakh or a crore, or by any other jump.

    The months of a registered event that lasts at most a quarter may jump.
    """
    for id, points in book.points.items():
        entry = book.catalogue.series[id]
        mine = [log10(point.value, entry.unit) for point in points]
        at: dict[int, list[float]] = {}
        for point, power in zip(points, mine, strict=True):
            at.setdefault(point.ordinal, []).append(power)
        levels = {ordinal: median(powers) for ordinal, powers in at.items()}
        usual = {ordinal: expected(levels, Period(entry.kind, ordinal)) for ordinal in levels}
        for point, power in zip(points, mine, strict=True):
            around = usual[point.ordinal]
            if around is None or (entry.unit == "vehicles" and max(point.value, 10**around.log10) < SMALL):
                continue
            off = power - around.log10
            if abs(off) <= max(LEAST_JUMP, SPREADS * around.spread):
                continue
            if abs(off) < SHOCK and _in_short_event(book, id, point.period):
                continue
            yield _slip(point, off, around.log10)


def _in_short_event(book: Book, id: str, label: str) -> bool:
    if book.catalogue.series[id].kind is not Kind.MONTH:
        return False
    months = {month.ordinal for month in Period.parse(label).months()}
    for event in book.catalogue.touching(id).values():
        if event.end is None or event.direction == "none":
            continue
        first, last = Period.parse(event.start).ordinal, Period.parse(event.end).ordinal
        if last - first < SHORT_EVENT and months & set(range(first, last + 1)):
            return True
    return False


def _slip(point: Point, off: float, level: float) -> Finding:
    id, period, source, value = point.series, point.period, point.source, point.value
    if value == 0:
        found = f"0 where its neighbours lead to about {10**level:,.3g}"
        do = "leave the row out if the figure is unknown, or accept it with a reason"
        return Finding("zero", id, period, source, found, do)
    whole = min(SLIPS, key=lambda p: abs(abs(off) - p))
    said = f"{value:,.6g} where its neighbours lead to about {10**level:,.3g}"
    if np.isfinite(off) and abs(abs(off) - whole) <= NEAR_SLIP:
        way = "high" if off > 0 else "low"
        found = f"{said}: about {SLIPS[whole]} times too {way}, as when a unit slips"
        return Finding(
            "slip", id, period, source, found, "check the unit in the source, or accept it with a reason"
        )
    found = f"{said}: a jump no neighbour shares"
    return Finding("jump", id, period, source, found, "check the source, or accept it with a reason")


def rivals(book: Book) -> Iterator[Finding]:
    """Sources that disagree about one period of one series by more than half."""
    for id, points in book.points.items():
        at: dict[int, dict[str, Point]] = {}
        for point in points:
            at.setdefault(point.ordinal, {})[point.source] = point
        for same in at.values():
            values = [point.value for point in same.values() if point.value > 0]
            if len(same) < 2 or not values or max(values) < RIVALS_FROM:
                continue
            ratio = max(values) / min(values) if len(values) == len(same) else float("inf")
            if ratio > RIVAL_FACTOR:
                middle = median(values)
                worst = max(same.values(), key=lambda p, m=middle: abs(np.log(max(p.value, 1e-9) / m)))  # type: ignore[misc]
                lowest = min(point.value for point in same.values())
                said = f"{lowest:,.6g} to {max(values):,.6g}: a factor of {ratio:.1f}"
                found = f"its {len(same)} sources print {said}"
                do = "say which is wrong in corrections.yaml, or accept it with a reason"
                yield Finding("rivals", id, worst.period, worst.source, found, do)


def flat(book: Book) -> Iterator[Finding]:
    """Figures repeated identically for years that the file presents as measured."""
    for id, points in book.points.items():
        stretches: dict[tuple[str, float], list[str]] = {}
        for point in points:
            if point.note.startswith(NOTE):
                stretches.setdefault((point.source, point.value), []).append(point.period)
        for (source, value), labels in stretches.items():
            found = f"{value:,.6g} repeated to {labels[-1]} as if measured each time"
            do = "give it the status carried_forward, or accept it with a reason; models do not fit it either way"
            yield Finding("flat", id, labels[0], source, found, do)


def copies(book: Book) -> Iterator[Finding]:
    """Stretches of figures that stand twice, in another place of their series or in another series."""
    seen: dict[tuple[str, tuple[float, ...]], tuple[str, int, str]] = {}
    for id in book.points:
        entry = book.catalogue.series[id]
        length = COPIED[entry.kind]
        for source, points in book.by_source(id).items():
            told: set[str] = set()
            for start, point in points.items():
                window = tuple(points[start + i].value for i in range(length) if start + i in points)
                if len(window) < length or len(set(window)) < length - 1:
                    continue
                if entry.unit == "vehicles" and max(window) < SMALL:
                    continue
                other, there, label = seen.setdefault((entry.unit, window), (id, start, point.period))
                same_fact = label == point.period and (other == id or _related(id, other))
                if not same_fact and other not in told and not (other == id and there == start):
                    told.add(other)
                    found = f"{length} figures in a row are those of {other} from {label} on"
                    do = "check that a block was not pasted twice"
                    yield Finding("copy", id, point.period, source, found, do, (id, other))


def _related(a: str, b: str) -> bool:
    """Whether two series may print the same figures: one is the other's total, rival or part of the name."""
    return a.startswith(b) or b.startswith(a)


def isolated(book: Book) -> Iterator[Finding]:
    """Periods far away from every other of their series, as when a year is mistyped."""
    for id, points in book.points.items():
        ordinals = np.array(sorted({point.ordinal for point in points}))
        if len(ordinals) < 3:
            continue
        gaps = np.diff(ordinals)
        nearest = np.minimum(np.concatenate([[np.inf], gaps]), np.concatenate([gaps, [np.inf]]))
        alone = set(ordinals[nearest > LONGEST_GAP[book.catalogue.series[id].kind]].tolist())
        for point in points:
            if point.ordinal in alone:
                found = "the next known period is years away"
                yield Finding(
                    "isolated", id, point.period, point.source, found, "check the year in the source"
                )


def twice(book: Book) -> Iterator[Finding]:
    """A vintage that repeats the one before it: nothing was revised, so there is nothing to store."""
    for id, points in book.points.items():
        last: dict[tuple[str, str], float] = {}
        for point in sorted(points, key=lambda one: one.known):
            key = (point.period, point.source)
            if last.get(key) == point.value:
                found = f"{point.value:,.6g} was already stored from this source"
                yield Finding(
                    "twice", id, point.period, point.source, found, f"remove the row of {point.known}"
                )
            last[key] = point.value
