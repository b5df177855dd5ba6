"""Bands for models that only give a point forecast: past multi-step errors, shrunk to what is usual.

Inside the training part the model forecasts from its last few origins. The errors, on the link's scale, are
pooled over origins and steps and drawn towards the table of error scales learnt from public competition
series (``benchmarks/learn_error_scales.py``): the size of a one-step error in units of the series' typical
step, and how errors grow with the step. Sources: backtest error bands after Williams & Goodman (Journal of
the American Statistical Association 66, 1971); the level of the empirical part is corrected for its finite
size, m errors count as m + 1 (Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005);
what few observations still miss is learnt by simulation (:mod:`forecasting.models.certificate`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from forecasting.frames import Array
from forecasting.models.draws import steps_of

TABLE = Path(__file__).parent / "learnt" / "error_scales.json"
SHORTEST = 6  # observations below which there is neither a step size nor an origin to go by
FEWEST_FITTED = 4  # observations an origin inside the training part leaves to the model
PRIOR_ORIGINS = 6.0  # origins the table's one-step size counts as
PRIOR_GROWTH = 4.0  # origins the table's growth with the step counts as
PRIOR_SHAPE = 20.0  # errors the normal shape counts as
NEAR = 4  # steps pooled into the one-step size
APART = 1e-3  # by up to this, which is the grid of the bank, draws of the same trajectory differ in rank
BEYOND = 0.6  # power at which widths grow after the last step of the table


@dataclass(frozen=True)
class Scales:
    """Error scales of one frequency: ``ratio`` of a one-step error to the typical step, ``growth`` with the
    step (1 at the first), and ``bank``: ranks (0 to 1) of whole error trajectories, (trajectories, steps)."""

    ratio: float
    growth: Array
    bank: Array
    trajectories: int

    @cached_property
    def places(self) -> npt.NDArray[np.intp]:
        """How many trajectories of the bank are below each one at each step, (steps, trajectories)."""
        return np.argsort(np.argsort(self.bank.T, axis=1), axis=1)

    def at(self, steps: int) -> Array:
        """Growth for any number of steps; beyond the table as its last times a power of the step."""
        reach = len(self.growth)
        if steps <= reach:
            return self.growth[:steps]
        inside = self.growth[np.minimum(np.arange(steps), reach - 1)]
        return np.asarray(inside * np.maximum(np.arange(1, steps + 1) / reach, 1.0) ** BEYOND)


@lru_cache(maxsize=3)
def scales(season: int) -> Scales:
    """The table for a season: yearly without one, quarterly up to 6, monthly beyond.

    >>> float(scales(1).growth[0]), bool((np.diff(scales(12).growth) >= 0).all())
    (1.0, True)
    """
    name = "yearly" if season < 2 else "quarterly" if season < 7 else "monthly"
    row = json.loads(TABLE.read_text())["frequencies"][name]
    bank = (np.array(row["bank"], dtype=float) + 0.5) / 1000
    return Scales(float(row["ratio"]), np.array(row["growth"]), bank, int(row["trajectories"]))


def typical_step(z: Array, season: int) -> float:
    """Root mean square change from one observation to the next, the mean of each phase of the season out.

    >>> typical_step(np.array([0.0, 1.0, 0.0, 1.0]), 1)
    1.0
    """
    change, spans = steps_of(z)
    if season < 2 or len(change) < 2 * season or (spans > 1).any():
        return float(np.sqrt(np.mean(change**2 / spans)))
    phases = np.arange(len(change)) % season
    means = np.bincount(phases, change) / np.bincount(phases)
    rest = change - (means - means.mean())[phases]
    return float(np.sqrt(np.sum(rest**2) / (len(rest) - season + 1)))


def cuts(observed: int, season: int, most: int) -> list[int]:
    """How many last observations each origin hides, the nearest first: every one, or spread over two years.

    >>> cuts(6, 1, 6), cuts(60, 12, 4)
    ([1, 2], [1, 6, 12, 18])
    """
    room = observed - max(FEWEST_FITTED, 2 * season + 1 if observed > 3 * season else FEWEST_FITTED)
    stride = max(min(room // max(most, 1), season // 2), 1)
    hidden = [max(i * stride, 1) for i in range(most)] if stride > 1 else list(range(1, most + 1))
    return [one for one in hidden if one <= room]


def widths(errors: Array, step: Array, table: Scales, steps: int) -> Array:
    """Error scale at each step, (..., steps), from errors (..., origins, horizon) with NaN where unknown.

    ``step`` (...) is the typical step. The table counts as a few origins, each known error as one; errors of
    later steps overlap, so an error at step j counts 1 / j.
    """
    growth = table.at(max(steps, errors.shape[-1]))
    known = np.isfinite(errors)
    squares = np.where(known, errors, 0.0) ** 2
    horizon = np.arange(1, errors.shape[-1] + 1)
    near = (horizon <= NEAR) / horizon
    weight = (known * near).sum(axis=(-2, -1))
    total = (squares * near / growth[: len(horizon)] ** 2).sum(axis=(-2, -1))
    usual = (table.ratio * step) ** 2
    one = (PRIOR_ORIGINS * usual + total) / (PRIOR_ORIGINS + weight)
    out = one[..., None] * growth[:steps] ** 2
    count = min(steps, len(horizon))
    own = known.sum(axis=-2)[..., :count] / horizon[:count]
    pooled = squares.sum(axis=-2)[..., :count] / horizon[:count]
    out[..., :count] = (PRIOR_GROWTH * out[..., :count] + pooled) / (PRIOR_GROWTH + own)
    return np.asarray(np.sqrt(np.maximum.accumulate(out, axis=-1)))


def profile(scores: Array, levels: Array) -> Array:
    """Quantiles of the size of a standardised error at some levels, from ``scores`` (own ones) and the normal.

    With m scores the empirical quantile is taken at level × (m + 1) / m; where that passes 1 the normal's
    tail goes on from the largest score.

    >>> profile(np.array([]), np.array([0.95])).round(2).tolist()
    [1.96]
    """
    normal = _normal(levels.tobytes())
    m = len(scores)
    if m == 0:
        return normal
    ordered = np.sort(np.abs(scores))
    raised = levels * (m + 1) / m
    own = np.interp(np.minimum(raised, 1.0), np.arange(1, m + 1) / m, ordered)
    edge = NormalDist().inv_cdf((1 + m / (m + 1)) / 2)
    own = np.where(raised > 1, ordered[-1] * normal / edge, own)
    return np.asarray((m * own + PRIOR_SHAPE * normal) / (m + PRIOR_SHAPE))


@lru_cache(maxsize=8)
def _normal(levels: bytes) -> Array:
    """Quantiles of the size of a standard normal."""
    return np.array([NormalDist().inv_cdf((1 + p) / 2) for p in np.frombuffer(levels).tolist()])


def trajectories(
    errors: Array, width: Array, table: Scales, steps: int, paths: int, rng: np.random.Generator
) -> Array:
    """Joint error trajectories (steps, paths) of given widths.

    Which draws run high together over the steps follows whole error trajectories: the table's and, beside
    them, the model's own that reach the horizon. The sizes follow ``width`` and :func:`profile`.
    """
    own = _own(errors, width, steps)
    known = len(table.bank) + len(own)
    turns = -(-paths // known)
    rows = rng.permuted(np.tile(np.arange(known), (turns, 1)), axis=1).ravel()[:paths]
    apart = rng.uniform(0, APART, paths)
    even = (np.arange(paths) + 0.5) / paths
    first = errors[:, 0][np.isfinite(errors[:, 0])]
    size = profile(first / width[0], np.abs(2 * even - 1))
    values = np.sign(even - 0.5) * size
    columns = np.minimum(np.arange(steps), table.bank.shape[1] - 1)
    if not len(own) and paths == turns * known:
        # Every trajectory has as many draws, which are neighbours at each step: no step needs sorting.
        place = np.empty(paths, dtype=int)
        place[np.argsort(rows + apart)] = np.arange(paths)
        ranked = values.reshape(known, turns).take(table.places[columns], axis=0).reshape(steps, paths)
        drawn: Array = ranked.take(place, axis=1)
    else:
        bank = np.vstack([table.bank[:, columns], own])
        drawn = np.empty((steps, paths))
        np.put_along_axis(drawn, np.argsort(bank[rows].T + apart, axis=1), values[None], axis=1)
    drawn *= width[:, None]
    return drawn


def _own(errors: Array, width: Array, steps: int) -> Array:
    """Ranks (0 to 1) of the model's own whole error trajectories and of their mirror images, (twice as many, steps)."""
    whole = errors[:, :steps]
    whole = whole[np.isfinite(whole).all(axis=1)] if whole.shape[1] == steps else whole[:0]
    if not len(whole):
        return np.empty((0, steps))
    ranks = np.array([[NormalDist().cdf(u) for u in row / width] for row in whole])
    return np.vstack([ranks, 1 - ranks])
