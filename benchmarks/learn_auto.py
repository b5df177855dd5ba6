"""Makes the tables of `auto` (forecasting/models/auto/learnt) from public competition series.

    python benchmarks/learn_auto.py LEARN_DIR [--training-parts DIR] [--out FOLDER]

LEARN_DIR holds `<source>_<frequency>.parquet` (unique_id, step, y, split), whole series. From the optional
DIR only the rows marked `train` of the M4 files, of `m3_other` and of all yearly files are read, never their
ends. Rolling origins give forecasts of the bank and what came after (auto_cases.py). Networks (networks.py)
are trained on folds by series; standardised errors come from the folds left out. The yearly bands also learn
from simulated series of known law, which count a quarter. Same inputs, same tables.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from auto_cases import (
    FOLDS,
    SEASON,
    SIMULATED,
    Arrays,
    Records,
    build,
    case_weight,
    point_cost,
    read,
    simulated,
)
from networks import Net, blended, forward, train_weights, train_widths

from forecasting.models.auto import bands
from forecasting.models.auto.bank import methods
from forecasting.models.auto.weights import MEDIAN_SHARE, disagreement, steps_in

MOVES = {"yearly": False, "quarterly": False, "monthly": True}  # may the blend be moved (helped monthly only)
LEVELS = np.array([0.001, 0.003, 0.006, 0.0125, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
LEVELS = np.concatenate([LEVELS, 1 - LEVELS[-2::-1]])
NETS, TRAJECTORIES = 5, 250
LENGTHS = {"yearly": (8, 16, 32, 64), "quarterly": (32,), "monthly": (96,)}  # at which there is a profile
NEIGHBOUR = 0.3  # standard deviation, in logarithms of the length, of what counts towards one
SIMULATED_SHARE, OLD_SHARE = 0.25, 0.25  # of the bands' learning; of M1 (other years) beside other sources
EARLIER = 0.25  # what an origin before the last counts in the widths; in the profile nothing


def with_steps(x: np.ndarray, reach: int) -> np.ndarray:
    """Features repeated over the steps, the step beside them."""
    n = len(x)
    step = np.broadcast_to(steps_in(reach, reach)[None, :, None], (n, reach, 1))
    return np.concatenate([np.broadcast_to(x[:, None], (n, reach, x.shape[1])), step], axis=2)


def held_out(d: Arrays, allowed: np.ndarray, train, use) -> np.ndarray:
    """Predictions for every row by networks trained on the allowed rows of other series."""
    out = None
    for fold in range(FOLDS):
        inside, outside = allowed & (d["fold"] != fold), d["fold"] == fold
        guess = sum(use(train(inside, seed), outside) for seed in range(NETS)) / NETS
        out = np.zeros((len(inside), *guess.shape[1:])) if out is None else out
        out[outside] = guess
    return out


def error_arrays(records: Records, point: np.ndarray, d: Arrays) -> np.ndarray:
    """Signed errors in error scales on the square-root scale, as the bands will use them."""
    out = np.zeros_like(point)
    for i, row in enumerate(records.rows):
        p, info = row["p"], row["info"]
        level = bands.centre_of(p, info)
        scale = bands.error_scale(p, point[i], level, info)
        out[i] = (bands.root(p, d["a"][i], level) - bands.root(p, point[i], level)) / scale
    return np.where(d["mask"], np.clip(out, -60, 60), 0.0)


def band_weight(d: Arrays, earlier: float) -> np.ndarray:
    """Sources alike; last origins stand for how forecasts are used, earlier ones count ``earlier`` of them."""
    real = d["real"]
    seen = {k: d[k][real] for k in ("file", "count")}
    old = np.char.startswith(seen["file"].astype(str), "m1_")
    out = np.zeros(len(real))
    out[real] = case_weight(seen, 1.0) * np.where(old, OLD_SHARE, 1.0)
    out[real] *= np.where(d["back"][real] <= 0, 1.0, earlier)
    if not real.all():
        out[~real] = SIMULATED_SHARE / (1 - SIMULATED_SHARE) * out[real].sum() / (~real).sum()
    return out


def weighted_quantile(values: np.ndarray, weight: np.ndarray, levels: np.ndarray) -> np.ndarray:
    order = np.argsort(values)
    place = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    return np.interp(levels, place, values[order])


def smooth_steps(profile: np.ndarray) -> np.ndarray:
    """A moving mean over three steps, so that sampling noise does not make bands shrink and swell."""
    padded = np.concatenate([profile[:1], profile, profile[-1:]])
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3 if len(profile) > 2 else profile


def profiles(z: np.ndarray, own: np.ndarray, weight: np.ndarray, length: np.ndarray, nodes) -> np.ndarray:
    """Quantiles of standardised errors, (lengths, steps, levels), from series of about each length."""
    out = []
    for node in nodes:
        apart = np.log(length / node) / NEIGHBOUR
        near = weight * (np.exp(-0.5 * apart**2) if len(nodes) > 1 else 1.0)
        steps = [
            weighted_quantile(z[own[:, h], h], near[own[:, h]], LEVELS)
            for h in np.flatnonzero(own.any(axis=0))
        ]
        out.append(smooth_steps(np.array(steps)))
    return np.array(out)


def learn_weights(d: Arrays, row: np.ndarray, name: str, reach: int) -> tuple[list[Net], np.ndarray]:
    """The networks for the weights, from real series only, and held-out forecasts of every row."""
    real = d["real"]
    cost = np.zeros(d["a"].shape)
    cost[real] = point_cost({k: v[real] for k, v in d.items()})
    cost = np.where(d["mask"] & (d["back"] >= 0)[:, None], cost, 0.0)
    f, x = np.swapaxes(d["f"], 1, 2), with_steps(row, reach)
    wide = np.array([disagreement(table) for table in d["f"]])

    def fit(i: np.ndarray, seed: int) -> Net:
        return train_weights(x[i], f[i], wide[i], d["a"][i], cost[i], seed, MOVES[name])

    point = held_out(d, real, fit, lambda net, i: blended(net, x[i], f[i], wide[i])) * (1 - MEDIAN_SHARE)
    point = point + MEDIAN_SHARE * f[:, :, -1]
    report(d, f, point)
    return [fit(real, seed) for seed in range(NETS)], point


def learn(records: Records) -> Arrays:
    """All tables of one frequency."""
    d, reach = records.arrays(), records.reach
    centre, spread = d["x"][d["real"]].mean(axis=0), d["x"][d["real"]].std(axis=0) + 1e-9
    row = np.clip((d["x"] - centre) / spread, -3, 3)
    weight_nets, point = learn_weights(d, row, records.name, reach)
    e = error_arrays(records, point, d)
    share, last = band_weight(d, EARLIER), band_weight(d, 0.0)
    repeated = np.broadcast_to(row[:, None], (*d["wide"].shape[:2], row.shape[1]))
    x = np.concatenate([repeated, d["wide"]], axis=2)
    part = np.where(d["mask"], share[:, None] / share.mean(), 0.0)
    everyone = np.ones(len(x), bool)

    def fit(i: np.ndarray, seed: int) -> Net:
        return train_widths(x[i], e[i], part[i], seed)

    log_width = held_out(d, everyone, fit, lambda net, i: forward(net, x[i])[0])
    width_nets = [fit(everyone, seed) for seed in range(NETS)]
    z = e / np.exp(np.where(e < 0, log_width[:, :, 0], log_width[:, :, 1]))
    own = d["mask"] & (np.arange(reach)[None] < d["h"][:, None])
    nodes = LENGTHS[records.name]
    profile = profiles(z, own, last, d["length"], nodes)
    coverage(d, own, z, last, nodes)
    steps = profile.shape[1]
    whole = d["mask"][:, :steps].all(axis=1) & d["real"]
    chance = last if (whole & (last > 0)).sum() >= TRAJECTORIES else share  # monthly ends are mostly shorter
    full = np.flatnonzero(whole & (chance > 0))
    rng = np.random.default_rng(0)
    chosen = rng.choice(
        full, min(TRAJECTORIES, len(full)), replace=False, p=chance[full] / chance[full].sum()
    )
    ranks = (np.argsort(np.argsort(z[chosen][:, :steps], axis=0), axis=0) + 0.5) / len(chosen)
    out = {
        "methods": np.array(methods(SEASON[records.name])), "reach": np.array(reach),
        "centre": centre.astype(np.float32), "spread": spread.astype(np.float32),
        "profile": profile.astype(np.float32), "levels": LEVELS.astype(np.float32),
        "lengths": np.array(nodes, dtype=np.float32), "ranks": np.round(ranks * 65535).astype(np.uint16),
        "calibration": np.array(int((d["real"] & (last > 0)).sum())),
    }  # fmt: skip
    for name, nets in (("weight", weight_nets), ("width", width_nets)):
        for key in nets[0]:
            out[f"{name}_{key}"] = np.stack([n[key] for n in nets]).astype(np.float32)
    return out


def report(d: Arrays, f: np.ndarray, point: np.ndarray) -> None:
    """Held-out error relative to the naive forecast's, by file, last origins: blend, median, mean of all."""
    step, mase, smape = d["cost"].T
    for file in np.unique(d["file"][d["real"]]):
        i = (d["file"] == file) & (d["back"] == 0)
        line = []
        for guess in (point, f[:, :, -1], f.mean(axis=2)):
            error = np.where(d["mask"], np.abs(guess - d["a"]), 0.0)
            size = d["mask"].sum(axis=1)
            relative = 200 * error / (np.abs(guess) + np.abs(d["a"]) + 1e-9)
            ratios = (
                (error.sum(1) / size / step)[i].mean() / mase[i].mean(),
                (relative.sum(1) / size)[i].mean(),
            )
            line.append(round((ratios[0] + ratios[1] / smape[i].mean()) / 2, 3))
        print(file, int(i.sum()), "blend, median, mean:", *line, flush=True)


def coverage(d: Arrays, own: np.ndarray, z: np.ndarray, weight: np.ndarray, nodes) -> None:
    """Coverage in % of 80 and 95 % bands at the last origins, by file, with profiles of other series."""
    inside = np.zeros((2, *z.shape), bool)
    for fold in range(FOLDS):
        learnt, judged = d["fold"] != fold, d["fold"] == fold
        table = profiles(z[learnt], own[learnt], weight[learnt], d["length"][learnt], nodes)
        for j, (low, high) in enumerate(((0.1, 0.9), (0.025, 0.975))):
            edges = table[:, :, [np.argmin(np.abs(LEVELS - low)), np.argmin(np.abs(LEVELS - high))]]
            for i in np.flatnonzero(judged):
                now = bands.between(edges, np.array(nodes, float), int(d["length"][i]))
                steps = len(now)
                inside[j, i, :steps] = (z[i, :steps] >= now[:, 0]) & (z[i, :steps] <= now[:, 1])
    for file in np.unique(d["file"]):
        for back, name in ((0, "last origins"), (-1, "latest years")):
            i = (d["file"] == file) & (d["back"] == back)
            if i.any():
                held = [round(100 * float((c & own)[i].sum() / own[i].sum()), 1) for c in inside]
                print(file, name, "coverage of 80 and 95 % bands:", *held, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("learn", type=Path)
    parser.add_argument("--training-parts", type=Path)
    parser.add_argument("--out", type=Path, default=Path(bands.__file__).parent / "learnt")
    parser.add_argument("--only", choices=list(SEASON), nargs="*", default=list(SEASON))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for frequency in args.only:
        series = read(args.learn, frequency, training_only=False)
        if args.training_parts:
            series += read(args.training_parts, frequency, training_only=True)
        digest = hashlib.sha256()
        for one in series:
            digest.update(f"{one.file}/{one.name}".encode() + one.values.tobytes())
        if frequency == "yearly":
            series += simulated()
        records = build(frequency, series)
        np.savez_compressed(args.out / f"{frequency}.npz", **learn(records))
        names = [f"{s.file}{' (training part)' if s.withheld else ''}" for s in series]
        counts = pd.Series(names).value_counts().sort_index()
        told = {
            "series": {str(k): int(v) for k, v in counts.items()}, "made_by": "benchmarks/learn_auto.py",
            "origins": sum(row["file"] != SIMULATED for row in records.rows), "values_sha256": digest.hexdigest(),
        }  # fmt: skip
        (args.out / f"{frequency}.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
        print(frequency, told, flush=True)


if __name__ == "__main__":
    main()
