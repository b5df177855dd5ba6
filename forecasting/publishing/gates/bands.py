"""Bands that move and widen as uncertainty does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from forecasting.frames import Array
from forecasting.publishing.gates.view import MIDDLE, Found, Line, View, shared


def longest(still: Array) -> tuple[int, int]:
    """The longest run of true steps, as the number of periods it joins and the place of the first.

    >>> longest(np.array([False, True, True, False]))
    (3, 1)
    """
    best, begin, run = (1, 0), 0, 0
    for place, same in enumerate(still):
        run = run + 1 if same else 0
        begin = place if run == 1 else begin
        if run + 1 > best[0]:
            best = (run + 1, begin)
    return best


def flat(view: View) -> Iterator[Found]:
    """No band stands still for a run of periods; a median that does is worth a look.

    A series whose last figures stand still as well may do so.
    """
    limit = view.limits.flat
    for line in view.own:
        past = view.now.of(line.series).values[-limit.run :]
        if len(past) == limit.run and np.ptp(past) == 0:
            continue
        moves = np.diff(line.values, axis=0) != 0
        for still, severity, what in (
            (~moves.any(axis=1), limit.severity, "no quantile moves"),
            (~moves[:, MIDDLE], "warn", "the median does not move"),
        ):
            run, first = longest(still)
            if run >= limit.run:
                text = f"{what} for {run} periods from {line.label(first)}; {limit.run} are too many"
                yield Found(severity, text, line.series)
                break


def width(view: View) -> Iterator[Found]:
    """The 95 % interval is not a line, does not close with the horizon, nor against the previous edition's."""
    limit = view.limits.width
    for line in view.own:
        share = np.divide(
            line.width, line.median, out=np.full(len(line.width), np.inf), where=line.median > 0
        )
        thin = np.flatnonzero(share < limit.narrowest)
        if len(thin):
            place = thin[0]
            text = (
                f"the 95 % interval of {line.label(place)} is {share[place]:.2%} of its median; "
                f"the least is {limit.narrowest:.2%}"
            )
            yield Found(limit.severity, text, line.series)
        yield from _closing(view, line)
    for key, line in view.lines.items():
        before = view.earlier.get(key)
        if before is None or view.news(line.series):
            continue
        mine, theirs = shared(line, before)
        then = before.width[theirs].sum()
        if then > 0 and line.width[mine].sum() < limit.collapse * then:
            ratio = line.width[mine].sum() / then
            text = (
                f"by {line.kind} the 95 % intervals are {ratio:.2f} of the previous edition's without new data; "
                f"the limit is {limit.collapse:g}"
            )
            yield Found(limit.severity, text, line.series)


def _closing(view: View, line: Line) -> Iterator[Found]:
    """The first year whose interval is much narrower than the widest before it, in units and relative to the median."""
    limit = view.limits.width
    widths, medians = line.years(line.width), line.years(line.median)
    if len(widths) < 2:
        return
    relative = np.divide(widths, medians, out=np.zeros(len(widths)), where=medians > 0)
    kept = np.ones(len(widths) - 1) * -np.inf
    for numbers in (widths, relative):
        widest = np.maximum.accumulate(numbers)[:-1]
        kept = np.maximum(kept, np.divide(numbers[1:], widest, out=np.ones(len(widest)), where=widest > 0))
    for bound, severity, name in (
        (limit.collapse, limit.severity, "collapse"),
        (limit.shrink, "warn", "shrink"),
    ):
        small = np.flatnonzero(kept < bound)
        if len(small):
            place = int(small[0]) + 1
            label = line.label(place * line.kind.per_year)
            text = (
                f"the 95 % interval of the year from {label} is {kept[place - 1]:.2f} of the widest before; "
                f"{name} is {bound:g}"
            )
            yield Found(severity, text, line.series)
            return
