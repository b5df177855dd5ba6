"""Whole trajectories: their level, and the order in which draws of several series belong together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecasting.errors import DataError
from forecasting.frames import Array, Forecast
from forecasting.models.base import seed_of

FEWEST_PAST = 3


def levels(paths: Array) -> Array:
    """One number a path, (draws,), that says how high it runs: the mean of its logarithm, or of itself.

    >>> levels(np.array([[1.0, 4.0], [4.0, 4.0]])).round(3).tolist()
    [0.693, 1.386]
    """
    if paths.min() < 0:
        return np.asarray(paths.mean(axis=0))
    return np.asarray(np.log(np.maximum(paths, np.finfo(float).tiny)).mean(axis=0))


def schaake(forecast: Forecast, template: Array, seed: int) -> Forecast:
    """Reorder the draws of each series so that series run high and low together as past errors did.

    Source: the Schaake shuffle (Clark et al., Journal of Hydrometeorology 5, 2004), applied to the level of
    whole trajectories: rows of ``template`` (past errors, one column a series in the order of
    ``forecast.ids``) are drawn, one for each possible world, and the ranks in each column become the ranks of
    that series' paths. Rows with a gap are left out; ties are broken at random. The paths of every series are
    the same set before and after, so no quantile of a single series changes.

    >>> from forecasting.periods import Period
    >>> apart = Forecast(("a", "b"), Period.parse("FY2027"), np.arange(1.0, 13).reshape(2, 1, 6), {})
    >>> together = schaake(apart, np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [0.0, 0.0]]), seed=1)
    >>> sorted(together.of("b")[0].tolist()) == apart.of("b")[0].tolist()
    True
    """
    if template.ndim != 2 or template.shape[1] != len(forecast.ids):
        raise DataError(
            f"the template has shape {template.shape}; expected (past errors, {len(forecast.ids)})"
        )
    rows = template[np.isfinite(template).all(axis=1)]
    if len(rows) < FEWEST_PAST:
        raise DataError(f"{len(rows)} past errors common to all series; ranks need at least {FEWEST_PAST}")
    draws = forecast.paths.shape[2]
    worlds = rows[seed_of(seed, "schaake").integers(len(rows), size=draws)]
    shuffled = np.empty_like(forecast.paths)
    for s, id in enumerate(forecast.ids):
        order = np.lexsort((seed_of(seed, "schaake", id).random(draws), worlds[:, s]))
        ranks = np.empty(draws, dtype=int)
        ranks[order] = np.arange(draws)
        by_level = np.argsort(levels(forecast.paths[s]), kind="stable")
        shuffled[s] = forecast.paths[s][:, by_level[ranks]]
    return replace(forecast, paths=shuffled)
