"""Hard limits: the ceiling of a quantity, and the market it is part of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from forecasting.frames import LEVELS
from forecasting.publishing.gates.view import Found, View, shared


def ceiling(view: View) -> Iterator[Found]:
    """No value above the hard ceiling of the catalogue, no quantile of a part above the same of its market.

    A part is below its market on every path, so each of its quantiles is below the market's of the same level.
    """
    limit = view.limits.ceiling
    for (series, kind, scenario), line in view.lines.items():
        entry = view.catalogue.series.get(series)
        if entry is None:
            continue
        if entry.ceiling is not None:
            above = np.argwhere(line.values > entry.ceiling * (1 + limit.slack))
            if len(above):
                place, level = above[0]
                found = f"{line.label(place)} quantile {LEVELS[level]:g}: {line.values[place, level]:g}"
                yield Found(limit.severity, f"{found} is above the ceiling of {entry.ceiling:g}", series)
        market = view.lines.get((entry.within, kind, scenario)) if entry.within else None
        if market is None:
            continue
        mine, theirs = shared(line, market)
        part, whole = line.values[mine], market.values[theirs]
        above = np.argwhere(part > whole * (1 + limit.slack))
        if len(above):
            place, level = above[0]
            found = f"{line.label(mine[place])} quantile {LEVELS[level]:g}: {part[place, level]:g}"
            yield Found(
                limit.severity,
                f"{found} is above its market {entry.within} with {whole[place, level]:g}",
                series,
            )
