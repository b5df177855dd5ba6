"""The one entry: point forecasts and joint sample paths for many series, each on its own.

A series' answer depends on its own values, its key and the seed: never on its neighbours or its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from forecasting.models.auto import adoption, bands
from forecasting.models.auto.bank import bank
from forecasting.models.auto.features import features
from forecasting.models.auto.prepare import Array, prepare
from forecasting.models.auto.tables import load
from forecasting.models.auto.weights import blend

SHORTEST = 5
LONGEST = 400  # older values say nothing more, and cost time


@dataclass(frozen=True)
class AutoResult:
    """One series' forecast, or the named reason why there is none."""

    point: Array
    paths: Array
    explanation: dict[str, Any] = field(default_factory=dict)
    refusal: str | None = None


def _refused(horizon: int, reason: str) -> AutoResult:
    return AutoResult(np.full(horizon, np.nan), np.full((horizon, 0), np.nan), {}, reason)


def _trim(values: Array) -> Array:
    seen = np.flatnonzero(~np.isnan(values))
    if len(seen) == 0:
        return values[:0]
    return values[max(int(seen[0]), len(values) - LONGEST) :]


def forecast_one(
    values: Array,
    season: int,
    horizon: int,
    *,
    paths: int,
    rng: np.random.Generator,
    upper: float | None = None,
) -> AutoResult:
    """Forecast one series; NaN marks a gap, ``upper`` the market a new technology may fill."""
    raw = np.asarray(values, dtype=float)
    if np.isinf(raw).any():
        return _refused(horizon, "not_finite: the series holds an infinite value")
    raw = _trim(raw)
    count = int((~np.isnan(raw)).sum())
    if count < SHORTEST:
        return _refused(horizon, f"too_short: {count} observations, {SHORTEST} needed")
    known = raw[~np.isnan(raw)]
    if float(np.ptp(known)) == 0.0:
        same = np.full(horizon, known[0])
        return AutoResult(
            same,
            np.repeat(same[:, None], paths, axis=1),
            {"transformation": "none", "band": "constant series"},
        )
    season = max(int(season), 1)
    tables = load(season)
    p = prepare(raw, season)
    # always as far as the tables reach, so that near steps do not depend on how far one asks
    table, info = bank(p, max(horizon, tables.reach))
    row = tables.inputs(features(p, table[:, : tables.reach], info))
    table = table[:, :horizon]
    point, weight, moved = blend(tables.weight, row, table, tables.reach)
    if p.kind != "identity":
        point = np.maximum(point, 0.0)
    told: dict[str, Any] = {
        "transformation": p.kind,
        "season": season,
        "seasonal_strength": round(p.strength, 4),
        "gaps": int(np.isnan(raw).sum()),
    }
    told["correction"] = round(float(np.mean(moved / np.maximum(np.abs(point), 1e-9))), 4)
    mean_weight = weight.mean(axis=0)
    told["weights"] = {m: round(float(w), 4) for m, w in zip(tables.methods, mean_weight, strict=True)}
    sampled = bands.sample(p, point, row, table, info, tables, paths, rng)
    told["band"] = f"learnt widths and error trajectories ({tables.name}), square-root scale"
    told["calibration_points"] = tables.calibration
    if upper is not None and adoption.applies(p, upper):
        point, sampled, share = adoption.adopt(p, point, sampled, upper, info["sigma_log"], rng)
        told["weights"] = {m: round(w * (1 - share), 4) for m, w in told["weights"].items()}
        told["weights"]["adoption"] = round(share, 4)
        assumed = "speed, random walk and noise of the log-odds, assumed"
        told["band"] = f"{share:.0%} adoption curve ({assumed}), else {told['band']}"
        told |= {"upper": upper, "calibration_points": 0}
    return AutoResult(point * p.unit, sampled * p.unit, told)


def forecast_arrays(
    series: Sequence[Array],
    season: int,
    horizon: int,
    *,
    paths: int = 1000,
    seed: int = 0,
    keys: Sequence[str] | None = None,
    upper: Sequence[float | None] | None = None,
) -> list[AutoResult]:
    """Forecast every series ``horizon`` steps ahead with ``paths`` joint sample paths.

    ``keys`` name the series; the draws of a series follow from its key and ``seed`` alone. Without keys
    every series gets the draws of the empty key. ``upper`` gives, where known, the size of the market a
    growing series may fill (in its own units per period): such a series follows an adoption curve.
    """
    if horizon < 1 or paths < 1:
        raise ValueError(f"horizon and paths must be at least 1, not {horizon} and {paths}")
    names = [""] * len(series) if keys is None else list(keys)
    if len(names) != len(series):
        raise ValueError(f"{len(names)} keys for {len(series)} series")
    ceilings = [None] * len(series) if upper is None else list(upper)
    if len(ceilings) != len(series):
        raise ValueError(f"{len(ceilings)} ceilings for {len(series)} series")
    out = []
    for values, name, ceiling in zip(series, names, ceilings, strict=True):
        rng = np.random.default_rng([seed, crc32(name.encode())])
        out.append(forecast_one(values, season, horizon, paths=paths, rng=rng, upper=ceiling))
    return out
