"""Checks of series against each other: stated totals, parts, markets, implied prices; and dates of knowledge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import numpy as np

from forecasting.data.findings import Book, Finding
from forecasting.data.neighbours import REACH
from forecasting.data.vintages import ASSUMED
from forecasting.periods import Kind, Period
from forecasting.units import factor, same_dimension

TOTAL_TOLERANCE = 0.03  # a stated total against its months, beside the size of late revisions
LATE = {"in.ev.pv": 0.06}  # late registrations of cars: 4-6 %
PARTS_TOLERANCE = 0.01
BELIEVED_TOLERANCE = 0.05
PRICE_FACTOR = 1.5
YEARS = {".fy": Kind.FY, ".cy": Kind.CY}


def year_sums(monthly: Mapping[int, float], kind: Kind) -> dict[int, float]:
    """Totals by year ordinal of the years whose twelve months are all known.

    >>> year_sums({Period.parse("2024-01").ordinal + i: 2.0 for i in range(12)}, Kind.CY)
    {2024: 24.0}
    """
    years = sorted({Period(Kind.MONTH, ordinal).to(kind) for ordinal in monthly})
    found = {}
    for year in years:
        members = [month.ordinal for month in year.months()]
        if all(ordinal in monthly for ordinal in members):
            found[year.ordinal] = float(sum(monthly[ordinal] for ordinal in members))
    return found


def totals(book: Book) -> Iterator[Finding]:
    """Stated fiscal- and calendar-year totals against the sums of their months."""
    for id in book.believed:
        for suffix, kind in YEARS.items():
            stated = book.points.get(id + suffix)
            entry = book.catalogue.series[id]
            if not stated or entry.kind is not Kind.MONTH:
                continue
            if book.catalogue.series[id + suffix].unit != entry.unit:
                continue
            sums = year_sums(book.believed[id], kind)
            allowed = max(TOTAL_TOLERANCE, LATE.get(id, 0.0))
            for point in stated:
                summed = sums.get(point.ordinal)
                if summed is None or abs(np.log(max(point.value, 1e-9) / max(summed, 1e-9))) <= allowed:
                    continue
                found = f"{point.value:,.6g}, while its twelve months add up to {summed:,.6g}"
                do = f"check the total and the months of {id}"
                yield Finding("total", id + suffix, point.period, point.source, found, do, (id + suffix, id))


def parts(book: Book) -> Iterator[Finding]:
    """Aggregates against the sum of their parts, within each source family and as believed."""
    for id in book.points:
        members = book.catalogue.series[id].sum_of
        if not members or any(member not in book.points for member in members):
            continue
        for family, total in book.by_family(id).items():
            of_parts = [book.by_family(member).get(family, {}) for member in members]
            yield from _against(book, id, members, total, of_parts, PARTS_TOLERANCE, family)
        believed = [book.believed[member] for member in members]
        yield from _against(book, id, members, book.believed[id], believed, BELIEVED_TOLERANCE, "")


def _against(
    book: Book,
    id: str,
    members: tuple[str, ...],
    total: Mapping[int, float],
    of_parts: Sequence[Mapping[int, float]],
    allowed: float,
    family: str,
) -> Iterator[Finding]:
    kind = book.catalogue.series[id].kind
    for ordinal, value in total.items():
        if not all(ordinal in part for part in of_parts):
            continue
        summed = sum(part[ordinal] for part in of_parts)
        if abs(value - summed) > allowed * max(abs(value), abs(summed)) + 1:
            label = str(Period(kind, int(ordinal)))
            said = f"{value:,.6g}, while its parts add up to {summed:,.6g}" + (
                f" in {family}" if family else ""
            )
            yield Finding("parts", id, label, "", said, f"check {', '.join(members)}", (id, *members))


def markets(book: Book) -> Iterator[Finding]:
    """Parts that exceed the market they are part of."""
    for id, points in book.points.items():
        market = book.catalogue.series[id].within
        bound = book.believed.get(market, {}) if market is not None else {}
        for point in points:
            if point.value > bound.get(point.ordinal, np.inf):
                found = f"{point.value:,.6g} is more than all of {market} ({bound[point.ordinal]:,.6g})"
                do = f"check it and {market}"
                yield Finding("market", id, point.period, point.source, found, do, (id, str(market)))


def prices(book: Book) -> Iterator[Finding]:
    """Quantities whose money value implies a price far from that of the nearest other periods."""
    for id, points in book.points.items():
        worth = book.catalogue.series[id].worth
        if worth is None or worth not in book.believed:
            continue
        money = book.believed[worth]
        kind = book.catalogue.series[id].kind
        if book.catalogue.series[worth].kind is not kind:
            money = year_sums(money, kind)
        unit = book.catalogue.series[worth].unit
        scale = factor(unit, "USD") / 1000 if same_dimension(unit, "USD") else 1.0
        implied = {
            o: money[o] * scale / v for o, v in book.believed[id].items() if money.get(o, 0.0) > 0 and v > 0
        }
        for point in points:
            near = sorted(
                (o for o in implied if 0 < abs(o - point.ordinal) <= REACH[kind]),
                key=lambda o, at=point.ordinal: abs(o - at),  # type: ignore[misc]
            )
            if money.get(point.ordinal, 0.0) <= 0 or len(near) < 2 or point.value <= 0:
                continue
            price = money[point.ordinal] * scale / point.value
            usual = median([implied[o] for o in near[:6]])
            if abs(np.log(price / usual)) > np.log(PRICE_FACTOR):
                found = (
                    f"{point.value:,.6g} implies {price:.3g} per kg, the periods around it about {usual:.3g}"
                )
                do = f"the quantity or {worth} is wrong, or accept it with a reason"
                yield Finding("price", id, point.period, point.source, found, do, (id, worth))


def dates(book: Book) -> Iterator[Finding]:
    """Days of knowledge that contradict the source: before it was published, or assumed after it was."""
    for id, points in book.points.items():
        for point in points:
            published = book.catalogue.sources[point.source].published
            assumed = ASSUMED in point.note
            if published is None:
                continue
            if point.known < published and not assumed:
                found = f"known on {point.known}, before {point.source} was published ({published})"
                do = "mend the day"
            elif point.known > published and assumed:
                found = f"assumed known on {point.known}, after {point.source} was published ({published})"
                do = "take the day of publication"
            else:
                continue
            yield Finding("dates", id, point.period, point.source, found, do)
