"""Scores of a forecast against what happened; each takes ``(actual, quantiles, history)``.

``actual`` has shape (steps,) with NaN where nothing was observed, ``quantiles`` (steps, levels) on
:data:`GRID`, ``history`` is the observed past that sets the scale. Definitions follow the M4 competitor's
guide (MASE) and Gneiting & Raftery (2007), doi 10.1198/016214506000001437 (CRPS as the integral of the
quantile loss).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecasting.frames import Array

GRID: Array = np.round(np.arange(1, 200) / 200, 3)

Metric = Callable[[Array, Array, Array], Array]


def scale(history: Array, season: int) -> float:
    """Mean absolute seasonal difference of the past, the denominator of MASE and scaled CRPS.

    Falls back from seasonal to first differences when less than a year and a step is known; NaN when the past
    is constant or a single point, because a score in units of nothing says nothing.

    >>> scale(np.array([1.0, 2.0, 4.0]), 1)
    1.5
    """
    lag = season if np.isfinite(history).sum() > season else 1
    steps = np.abs(history[lag:] - history[:-lag])
    steps = steps[np.isfinite(steps)]
    mean = float(steps.mean()) if len(steps) else 0.0
    return mean if mean > 0 else float("nan")


def level(quantiles: Array, at: float) -> Array:
    """The quantile at one level of the grid."""
    return np.asarray(quantiles[:, int(np.argmin(np.abs(GRID - at)))])


def absolute_error(actual: Array, quantiles: Array, history: Array) -> Array:
    """Distance of the median from what happened, in the unit of the series."""
    del history
    return np.abs(actual - level(quantiles, 0.5))


def crps(actual: Array, quantiles: Array, history: Array) -> Array:
    """Continuous ranked probability score: twice the mean quantile loss over the grid.

    >>> round(float(crps(np.array([3.0]), np.full((1, len(GRID)), 1.0), np.array([]))[0]), 6)
    2.0
    """
    del history
    return interval_score(actual, quantiles, GRID)


def interval_score(actual: Array, quantiles: Array, levels: Array) -> Array:
    """Weighted interval score: twice the mean quantile loss over the levels, which tends to the CRPS as they fill up.

    ``actual`` has shape (steps,), ``quantiles`` (steps, levels). With a median and symmetric pairs of levels it is the
    score of Bracher et al. (2021), doi 10.1371/journal.pcbi.1008618, with weights alpha/2; of a single number it is the
    absolute error.

    >>> interval_score(np.array([3.0]), np.array([[0.0, 1.0, 2.0]]), np.array([0.25, 0.5, 0.75])).tolist()
    [1.6666666666666667]
    """
    error = actual[:, None] - quantiles
    return np.asarray(2 * np.mean(np.maximum(levels * error, (levels - 1) * error), axis=1))


def total_crps(actual: Array, draws: Array) -> Array:
    """CRPS of the running total of each path, (series, steps) from (series, steps) and (series, steps, draws).

    The score of a path: a total is right only when the steps move together as they do in truth. It is the mean per
    step, so that steps of one error give that error; NaN from the first step that was not observed. The estimate
    is the one without bias for few draws (Ferro 2014, doi 10.1002/qj.2270).

    >>> total_crps(np.array([[1.0, 1.0, np.nan]]), np.full((1, 3, 4), 3.0)).tolist()
    [[2.0, 2.0, nan]]
    """
    totals = np.sort(np.cumsum(draws, axis=1), axis=2)
    happened = np.cumsum(actual, axis=1)[:, :, None]
    count = draws.shape[2]
    weights = 2 * np.arange(1, count + 1) - count - 1
    apart = (totals * weights).sum(axis=2) / (count * (count - 1))
    found = np.abs(totals - happened).mean(axis=2) - apart
    return np.asarray(found / np.arange(1, actual.shape[1] + 1))


def inside(actual: Array, quantiles: Array, nominal: float) -> Array:
    """1 where the central band of a nominal probability held what happened, else 0; NaN where unknown."""
    low, high = level(quantiles, (1 - nominal) / 2), level(quantiles, (1 + nominal) / 2)
    held = ((actual >= low) & (actual <= high)).astype(float)
    return np.where(np.isnan(actual), np.nan, held)


def _held(nominal: float) -> Metric:
    def metric(actual: Array, quantiles: Array, history: Array) -> Array:
        del history
        return inside(actual, quantiles, nominal)

    return metric


METRICS: dict[str, Metric] = {
    "absolute_error": absolute_error,
    "crps": crps,
    "in_50": _held(0.5),
    "in_80": _held(0.8),
    "in_95": _held(0.95),
}
