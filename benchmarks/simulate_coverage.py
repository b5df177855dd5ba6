"""Measures how wide bands from few observations should have been (forecasting/models/learnt/simulated.json).

    python benchmarks/simulate_coverage.py [--only NAME,…] [--count N] [--out FILE]

Annual series of known law (random walks with normal and with Student's t5 steps, with drift, a local level
with noise, growth that persists; 10 % a step) are forecast 6 steps ahead at several lengths. A factor and an
exponent for the deviations of paths are chosen; what bands then hold is measured across halves of the series,
each with the factor and exponent chosen on the other. `engine` stands for bands made of past errors
(forecasting/models/intervals.py) around naive, drift and exponentially smoothed forecasts. `auto` has
learnt bands of its own and is only measured. `--only` keeps the other rows of the file.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.errors import Refusal
from forecasting.frames import Panel
from forecasting.models import MODELS, build, intervals
from forecasting.models.base import LocalForecaster
from forecasting.models.certificate import TABLE
from forecasting.periods import Kind

LENGTHS = (6, 8, 10, 15, 20, 30, 45)
LAWS = ("walk", "drift", "student", "level", "growth")
HORIZON, PATHS = 6, 400
SLOW = {
    "ets": 50,
    "sarimax": 50,
    "structural": 60,
    "prophet": 50,
    "auto_arima": 50,
    "auto_ces": 50,
    "auto_ets": 80,
}
USUAL = 200  # series of each law
LEVELS = (0.1, 0.9, 0.025, 0.975)


def worlds(law: str, length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Series on the log scale, (count, length + horizon)."""
    shape = (count, length + HORIZON)
    noise = rng.standard_normal(shape)
    if law == "drift":
        noise = noise + 0.5
    elif law == "student":
        noise = rng.standard_t(5, shape) / np.sqrt(5 / 3)
    elif law == "level":
        return 5 + 0.1 * (0.5 * np.cumsum(noise, axis=1) + rng.standard_normal(shape))
    elif law == "growth":
        steps = noise.copy()
        for t in range(1, shape[1]):
            steps[:, t] = 0.5 * steps[:, t - 1] + np.sqrt(0.75) * noise[:, t]
        noise = steps
    return 5 + 0.1 * np.cumsum(noise, axis=1)


def of_model(name: str, row: np.ndarray, length: int, seed: int) -> np.ndarray | None:
    """Uncorrected paths of a model on the log scale, None where it refuses."""
    index = pd.RangeIndex(1990, 1990 + length)
    panel = Panel(Kind.FY, pd.DataFrame({"y": np.exp(row[:length])}, index=index))
    model = build(name, {"link": "log"} if name != "auto" else {})
    try:
        model.fit(panel)
        if not isinstance(model, LocalForecaster):
            return np.log(model.predict(panel.last + HORIZON, paths=PATHS, seed=seed).of("y"))
        sample, _, state = model._states["y"]
        return model._simulate(sample, state, HORIZON, PATHS, np.random.default_rng(seed))
    except Refusal:
        return None


def points(z: np.ndarray, steps: int) -> dict[str, np.ndarray]:
    """Naive, drift and exponentially smoothed forecasts (smoothing chosen by squared errors)."""
    ahead = np.arange(1, steps + 1)
    best, level = np.inf, z[-1]
    for alpha in (0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0):
        now, cost = z[0], 0.0
        for value in z[1:]:
            cost += (value - now) ** 2
            now += alpha * (value - now)
        if cost < best:
            best, level = cost, now
    slope = (z[-1] - z[0]) / (len(z) - 1)
    return {"naive": np.full(steps, z[-1]), "drift": z[-1] + slope * ahead, "smoothed": np.full(steps, level)}


def of_engine(row: np.ndarray, length: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Paths of the interval engine around each simple forecast."""
    z, table = row[:length], intervals.scales(1)
    hidden = intervals.cuts(length, 1, 6)
    past = {cut: points(z[:-cut], cut) for cut in hidden}
    out = []
    for name, point in points(z, HORIZON).items():
        errors = np.full((len(hidden), max(hidden)), np.nan)
        for i, cut in enumerate(hidden):
            errors[i, :cut] = z[-cut:] - past[cut][name]
        width = intervals.widths(errors, np.asarray(intervals.typical_step(z, 1)), table, HORIZON)
        out.append(point[:, None] + intervals.trajectories(errors, width, table, HORIZON, PATHS, rng))
    return out


def gathered(name: str, length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardised outcomes (forecasts, steps) and path quantiles (forecasts, steps, levels); empty if refused."""
    rng = np.random.default_rng([length, 2026])
    outcomes, quantiles = [], []
    series = [row for law in LAWS for row in worlds(law, length, count, rng)]
    for number, index in enumerate(rng.permutation(len(series))):
        row = series[index]
        found = of_engine(row, length, rng) if name == "engine" else [of_model(name, row, length, number)]
        for paths in found:
            if paths is None:
                continue
            middle = np.median(paths, axis=1)
            size = np.sqrt(np.mean((paths - middle[:, None]) ** 2, axis=1))
            outcomes.append((row[length:] - middle) / size)
            quantiles.append((np.quantile(paths, LEVELS, axis=1).T - middle[:, None]) / size[:, None])
    return np.array(outcomes), np.array(quantiles)


def covered(u: np.ndarray, q: np.ndarray, factor: float, exponent: float) -> tuple[float, float]:
    """Coverage of the 80 and 95 % bands with a factor and an exponent."""
    wide = factor * np.sign(q) * np.abs(q) ** exponent
    at80 = (u >= wide[..., 0]) & (u <= wide[..., 1])
    return float(at80.mean()), float(((u >= wide[..., 2]) & (u <= wide[..., 3])).mean())


def corrected(u: np.ndarray, q: np.ndarray) -> tuple[float, float]:
    """The factor and exponent nearest to nominal coverage, no further from (1, 1) than that needs."""
    grid = [(f, e) for f in np.geomspace(0.7, 5, 60) for e in np.linspace(0.7, 1.6, 19)]
    miss = [
        max(abs(a - 0.8), abs(b - 0.95)) + 0.002 * abs(e - 1)
        for f, e in grid
        for a, b in [covered(u, q, f, e)]
    ]
    return grid[int(np.argmin(miss))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--count", type=int, default=None, help="series of each law")
    parser.add_argument("--out", type=Path, default=TABLE)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    local = [name for name, model in MODELS.items() if issubclass(model, LocalForecaster)]
    names = given.only.split(",") if given.only else ["engine", "auto", *local]
    methods = json.loads(given.out.read_text())["methods"] if given.only and given.out.is_file() else {}
    for name in names:
        methods[name] = {}
        for length in LENGTHS:
            began = time.perf_counter()
            u, q = gathered(name, length, given.count or SLOW.get(name, USUAL))
            if len(u) < 50:
                print(name, length, "refuses", flush=True)
                continue
            learn = (lambda *_: (1.0, 1.0)) if name == "auto" else corrected
            factor, exponent = learn(u, q)
            halves = (slice(0, None, 2), slice(1, None, 2))
            judged = [covered(u[b], q[b], *learn(u[a], q[a])) for a, b in (halves, halves[::-1])]
            at80, at95 = np.mean(judged, axis=0)
            raw = covered(u, q, 1.0, 1.0)
            methods[name][str(length)] = {
                "factor": round(float(factor), 4), "exponent": round(float(exponent), 4),
                "coverage_80": round(float(at80), 4), "coverage_95": round(float(at95), 4),
                "uncorrected_80": round(raw[0], 4), "uncorrected_95": round(raw[1], 4), "forecasts": len(u),
            }  # fmt: skip
            print(
                name, length, methods[name][str(length)], f"{time.perf_counter() - began:.0f} s", flush=True
            )
        about = {
            "made_by": "benchmarks/simulate_coverage.py",
            "laws": LAWS,
            "horizon": HORIZON,
            "methods": methods,
        }
        given.out.write_text(json.dumps(about, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
