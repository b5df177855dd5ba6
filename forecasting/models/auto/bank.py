"""The bank: every method's forecast of one series, in units of the series' mean absolute value."""

from __future__ import annotations

import numpy as np

from forecasting.models.auto import regressions as reg
from forecasting.models.auto.prepare import Array, Prepared
from forecasting.models.auto.smoothing import complex_smooth, smooth, theta


def methods(season: int) -> tuple[str, ...]:
    """The names of the methods, in the order of the rows of :func:`bank`."""
    names = tuple(
        f"{m}{s}"
        for s in ("_log", "_raw")
        for m in ("ses", "holt", "damped", "sesdrift", "ets", "theta", "dotm")
    )
    names += (
        "ces_raw",
        "naive",
        "drift_log",
        "drift_recent",
        "line_log",
        "line_recent",
        "ar_log",
        "ar_raw",
        "ar_level",
    )
    if season > 1:
        names += (
            "damped_stable",
            "theta_stable",
            "snaive",
            "sdrift",
            "airline",
            "winters_log",
            "winters_raw",
        )
        names += ("sar", "sarlong", "sar_raw")
    return (*names, "median")


def bank(p: Prepared, horizon: int) -> tuple[Array, dict[str, float]]:
    """Forecasts (methods x horizon) of the scaled series, and figures for the features."""
    m, seen = p.season, p.seen
    n = len(p.z)
    rows: dict[str, Array] = {}
    past, ahead = p.phases(horizon, recent=True)
    z = p.z - past
    x = p.back(z) if p.kind != "identity" else z

    def home(f: Array) -> Array:
        return p.back(f + ahead)

    def home_raw(f: Array) -> Array:
        return p.back(p.forward(f) + ahead) if p.kind != "identity" else f + ahead

    info: dict[str, float] = {}
    for tag, data, to in (("_log", z, home), ("_raw", x, home_raw)):
        fits = smooth(data, seen, horizon)
        info["sigma" + tag] = float(fits.pop("_sigma")[0])
        info["level" + tag] = float(fits.pop("_level")[0])
        fits.update(theta(data, seen, horizon))
        rows.update({k + tag: to(v) for k, v in fits.items()})
    rows["ces_raw"] = home_raw(complex_smooth(x, seen, horizon))
    level = info["level_log"]
    rows["naive"] = home(np.full(horizon, float(z[np.flatnonzero(seen)[-1]])))
    rows["drift_log"] = home(reg.drift(z, seen, horizon, n))
    rows["drift_recent"] = home(reg.drift(z, seen, horizon, 2 * m if m > 1 else 4) * 0.5 + 0.5 * level)
    rows["line_log"] = home(reg.line(z, seen, horizon, n))
    rows["line_recent"] = home(reg.line(z, seen, horizon, max(8, 3 * m)))
    top = 3 if m == 1 else min(m + 1, 13)
    rows["ar_log"] = home(reg.ar_difference(z, seen, horizon, 1, top))
    rows["ar_raw"] = home_raw(reg.ar_difference(x, seen, horizon, 1, top))
    rows["ar_level"] = home(reg.autoregression(z, seen, horizon, 3))
    if m > 1:
        rows.update(_seasonal(p, horizon, rows["damped_log"]))
    table = np.array([rows[k] for k in methods(m)[:-1]])
    if p.kind != "identity":
        table = np.maximum(table, 0.0)
    # a runaway method is held to a generous cone around the median of all
    middle = np.median(np.where(np.isfinite(table), table, np.nanmedian(p.y)), axis=0)
    reach = 1.0 + np.abs(middle) + 0.5 * float(np.nanmax(np.abs(p.y)))
    table = np.where(np.isfinite(table), table, middle)
    return np.vstack([np.clip(table, middle - reach, middle + reach), middle]), info


def _seasonal(p: Prepared, horizon: int, instead: Array) -> dict[str, Array]:
    """Methods that carry their own season, or a steadier seasonal figure; ``instead`` when too short."""
    m, seen = p.season, p.seen
    past, ahead = p.phases(horizon, recent=False)
    z = p.z - past
    rows = {
        "damped_stable": p.back(smooth(z, seen, horizon)["damped"] + ahead),
        "theta_stable": p.back(theta(z, seen, horizon)["theta"] + ahead),
    }
    names = ("snaive", "sdrift", "airline", "winters_log", "winters_raw", "sar", "sarlong", "sar_raw")
    if seen.sum() < 2 * m + 3:
        return rows | dict.fromkeys(names, instead)
    y = p.back(p.z)
    raw_figure = p.figure * float(np.mean(y)) if p.kind != "identity" else p.figure
    last = np.resize(p.z[-m:], horizon)
    yearly = float(np.mean(p.z[-m:]) - np.mean(p.z[-2 * m : -m]))
    years = np.arange(horizon) // m + 1
    return rows | {
        "snaive": p.back(last),
        "sdrift": p.back(last + 0.6 * yearly * years),
        "airline": p.back(reg.airline(p.z, seen, m, horizon)),
        "winters_log": p.back(reg.winters(p.z, seen, p.figure, horizon)),
        "winters_raw": reg.winters(y, seen, raw_figure, horizon),
        "sar": p.back(reg.ar_difference(p.z, seen, horizon, m, 3)),
        "sarlong": p.back(reg.ar_difference(p.z, seen, horizon, m, m + 1)),
        "sar_raw": reg.ar_difference(y, seen, horizon, m, 3),
    }
