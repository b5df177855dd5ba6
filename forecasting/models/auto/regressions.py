"""Autoregressions, the airline model, seasonal smoothing and simple rules, for one series."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from forecasting.models.auto.prepare import Array
from forecasting.models.auto.smoothing import Seen, akaike


def autoregression(d: Array, ok: Seen, horizon: int, top: int, ridge: float = 2.0) -> Array:
    """Ridge autoregressions of order 0 to ``top`` with a shrunk mean, averaged with Akaike weights."""
    n = len(d)
    scale = float(np.sqrt(np.mean(d[ok] ** 2))) + 1e-12
    x = np.where(ok, d, 0.0) / scale
    centre = float(np.mean(x[ok]))
    top = max(0, min(top, int(ok.sum()) // 4 - 1))
    rows = np.arange(top, n)
    rows = rows[ok[rows]]
    outs, sses = [], []
    for order in range(top + 1):
        path = np.concatenate([x - centre, np.zeros(horizon)])
        if order == 0:
            sses.append(float(np.sum((x[rows] - centre) ** 2)))
        else:
            lags = np.stack([path[rows - k] for k in range(1, order + 1)], axis=1)
            gram = lags.T @ lags + ridge * np.eye(order)
            coef = np.linalg.solve(gram, lags.T @ path[rows])
            sses.append(float(np.sum((path[rows] - lags @ coef) ** 2)))
            for step in range(n, n + horizon):
                path[step] = float(path[step - order : step][::-1] @ coef)
            np.clip(path[n:], -4.0, 4.0, out=path[n:])
        outs.append(path[n:] + centre)
    weight = akaike(np.array(sses), len(rows), np.arange(top + 1, dtype=np.float64) + 2.0)
    result: Array = (weight @ np.array(outs)) * scale
    return result


def ar_difference(z: Array, seen: Seen, horizon: int, lag: int, top: int) -> Array:
    """Autoregression on differences at ``lag``, summed back."""
    d = z[lag:] - z[:-lag]
    ok = seen[lag:] & seen[:-lag]
    if ok.sum() < 4:
        return np.resize(z[-lag:], horizon)
    step = autoregression(d, ok, horizon, top)
    path = np.concatenate([z, np.zeros(horizon)])
    for h in range(horizon):
        path[len(z) + h] = path[len(z) + h - lag] + step[h]
    return path[len(z) :]


@lru_cache(maxsize=1)
def _airline_grid() -> tuple[Array, Array]:
    a, b = np.meshgrid([0.0, 0.2, 0.4, 0.6, 0.8, 0.93], [0.0, 0.25, 0.5, 0.7, 0.85, 0.95], indexing="ij")
    return a.ravel(), b.ravel()


def airline(z: Array, seen: Seen, season: int, horizon: int) -> Array:
    """ARIMA(0,1,1)(0,1,1) (Box & Jenkins), conditional sum of squares on a grid, Akaike-averaged."""
    theta, big = _airline_grid()
    both = theta * big
    n, m = len(z), season
    w = z[m + 1 :] - z[m:-1] - z[1:-m] + z[: -m - 1]
    ok = seen[m + 1 :] & seen[m:-1] & seen[1:-m] & seen[: -m - 1]
    e = np.zeros((len(w) + horizon + m + 1, len(theta)))
    for t in range(len(w)):
        i = t + m + 1
        if ok[t]:
            e[i] = w[t] + theta * e[i - 1] + big * e[i - m] - both * e[i - m - 1]
    sse = np.sum(e[m + 1 : m + 1 + len(w)] ** 2, axis=0)
    weight = akaike(sse, int(ok.sum()), np.full(len(theta), 3.0))
    path = np.concatenate([np.repeat(z[:, None], len(theta), axis=1), np.zeros((horizon, len(theta)))])
    for h in range(horizon):
        i, t = m + 1 + len(w) + h, n + h
        noise = -theta * e[i - 1] - big * e[i - m] + both * e[i - m - 1]
        path[t] = path[t - 1] + path[t - m] - path[t - m - 1] + noise
    return path[n:] @ weight


@lru_cache(maxsize=1)
def _winters_grid() -> tuple[Array, Array, Array, Array]:
    cells = [
        (a, a * r, g * (1 - a), p)
        for a in (0.05, 0.15, 0.3, 0.5, 0.75)
        for r, p in ((0.0, 0.95), (0.0, 1.0), (0.1, 0.95), (0.3, 0.9), (0.1, 1.0))
        for g in (0.0, 0.05, 0.15, 0.3, 0.6)
    ]
    a, b, g, p = (np.array(c) for c in zip(*cells, strict=True))
    return a, b, g, p


def winters(x: Array, seen: Seen, figure: Array, horizon: int) -> Array:
    """Additive Holt-Winters, damped and not, on a grid, Akaike-averaged; starts from ``figure``."""
    alpha, beta, gamma, phi = _winters_grid()
    m, n = len(figure), len(x)
    first = min(n, 2 * m)
    t = np.arange(first)
    fit = np.polyfit(t, x[:first] - figure[t % m], 1)
    level = np.full(len(alpha), float(fit[1] - fit[0]))
    slope = np.full(len(alpha), float(fit[0]) * 0.5)
    season = np.repeat(figure[:, None], len(alpha), axis=1)
    sse = np.zeros(len(alpha))
    for i in range(n):
        slope = slope * phi
        level = level + slope
        if seen[i]:
            s = season[i % m]
            e = x[i] - level - s
            if i >= m:
                sse += e * e
            level = level + alpha * e
            slope = slope + beta * e
            season[i % m] = s + gamma * e
    spent: Array = np.asarray(3.0 + (beta > 0) + (gamma > 0) + (phi < 1), dtype=np.float64)
    weight = akaike(sse, max(int(seen[m:].sum()), 8), spent)
    out = np.empty(horizon)
    for h in range(horizon):
        slope = slope * phi
        level = level + slope
        out[h] = (level + season[(n + h) % m]) @ weight
    return out


def line(z: Array, seen: Seen, horizon: int, window: int) -> Array:
    """Least-squares line over the last ``window`` points, anchored half way to the last level."""
    start = max(0, len(z) - window)
    t = np.arange(start, len(z), dtype=float)
    keep = seen[start:]
    if keep.sum() < 3:
        return np.full(horizon, float(z[-1]))
    slope, base = np.polyfit(t[keep], z[start:][keep], 1)
    ahead = len(z) - 1 + np.arange(1, horizon + 1)
    gap = float(z[-1] - (base + slope * (len(z) - 1)))
    out: Array = base + slope * ahead + 0.5 * gap
    return out


def drift(z: Array, seen: Seen, horizon: int, window: int) -> Array:
    """Random walk with the mean step of the last ``window`` periods."""
    at = np.flatnonzero(seen)
    last = at[-1]
    first = at[np.searchsorted(at, max(last - window, at[0]))]
    step = (z[last] - z[first]) / max(last - first, 1)
    out: Array = z[last] + step * (len(z) - 1 - last + np.arange(1, horizon + 1))
    return out
