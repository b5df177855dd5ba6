"""Adoption of a new technology in a known market: drift on the log-odds of the share.

Asked for by giving a ceiling (the market). A short history says next to nothing about the growth to come,
so the drift of the log-odds is a prior: fast while the share is small, slow once it is not, as the world's
electric cars, buses, vans and two- and three-wheelers showed to 2019 (IEA Global EV Outlook: median 0.86 a
year below 0.1 % of sales, 0.37 to 0.5 %, 0.34 to 2 %, 0.14 to 5 %). The curve is a logistic one whose speed
falls as it climbs, in the spirit of Bass (1969) and Fisher & Pry (1971).
"""

from __future__ import annotations

import numpy as np

from forecasting.models.auto.prepare import Array, Prepared

SPEED = 0.85  # drift of the log-odds per year at a vanishing share
HALF = 0.05  # share at which the drift has halved
TRUST = 0.10  # share at which the bank weighs as much as the curve
RECENT = 6  # months, or half a year, whose level the curve starts from
MIDDLE = 0.6  # quantile of them: disturbances (lockdowns, subsidy gaps) mostly pull down
SPEED_ERROR = 0.5  # standard deviation of the drift, as a share of it
WANDER = 0.4  # standard deviation of a year's random walk of the log-odds
NOISE = 1.0  # of the one-period error scale, not persisting
CLOSEST = 0.97  # share of the market that is never passed


def _odds(share: Array) -> Array:
    out: Array = np.log(share / (1.0 - share))
    return out


def _share(odds: Array) -> Array:
    out: Array = 1.0 / (1.0 + np.exp(-np.clip(odds, -40.0, 40.0)))
    return out


def applies(p: Prepared, upper: float) -> bool:
    """A ceiling above the series, a series that never was negative, and growth of over a tenth a year."""
    if p.kind == "identity" or not upper * 0.98 > float(np.nanmax(p.y)) * p.unit:
        return False
    third = max(1, len(p.z) // 3)
    years = (len(p.z) - third) / max(p.season, 1)
    return bool((np.mean(p.z[-third:]) - np.mean(p.z[:third])) / years > 0.1)


def curve(p: Prepared, horizon: int, upper: float) -> tuple[Array, Array, Array, float]:
    """The adoption curve: log-odds, seasonal figure ahead, drift per year at each step, present share."""
    per_year = max(p.season, 1)
    past, ahead = p.phases(horizon, recent=True)
    share = np.clip(p.back(p.z - past) * p.unit / upper, 1e-9, CLOSEST)
    window = max(1, min(len(share), RECENT * per_year // 12 if per_year > 1 else 1))
    now = float(np.median(share[-window:]))
    speed = SPEED / (1.0 + now / HALF)
    odds = float(np.quantile(_odds(share[-window:]) + speed * np.arange(window)[::-1] / per_year, MIDDLE))
    out, drift = np.empty(horizon), np.empty(horizon)
    for step in range(horizon):
        drift[step] = SPEED / (1.0 + float(_share(np.array(odds))) / HALF)
        odds += drift[step] / per_year
        out[step] = odds
    return out, ahead, drift, now


def adopt(
    p: Prepared, point: Array, drawn: Array, upper: float, sigma: float, rng: np.random.Generator
) -> tuple[Array, Array, float]:
    """Point forecast and joint paths in the units of ``p.y``, and the weight of the curve.

    ``point`` and ``drawn`` (horizon x paths) are the bank's. The bands of curve and bank are mixed as the
    points are: the more a market is filled, the less the band rests on assumptions. A draw may pass ``upper``, an
    average, in a strong month; ceilings of single periods are the caller's to hold.
    """
    horizon, paths, per_year = len(point), int(drawn.shape[1]), max(p.season, 1)
    odds, ahead, drift, now = curve(p, horizon, upper)
    weight = 1.0 / (1.0 + now / TRUST)
    ceiling = upper / p.unit
    curved = np.clip(p.back(p.forward(_share(odds) * ceiling) + ahead), 1e-9, CLOSEST * ceiling)
    speed = np.cumsum(drift)[:, None] / per_year * SPEED_ERROR * rng.standard_normal(paths)[None]
    walk = np.cumsum(rng.standard_normal((horizon, paths)), axis=0) * WANDER / np.sqrt(per_year)
    noise = (
        NOISE
        * sigma
        * (rng.standard_normal((horizon, paths)) + rng.standard_normal(paths)[None])
        / np.sqrt(2)
    )
    adopted = _share(_odds(curved / ceiling)[:, None] + speed + walk + noise) * ceiling
    middle = np.minimum(_between(curved, point, weight), CLOSEST * ceiling)
    return middle, _joined(adopted, drawn, weight), weight


def _between(curved: Array, bank: Array, weight: float) -> Array:
    """The geometric mean with the weight of the curve."""
    out: Array = np.exp(
        weight * np.log(np.maximum(curved, 1e-9)) + (1 - weight) * np.log(np.maximum(bank, 1e-9))
    )
    return out


def _joined(adopted: Array, drawn: Array, weight: float) -> Array:
    """Quantile by quantile the mean of both, in the order of whole paths joined rank by rank."""
    first, second = (x[:, np.argsort(np.log(np.maximum(x, 1e-9)).mean(axis=0))] for x in (adopted, drawn))
    order = np.argsort(np.argsort(_between(first, second, weight), axis=1), axis=1)
    marginal: Array = _between(np.sort(adopted, axis=1), np.sort(drawn, axis=1), weight)
    out: Array = np.take_along_axis(marginal, order, axis=1)
    return out
