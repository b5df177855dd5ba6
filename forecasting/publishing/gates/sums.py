"""Aggregates and years agree with what they are made of, as far as quantiles can tell.

Quantiles of a sum are not sums of quantiles. What holds on every path holds for quantiles too: a sum of parts that
are never negative is at least each part, level by level. Medians of sums lie near sums of medians; how near is a
threshold. The 80 % interval of a sum is not wider than the parts' intervals end to end, by the same threshold; far
out in heavy tails it may be, so nothing is asked there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from forecasting.frames import LEVELS, Array
from forecasting.periods import Kind, Period
from forecasting.publishing.gates.view import MIDDLE, Found, Line, View

LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)


def sums(view: View) -> Iterator[Found]:
    """Aggregates against their parts, fiscal and calendar years against their months."""
    for line in view.lines.values():
        entry = view.catalogue.series.get(line.series)
        if entry is None:
            continue
        if entry.sum_of:
            yield from _parts(view, line, entry.sum_of)
        if entry.kind is Kind.MONTH and line.kind in (Kind.FY, Kind.CY):
            yield from _years(view, line)


def _parts(view: View, line: Line, ids: tuple[str, ...]) -> Iterator[Found]:
    limit = view.limits.sums
    found = [view.lines.get((id, str(line.kind), line.scenario)) for id in ids]
    parts = [part for part in found if part is not None]
    if len(parts) < len(ids):
        return
    rows = [np.flatnonzero(np.isin(part.ordinals, line.ordinals)) for part in parts]
    if any(len(row) < len(line.ordinals) for row in rows):
        missing = next(id for id, row in zip(ids, rows, strict=True) if len(row) < len(line.ordinals))
        yield Found(limit.severity, f"by {line.kind} has periods that its part {missing} lacks", line.series)
        return
    values = [part.values[row] for part, row in zip(parts, rows, strict=True)]
    if all(
        view.catalogue.series[id].floor is not None and (view.catalogue.series[id].floor or 0) >= 0
        for id in ids
    ):
        largest = np.max(values, axis=0)
        below = np.argwhere(line.values < largest * (1 - limit.slack))
        if len(below):
            place, level = below[0]
            text = (
                f"{line.label(place)} quantile {LEVELS[level]:g}: {line.values[place, level]:g} is less than its part "
                f"with {largest[place, level]:g}"
            )
            yield Found(limit.severity, text, line.series)
    yield from _agree(view, line, line.values, np.sum(values, axis=0), limit.parts, "the sum of its parts")


def _years(view: View, line: Line) -> Iterator[Found]:
    months = view.lines.get((line.series, str(Kind.MONTH), line.scenario))
    if months is None:
        return
    past, first = view.now.of(line.series), int(months.ordinals[0])
    total = np.full(line.values.shape, np.nan)
    for place, ordinal in enumerate(line.ordinals):
        wanted = [month.ordinal for month in Period(line.kind, int(ordinal)).months()]
        ahead = np.isin(months.ordinals, wanted)
        known = past.between(wanted[0], min(wanted[-1], first - 1))
        if ahead.sum() + len(known) == len(wanted):
            total[place] = months.values[ahead].sum(axis=0) + known.sum()
    yield from _agree(view, line, line.values, total, view.limits.sums.years, "the sum of its months")


def _agree(view: View, line: Line, whole: Array, total: Array, allowed: float, what: str) -> Iterator[Found]:
    """The median within a share of the total, the 80 % interval inside the total's, widened by the same share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(total > 0, whole / total, np.nan)
    for level, bad in (
        (MIDDLE, np.abs(ratio[:, MIDDLE] - 1) > allowed),
        (LOW, ratio[:, LOW] < 1 - allowed),
        (HIGH, ratio[:, HIGH] > 1 + allowed),
    ):
        out = np.flatnonzero(bad)
        if len(out):
            text = (
                f"{line.label(int(out[0]))} quantile {LEVELS[level]:g} is {ratio[out[0], level]:.3g} times {what}; "
                f"it may differ by {allowed:.0%}"
            )
            yield Found(view.limits.sums.severity, text, line.series)
            return
