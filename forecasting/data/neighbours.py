"""What a figure's neighbours lead one to expect, and how far series of this kind stray from that.

The expectation comes from the other periods of the same series alone: on the logarithmic scale, the middle of
the three known periods before and the three after, or their growth carried on at an end. Everything is in
powers of ten, because that is how units slip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from forecasting.periods import Kind, Period

NEAR = 3  # known periods on each side that count as neighbours
REACH = {Kind.MONTH: 9, Kind.QUARTER: 6, Kind.FY: 5, Kind.CY: 5}  # how far away they may lie
COUNTED = ("vehicles", "units")
PSEUDO = 5.0  # added to counts, so that 2 after 8 is no jump
SLOWEST, FASTEST = -0.3, 0.3  # powers of ten a period that growth at an end may be carried on with


@dataclass(frozen=True)
class Expectation:
    """The expected power of ten of a figure and the usual size of a change between neighbours."""

    log10: float
    spread: float
    neighbours: int


def log10(value: float, unit: str) -> float:
    """The power of ten of a value; counts get :data:`PSEUDO` added, and nought is minus infinity.

    >>> log10(100.0, "t REO"), round(log10(95.0, "vehicles"), 6)
    (2.0, 2.0)
    """
    level = value + (PSEUDO if unit in COUNTED else 0.0)
    return math.log10(level) if level > 0 else -math.inf


def expected(levels: Mapping[int, float], period: Period) -> Expectation | None:
    """What the other periods of a series say about one; None when fewer than two are near.

    ``levels`` are powers of ten by period ordinal; the entry of ``period`` itself is not used.
    """
    reach = REACH[period.kind]
    here = period.ordinal
    known = [
        o
        for o in range(here - reach, here + reach + 1)
        if o != here and math.isfinite(levels.get(o, math.nan))
    ]
    before = [o for o in known if o < here][-NEAR:]
    after = [o for o in known if o > here][:NEAR]
    if len(before) + len(after) < 2:
        return None
    if before and after:
        middle = (median([levels[o] for o in before]) + median([levels[o] for o in after])) / 2
    else:
        side = before or after
        middle = _carried_on([levels[o] for o in side], side, here)
    near = [levels[o] for o in (*before, *after)]
    centre = median(near)
    steps = [abs(levels[b] - levels[a]) for a, b in pairwise(known)]
    spread = max(median(steps) if steps else 0.0, median([abs(level - centre) for level in near]))
    return Expectation(middle, spread, len(near))


def _carried_on(values: list[float], ordinals: list[int], at: int) -> float:
    """The middle of one side, moved on by its own middle growth."""
    pairs = zip(values, values[1:], ordinals, ordinals[1:], strict=False)
    growths = [(b - a) / (to - of) for a, b, of, to in pairs]
    growth = median(growths) if growths else 0.0
    return median(values) + min(max(growth, SLOWEST), FASTEST) * (at - median(ordinals))
