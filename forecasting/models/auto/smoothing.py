"""Exponential smoothing, complex smoothing and Theta over whole parameter grids at once.

Errors of a linear filter are linear in its initial states, so these are profiled out by least
squares for every grid point; grid points are then averaged with Akaike weights instead of choosing one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecasting.models.auto.prepare import Array

Seen = NDArray[np.bool_]


@lru_cache(maxsize=1)
def _trend_grid() -> tuple[Array, Array, Array]:
    alphas = (0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
    ratios = (0.0, 0.03, 0.1, 0.25, 0.5, 0.9)
    phis = (0.8, 0.9, 0.95, 0.98, 1.0)
    cells = [(a, a * r, p) for p in phis for a in alphas for r in ratios]
    a, b, p = (np.array(c) for c in zip(*cells, strict=True))
    return a, b, p


def akaike(sse: Array, n: int, k: Array) -> Array:
    """Corrected Akaike weights of fits with error sums ``sse`` and ``k`` parameters."""
    room = n - k - 1.0
    score = (
        n * np.log(np.maximum(sse, 1e-14) / n)
        + 2.0 * k
        + np.where(room > 0, 2 * k * (k + 1) / np.maximum(room, 1e-9), 1e6)
    )
    weight = np.exp(-0.5 * np.minimum(score - score.min(), 1400.0))
    out: Array = weight / weight.sum()
    return out


def _profile(errors: Array, seen: Seen, ridge: float, states: int) -> tuple[Array, Array]:
    """Least-squares initial states: ``errors`` is (time, 1 + states, grid); returns sums and states."""
    e = errors[seen]
    n = len(e)
    gram = np.einsum("tig,tjg->ijg", e, e)
    if states == 1:
        theta = (-gram[0, 1] / (gram[1, 1] + 1e-12))[None]
    else:
        a, b, d = gram[1, 1] + 1e-9, gram[1, 2], gram[2, 2] * (1 + ridge / n) + 1e-9
        det = a * d - b * b + 1e-18
        theta = np.stack([-(d * gram[0, 1] - b * gram[0, 2]) / det, -(a * gram[0, 2] - b * gram[0, 1]) / det])
    full = np.concatenate([np.ones((1, theta.shape[1])), theta])
    sse = np.einsum("ig,ijg,jg->g", full, gram[: states + 1, : states + 1], full)
    return sse, full


def smooth(x: Array, seen: Seen, horizon: int) -> dict[str, Array]:
    """SES, Holt, damped trend, SES with fixed drift, and the average of all, on one scale."""
    alpha, beta, phi = _trend_grid()
    n = len(x)
    origin = x[int(np.argmax(seen))]
    data = x - origin
    g = len(alpha)
    level, slope = np.zeros((3, g)), np.zeros((3, g))
    level[1], slope[2] = 1.0, 1.0
    errors = np.empty((n, 3, g))
    for t in range(n):
        slope *= phi
        level += slope
        e = errors[t]
        np.negative(level, out=e)
        if seen[t]:
            e[0] += data[t]
            level += alpha * e
            slope += beta * e
    count = int(seen.sum())
    one, full1 = _profile(errors, seen, 0.0, 1)
    two, full2 = _profile(errors, seen, 0.3, 2)
    steps = np.arange(1, horizon + 1)
    damp = np.where(
        phi == 1.0,
        steps[:, None] * 1.0,
        phi * (1 - phi ** steps[:, None]) / np.where(phi == 1.0, 1.0, 1 - phi),
    )
    last_level = np.einsum("ig,ig->g", full2, level)
    last_slope = np.einsum("ig,ig->g", full2, slope)
    trend = last_level + damp * last_slope
    flat_cells = np.flatnonzero((beta == 0) & (phi == 1.0))
    flat = np.einsum("ig,ig->g", full1, level[:2])[flat_cells] + np.zeros((horizon, 1))
    # slope rows of the flat cells stay zero in state 1, so the flat model is exact
    holt, damped, drift = (phi == 1.0) & (beta > 0), phi < 1.0, (phi == 1.0) & (beta == 0)

    def mix(mask: NDArray[np.bool_], k: float) -> Array:
        w = akaike(two[mask], count, np.full(int(mask.sum()), k))
        out: Array = trend[:, mask] @ w + origin
        return out

    sse = np.concatenate([one[flat_cells], two])
    k = np.concatenate([np.full(len(flat_cells), 3.0), 4.0 + (beta > 0) + (phi < 1.0)])
    every = np.concatenate([flat, trend], axis=1)
    weight = akaike(sse, count, k)
    w_flat = akaike(one[flat_cells], count, np.full(len(flat_cells), 3.0))
    return {
        "ses": flat @ w_flat + origin,
        "holt": mix(holt, 5.0),
        "damped": mix(damped, 6.0),
        "sesdrift": mix(drift, 4.0),
        "ets": every @ weight + origin,
        "_level": np.array([float(flat[0] @ w_flat + origin)]),
        "_sigma": np.array([float(np.sqrt(np.sum(weight * sse) / max(count - 2, 1)))]),
    }


@lru_cache(maxsize=1)
def _complex_grid() -> tuple[Array, Array]:
    a0, a1 = np.meshgrid(np.linspace(0.9, 2.3, 15), np.linspace(0.9, 1.25, 8), indexing="ij")
    a, b = a0.ravel(), a1.ravel()
    # stability: both eigenvalues of the discount matrix inside the circle
    keep = []
    for p, q in zip(a, b, strict=True):
        f = np.array([[1 - (p - q), -(1 - q)], [1 - (p + q), 1 - p]])
        keep.append(bool(np.max(np.abs(np.linalg.eigvals(f))) < 0.995))
    mask = np.array(keep)
    return a[mask], b[mask]


def complex_smooth(x: Array, seen: Seen, horizon: int) -> Array:
    """Complex exponential smoothing (Svetunkov, Kourentzes & Ord 2022), simple form, on a grid."""
    a0, a1 = _complex_grid()
    origin = float(np.mean(x[seen][: min(5, int(seen.sum()))]))
    data = x - origin
    g = len(a0)
    level, other = np.zeros((3, g)), np.zeros((3, g))
    level[1], other[2] = 1.0, 1.0
    errors = np.empty((len(x), 3, g))
    c1, c2, k1, k2 = 1 - a1, 1 - a0, a0 - a1, a0 + a1
    for t in range(len(x)):
        e = errors[t]
        np.negative(level, out=e)
        if seen[t]:
            e[0] += data[t]
            level, other = level - c1 * other + k1 * e, level + c2 * other + k2 * e
        else:
            level, other = level - c1 * other, level + c2 * other
    sse, full = _profile(errors, seen, 0.3, 2)
    weight = akaike(sse, int(seen.sum()), np.full(g, 4.0))
    now, aside = np.einsum("ig,ig->g", full, level), np.einsum("ig,ig->g", full, other)
    out = np.empty(horizon)
    for step in range(horizon):
        out[step] = now @ weight
        now, aside = now - c1 * aside, now + c2 * aside
    return out + origin


@lru_cache(maxsize=1)
def _theta_grid() -> tuple[Array, Array]:
    cells = [(a, t) for a in (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95) for t in (1.0, 1.5, 2.0, 3.0, 5.0, 12.0)]
    a, t = (np.array(c) for c in zip(*cells, strict=True))
    return a, t


def theta(x: Array, seen: Seen, horizon: int) -> dict[str, Array]:
    """Theta (Assimakopoulos & Nikolopoulos 2000) and its dynamic optimised form (Fiorucci et al. 2016)."""
    alpha, tau = _theta_grid()
    n = len(x)
    g = len(alpha)
    origin = x[int(np.argmax(seen))]
    level, decay = np.zeros(g), np.ones(g)
    mean = slope = 0.0
    errors = np.empty((n, 2, g))
    weight = 1 - 1 / tau
    # recursive line through the observations so far: A + B t, t = 1, 2, ...
    count = 0
    s_t = s_tt = s_y = s_ty = 0.0
    for t in range(n):
        shape = weight * (decay * mean + (1 - decay * (1 - alpha)) / alpha * slope)
        errors[t, 0] = x[t] - origin - level - shape if seen[t] else 0.0
        errors[t, 1] = -decay
        if not seen[t]:
            continue
        value = x[t] - origin
        level += alpha * (value - level)
        decay = decay * (1 - alpha)
        count += 1
        s_t += count
        s_tt += count * count
        s_y += value
        s_ty += count * value
        if count > 1:
            slope = (s_ty - s_t * s_y / count) / (s_tt - s_t * s_t / count)
            mean = s_y / count - slope * s_t / count
        else:
            mean, slope = value, 0.0
    late = seen.copy()
    late[: min(3, n // 3)] = False
    if late.sum() < 3:
        late = seen
    sse, full = _profile(errors, late, 0.0, 1)
    start = full[1]
    dynamic = np.empty((horizon, g))
    lev = level + decay * start
    fade = decay.copy()
    a_line, b_line = mean, slope
    for step in range(horizon):
        shape = weight * (fade * a_line + (1 - fade * (1 - alpha)) / alpha * b_line)
        dynamic[step] = lev + shape
        # future observations equal their forecasts
        value = dynamic[step]
        lev = lev + alpha * (value - lev)
        fade = fade * (1 - alpha)
    w = akaike(sse, int(late.sum()), np.full(g, 3.0))
    classic = tau == 2.0
    simple = np.empty((horizon, int(classic.sum())))
    a = alpha[classic]
    base = level[classic] + decay[classic] * start[classic]
    gone = 1 - decay[classic]
    for step in range(horizon):
        simple[step] = base + 0.5 * slope * (step + gone / a)
    # SES half: weights from its own one-step errors (tau = 1 cells hold plain smoothing)
    plain = tau == 1.0
    w_classic = akaike(sse[plain], int(late.sum()), np.full(int(plain.sum()), 2.0))
    return {"theta": simple @ w_classic + origin, "dotm": dynamic @ w + origin}
