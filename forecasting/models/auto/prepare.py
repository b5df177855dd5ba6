"""From a raw array to what the methods need: unit scale, transformation, gaps, seasonal figure.

Everything is done for one series at a time, so no result depends on the other series of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """One series, ready for the bank.

    ``y`` is in units of the mean absolute value, ``z`` the transformed series with gaps filled for
    smoothing only, ``seen`` says where an observation stands. ``kind`` is log, shifted or identity.
    """

    unit: float
    y: Array
    z: Array
    seen: NDArray[np.bool_]
    kind: str
    shift: float
    season: int
    figure: Array  # seasonal figure on the scale of z, one value per phase of the last cycle
    recent: Array  # the same, weighting recent years
    strength: float  # share of the figure that survived shrinkage, 0 to 1

    def forward(self, x: Array) -> Array:
        """To the transformed scale."""
        if self.kind == "identity":
            return x
        floor = self.shift if self.shift > 0 else 1e-9
        return np.log(np.maximum(x + self.shift, 0.02 * floor if self.shift > 0 else floor))

    def back(self, z: Array) -> Array:
        """From the transformed scale, never below the floor of the transformation."""
        if self.kind == "identity":
            return z
        return np.maximum(np.exp(np.clip(z, -60.0, 60.0)) - self.shift, 0.0)

    def phases(self, horizon: int, recent: bool) -> tuple[Array, Array]:
        """The seasonal figure over the sample and over the horizon."""
        n = len(self.y)
        if self.season < 2:
            return np.zeros(n), np.zeros(horizon)
        figure = self.recent if recent else self.figure
        full = figure[np.arange(n + horizon) % self.season]
        return full[:n], full[n:]


def fill(y: Array, season: int) -> Array:
    """Gaps filled by the seasonal neighbours' mean level (for smoothing only, never as observations)."""
    out = y.copy()
    bad = np.isnan(out)
    if not bad.any():
        return out
    t = np.arange(len(y), dtype=float)
    line = np.interp(t, t[~bad], out[~bad])
    if season > 1 and (~bad).sum() > 2 * season:
        rest = np.where(bad, np.nan, out - line_smooth(line, season))
        for phase in range(season):
            at = np.arange(phase, len(y), season)
            known = rest[at][~np.isnan(rest[at])]
            if len(known):
                hole = at[bad[at]]
                out[hole] = line_smooth(line, season)[hole] + float(np.mean(known))
        return np.where(np.isnan(out), line, out)
    return np.where(bad, line, out)


def line_smooth(z: Array, season: int) -> Array:
    """Centred 2 x m moving average, its ends continued with the nearest year's mean slope."""
    n = len(z)
    half = season // 2
    kernel = np.ones(season + 1 if season % 2 == 0 else season)
    if season % 2 == 0:
        kernel[[0, -1]] = 0.5
    kernel /= kernel.sum()
    middle = np.convolve(z, kernel, mode="valid")
    out = np.empty(n)
    out[half : half + len(middle)] = middle
    if len(middle) == 0:
        return np.full(n, float(np.mean(z)))
    reach = min(season, len(middle) - 1)
    first = (middle[reach] - middle[0]) / reach if reach else 0.0
    last = (middle[-1] - middle[-1 - reach]) / reach if reach else 0.0
    out[:half] = middle[0] - 0.5 * first * np.arange(half, 0, -1)
    tail = n - half - len(middle)
    out[half + len(middle) :] = middle[-1] + 0.5 * last * np.arange(1, tail + 1)
    return out


def seasonal_figure(z: Array, seen: NDArray[np.bool_], season: int, decay: float) -> tuple[Array, float]:
    """Additive seasonal figure, recent years weighted by ``decay``, shrunk toward none.

    James-Stein shrinkage as in Miller & Williams (2003), "Shrinkage estimators of time series
    seasonal factors", International Journal of Forecasting 19.
    """
    n = len(z)
    if season < 2 or seen.sum() < 2 * season:
        return np.zeros(max(season, 1)), 0.0
    rest = z - line_smooth(z, season)
    age = (n - 1 - np.arange(n)) // season
    weight = np.where(seen, decay**age, 0.0)
    half = season // 2
    weight[:half] *= 0.25  # the ends of the trend are extrapolated
    weight[n - half :] *= 0.5
    figure, effective = np.zeros(season), np.ones(season)
    for phase in range(season):
        at = np.arange(phase, n, season)
        w = weight[at]
        if w.sum() <= 0:
            continue
        centre = float(np.sum(w * rest[at]) / w.sum())
        spread = float(np.median(np.abs(rest[at][w > 0] - centre))) * 1.4826 + 1e-12
        w = w / np.maximum(1.0, np.abs(rest[at] - centre) / (2.5 * spread))
        figure[phase] = float(np.sum(w * rest[at]) / w.sum())
        effective[phase] = float(w.sum() ** 2 / np.sum(w**2))
    figure -= figure.mean()
    error = (rest - figure[np.arange(n) % season])[seen]
    noise = float(np.var(error)) / float(np.mean(effective)) * (season / max(season - 1, 1))
    energy = float(np.sum(figure**2))
    kept = max(0.0, 1.0 - max(season - 3, 1) * noise / energy) if energy > 1e-24 else 0.0
    return figure * kept, kept


def prepare(raw: Array, season: int) -> Prepared:
    """Scale, transform, fill gaps and find the seasonal figure."""
    unit = float(np.nanmean(np.abs(raw)))
    unit = unit if unit > 0 and np.isfinite(unit) else 1.0
    y = raw / unit
    seen = ~np.isnan(y)
    low = float(np.nanmin(y))
    if low > 0:
        kind, shift = "log", 0.0
    elif low >= 0:
        kind, shift = "shifted", 0.3
    else:
        kind, shift = "identity", 0.0
    z = y if kind == "identity" else np.log(y + shift)
    z = fill(z, season)
    figure, strength = seasonal_figure(z, seen, season, 1.0)
    recent, _ = seasonal_figure(z, seen, season, 0.75)
    return Prepared(unit, y, z, seen, kind, shift, season, figure, recent, strength)
