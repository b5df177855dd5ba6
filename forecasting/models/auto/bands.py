"""Bands: learnt widths for the series at hand, filled with the shapes of real forecast errors.

Errors are taken on the square-root scale of the series over its level, where their size changes least
between series (log and raw were tried: docs/auto.md). A small network gives a lower and an upper
width per step; standardised errors of held-out forecasts give the quantile profile; the ranks of whole
error trajectories give the dependence between steps (the Schaake shuffle, Clark et al. 2004).
"""

from __future__ import annotations

import numpy as np

from forecasting.models.auto.prepare import Array, Prepared
from forecasting.models.auto.tables import Tables

FLOOR = 1e-3


def root(p: Prepared, x: Array, level: float) -> Array:
    """To the scale of the errors."""
    return x if p.kind == "identity" else 2.0 * (np.sqrt(np.maximum(x / level, FLOOR)) - 1.0)


def unroot(p: Prepared, z: Array, level: float) -> Array:
    """From the scale of the errors; never negative for a series that never was."""
    return z if p.kind == "identity" else level * np.maximum(1.0 + 0.5 * z, 0.0) ** 2


def centre_of(p: Prepared, info: dict[str, float]) -> float:
    """The level the errors are measured against."""
    if p.kind == "identity":
        return 1.0
    return max(float(p.back(np.array([info["level_log"]]))[0]), 1e-3)


def error_scale(p: Prepared, point: Array, level: float, info: dict[str, float]) -> Array:
    """The one-step error scale carried to the size of the forecast: what widths are multiples of."""
    sigma = max(info["sigma_log"], 1e-5)
    if p.kind == "identity":
        return np.full(len(point), sigma)
    out: Array = sigma * np.sqrt(np.maximum(point / level, FLOOR))
    return out


def width_inputs(p: Prepared, row: Array, table: Array, info: dict[str, float], reach: int) -> Array:
    """Inputs of the width network, one row per step: features, the methods' disagreement, the step."""
    scale = p.forward(table) if p.kind != "identity" else table
    wide = (np.percentile(scale, 84, axis=0) - np.percentile(scale, 16, axis=0)) / 2
    wide = wide[np.minimum(np.arange(len(wide)), reach - 1)]  # the network has seen none further apart
    apart = np.clip(np.log(wide / max(info["sigma_log"], 1e-6) + 0.1), -3.0, 4.0)
    step = np.log(np.minimum(np.arange(1, table.shape[1] + 1), reach)) - np.log(reach) / 2
    return np.column_stack([np.repeat(row[None], table.shape[1], axis=0), apart, step, step**2])


def widths(tables: Tables, x: Array) -> Array:
    """Lower and upper widths (steps x 2) in error scales; beyond the learnt reach they keep growing."""
    log_width = tables.width(x).mean(axis=0)
    steps = np.arange(1, len(x) + 1)
    beyond = np.maximum(steps / tables.reach, 1.0) ** 0.6
    out: Array = np.exp(np.clip(log_width, -4.0, 6.0)) * beyond[:, None]
    return out


def between(profile: Array, lengths: Array, length: int) -> Array:
    """The profile (steps x levels) of a series' length: by its logarithm between those learnt, the nearest beyond.

    >>> between(np.array([[[1.0]], [[2.0]]]), np.array([8.0, 32.0]), 16).tolist()
    [[1.5]]
    """
    place = float(np.interp(np.log(length), np.log(lengths), np.arange(len(lengths))))
    below = min(int(place), len(lengths) - 1)
    above = min(below + 1, len(lengths) - 1)
    out: Array = profile[below] + (place - below) * (profile[above] - profile[below])
    return out


def draw(tables: Tables, length: int, horizon: int, paths: int, rng: np.random.Generator) -> Array:
    """Standardised error trajectories (horizon x paths), each profile level used evenly."""
    bank = tables.ranks
    count, reach = bank.shape
    turns = -(-paths // count)
    order = np.concatenate([rng.permutation(count) for _ in range(turns)])[:paths]
    if paths < count:
        order = rng.permutation(count)[:paths]
    at = np.minimum(np.arange(horizon), reach - 1)
    place = bank[order][:, at].T  # horizon x paths
    # spread equal ranks evenly, by the same shift along a path
    ordered = np.argsort(np.argsort(place + rng.uniform(0, 1e-4, size=paths)[None], axis=1), axis=1)
    u = (ordered + rng.uniform(0.0, 1.0, size=paths)[None]) / paths
    out = np.empty((horizon, paths))
    profile = between(tables.profile, tables.lengths, length)
    for step in range(horizon):
        out[step] = np.interp(u[step], tables.levels, profile[min(step, len(profile) - 1)])
    return out


def sample(
    p: Prepared,
    point: Array,
    row: Array,
    table: Array,
    info: dict[str, float],
    tables: Tables,
    paths: int,
    rng: np.random.Generator,
) -> Array:
    """Joint sample paths (horizon x paths) in the units of ``point``."""
    level = centre_of(p, info)
    width = widths(tables, width_inputs(p, row, table, info, tables.reach))
    width = width * error_scale(p, point, level, info)[:, None]
    z = draw(tables, int(p.seen.sum()), len(point), paths, rng)
    error = np.where(z < 0, z * width[:, :1], z * width[:, 1:])
    return unroot(p, root(p, point, level)[:, None] + error, level)
