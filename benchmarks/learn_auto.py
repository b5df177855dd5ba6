"""Makes the tables of `auto` (forecasting/models/auto/learnt) from public competition series.

    python benchmarks/learn_auto.py LEARN_DIR [--training-parts DIR] [--out FOLDER]

LEARN_DIR holds `<source>_<frequency>.parquet` (unique_id, step, y, split), whole series. From the optional
DIR only the rows marked `train` of the M4 files and of `m3_other` are read, never their ends.
Rolling origins give forecasts of the bank and what came after. Networks are trained on folds by series;
standardised errors come from the folds left out. Same inputs, same tables.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd

from forecasting.models.auto import bands
from forecasting.models.auto.bank import bank, methods
from forecasting.models.auto.features import features
from forecasting.models.auto.forecast import LONGEST
from forecasting.models.auto.prepare import Prepared, prepare
from forecasting.models.auto.weights import MEDIAN_SHARE, disagreement, steps_in

SEASON = {"yearly": 1, "quarterly": 4, "monthly": 12}
REACH = {"yearly": 8, "quarterly": 8, "monthly": 24}
OWN = {"yearly": 6, "quarterly": 8, "monthly": 18}  # horizons of M1, M3, M4
LEAST = {"yearly": 6, "quarterly": 10, "monthly": 24}
MOVES = {
    "yearly": False,
    "quarterly": False,
    "monthly": True,
}  # may the blend be moved (it helped monthly only)
BACK = {"yearly": (0, 2, 5, 9), "quarterly": (0, 4, 11, 19), "monthly": (0, 6, 19, 38)}
LEVELS = np.array([0.001, 0.003, 0.006, 0.0125, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
LEVELS = np.concatenate([LEVELS, 1 - LEVELS[-2::-1]])
FOLDS, NETS, TRAJECTORIES = 5, 5, 250
Net = dict[str, np.ndarray]


@dataclass
class Records:
    """Everything known about the forecasts at the rolling origins of one frequency."""

    name: str
    reach: int
    rows: list[dict] = field(default_factory=list)

    def arrays(self) -> dict[str, np.ndarray]:
        keys = ("file", "back", "fold", "x", "f", "a", "mask", "cost", "count", "wide", "h")
        return {k: np.array([r[k] for r in self.rows]) for k in keys}


class Series(NamedTuple):
    """One competition series; of a withheld one the end is not here."""

    file: str
    name: str
    values: np.ndarray
    withheld: bool


def horizon_of(file: str, frequency: str) -> int:
    if file.startswith("tourism"):
        return {"yearly": 4, "quarterly": 8, "monthly": 24}[frequency]
    return 8 if file.endswith("other") else OWN[frequency]


def read(folder: Path, frequency: str, training_only: bool) -> list[Series]:
    """The series of a folder; of benchmark files only training rows, of sources the learn folder lacks.

    Yearly, all benchmark files give their training rows: years are few and the latest say most.
    """
    out = []
    for path in sorted(folder.glob("*.parquet")):
        source, _, kind = path.stem.partition("_")
        if (kind == "other" and frequency == "yearly" and training_only) or kind == frequency:
            if training_only and source != "m4" and frequency != "yearly":
                continue
            frame = pd.read_parquet(path, columns=["unique_id", "step", "y", "split"])
            if training_only:
                frame = frame[frame["split"] == "train"]
            for name, part in frame.sort_values(["unique_id", "step"]).groupby("unique_id"):
                out.append(Series(path.stem, str(name), part["y"].to_numpy(float), training_only))
    return out


def origins(series: Series, frequency: str) -> list[tuple[int, int]]:
    """(number of the origin, values before it). Where the end is withheld, the latest years known are targets
    too, one to three steps away: forecasts will start from there (number -1)."""
    whole, own = len(series.values), horizon_of(series.file, frequency)
    cuts = [(number, whole - own - back) for number, back in enumerate(BACK[frequency])]
    if series.withheld and frequency == "yearly":
        cuts += [(-1, whole - left) for left in (1, 2, 3)]
    return [(number, cut) for number, cut in cuts if cut >= LEAST[frequency]]


def build(frequency: str, series: list[Series]) -> Records:
    """Runs the bank at every rolling origin."""
    m, reach = SEASON[frequency], REACH[frequency]
    records = Records(frequency, reach)
    for one in series:
        file, name, whole = one.file, one.name, one.values
        rng = np.random.default_rng(crc32(name.encode()))
        own = horizon_of(file, frequency)
        for number, cut in origins(one, frequency):
            y = whole[max(0, cut - LONGEST) : cut]
            if number in (1, 3) and not file.startswith("m4"):  # shorter histories too
                least = np.log(LEAST[frequency])
                y = y[-int(np.exp(rng.uniform(least, np.log(max(cut, LEAST[frequency] + 1))))) :]
            if np.ptp(y) == 0:
                continue
            p = prepare(y, m)
            table, info = bank(p, reach)
            actual = np.full(reach, np.nan)
            # the horizon the competitions ask for at the last origin, as far as there is data before it
            end = min(cut + (reach if m == 12 else own), len(whole))
            actual[: end - cut] = whole[cut:end] / p.unit
            step = np.abs(y[m:] - y[:-m]).mean() / p.unit if len(y) > m else np.nan
            if not step > 1e-9:
                continue
            naive = p.back(p.z[-1:] + 0 * actual) if m == 1 else table[list(methods(m)).index("naive")]
            mask = np.isfinite(actual)
            a0 = np.where(mask, actual, 1.0)
            error = np.abs(naive - a0)[mask]
            percent = 200 * error / (np.abs(naive) + np.abs(a0) + 1e-9)[mask]
            records.rows.append(
                {
                    "file": file, "back": number, "fold": crc32((name + file).encode()) % FOLDS, "count": name,
                    "h": own, "x": features(p, table, info), "f": table, "a": a0, "mask": mask, "p": p, "info": info,
                    "cost": (step, error.mean() / step, percent.mean()),
                    "wide": bands.width_inputs(p, np.zeros(1), table, info, reach)[:, 1:],
                }
            )  # fmt: skip
    return records


def point_cost(d: dict[str, np.ndarray]) -> np.ndarray:
    """What an absolute error costs: half MASE, half sMAPE, each over the naive forecast's in its file (OWA)."""
    step, mase, smape = d["cost"].T
    step = np.maximum(step, np.percentile(step, 2))
    cost = np.empty(d["a"].shape)
    for file in np.unique(d["file"]):
        i = d["file"] == file
        around = np.abs(d["a"][i]) + np.abs(np.median(d["f"][i], axis=1)) + 0.05
        cost[i] = 0.5 / step[i, None] / mase[i].mean() + 100.0 / around / smape[i].mean()
    cost *= (case_weight(d) / d["mask"].sum(axis=1))[:, None]
    return np.minimum(cost, np.percentile(cost[d["mask"]], 98))


def case_weight(d: dict[str, np.ndarray]) -> np.ndarray:
    """Series with more origins and files with more series count less than in proportion."""
    frame = pd.DataFrame({"file": d["file"], "series": d["count"]})
    weight = 1 / np.sqrt(frame.groupby(["file", "series"])["file"].transform("size").to_numpy(float))
    total = pd.Series(weight).groupby(frame["file"]).transform("sum").to_numpy()
    weight *= np.sqrt(total.mean() / total)
    return weight / weight.mean()


def adam(net: Net, gradient, rows: int, *, epochs: int, rng: np.random.Generator, rate: float = 0.01) -> Net:
    """Adam with a cosine rate, in batches of about 256."""
    first = {k: np.zeros_like(v) for k, v in net.items()}
    second = {k: np.zeros_like(v) for k, v in net.items()}
    batches = max(1, rows // 256)
    for turn in range(epochs * batches):
        if turn % batches == 0:
            order = rng.permutation(rows)
        g = gradient(net, order[turn % batches :: batches])
        pace = rate * 0.5 * (1 + np.cos(np.pi * turn / (epochs * batches)))
        for k in net:
            first[k] = 0.9 * first[k] + 0.1 * g[k]
            second[k] = 0.99 * second[k] + 0.01 * g[k] ** 2
            size = np.sqrt(second[k] / (1 - 0.99 ** (turn + 1))) + 1e-8
            net[k] = net[k] - pace * first[k] / (1 - 0.9 ** (turn + 1)) / size
    return net


def backward(net: Net, x: np.ndarray, a: np.ndarray, g: np.ndarray, decay: float) -> Net:
    """Gradients of all parts from that of the outputs."""
    inner = (g @ net["w2"].T) * (1 - a * a)
    return {
        "w1": _outer(x, inner) + decay * net["w1"],
        "b1": inner.sum((0, 1)),
        "w2": _outer(a, g) + decay * net["w2"],
        "b2": g.sum((0, 1)),
        "direct": _outer(x, g) + decay * net["direct"],
    }


def _outer(x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Sum over rows and steps of the outer products."""
    return x.reshape(-1, x.shape[2]).T @ g.reshape(-1, g.shape[2])


def start(inputs: int, hidden: int, outputs: int, rng: np.random.Generator) -> Net:
    return {
        "w1": rng.normal(0, 1 / np.sqrt(inputs), (inputs, hidden)), "b1": np.zeros(hidden),
        "w2": np.zeros((hidden, outputs)), "b2": np.zeros(outputs), "direct": np.zeros((inputs, outputs)),
    }  # fmt: skip


def forward(net: Net, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a = np.tanh(x @ net["w1"] + net["b1"])
    return a @ net["w2"] + net["b2"] + x @ net["direct"], a


def train_weights(
    x: np.ndarray, f: np.ndarray, wide: np.ndarray, a: np.ndarray, cost: np.ndarray, seed: int, moves: bool
) -> Net:
    """Softmax network minimising the cost of the blended forecast; ``f`` is (rows, steps, methods)."""
    rng = np.random.default_rng(seed)

    def gradient(net: Net, i: np.ndarray) -> Net:
        out, hidden = forward(net, x[i])
        w = softmax(out[:, :, :-1])
        mean = (w * f[i]).sum(axis=2)
        move = np.tanh(out[:, :, -1])
        pull = np.sign(mean + move * wide[i] - a[i]) * cost[i] / len(i)
        to_move = pull * wide[i] * (1 - move * move) * moves
        g = np.concatenate([pull[:, :, None] * (f[i] - mean[:, :, None]) * w, to_move[:, :, None]], axis=2)
        grown = backward(net, x[i], hidden, g, 1e-3)
        grown["direct"][:] = 0.0  # bounded weights only
        return grown

    return adam(start(x.shape[2], 12, f.shape[2] + 1, rng), gradient, len(x), epochs=30, rng=rng)


def blended(net: Net, x: np.ndarray, f: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """The network's forecast, before the share of the plain median."""
    out, _ = forward(net, x)
    return (softmax(out[:, :, :-1]) * f).sum(axis=2) + np.tanh(out[:, :, -1]) * wide


def softmax(out: np.ndarray) -> np.ndarray:
    w = np.exp(out - out.max(axis=2, keepdims=True))
    return w / w.sum(axis=2, keepdims=True)


def train_widths(x: np.ndarray, e: np.ndarray, share: np.ndarray, seed: int) -> Net:
    """Lower and upper widths: interval score at 95 % (relative to the width) plus a Laplace likelihood."""
    rng = np.random.default_rng(seed)
    net = start(x.shape[2], 6, 2, rng)
    net["b2"][:] = np.log(3 * np.average(np.abs(e), weights=share))

    def gradient(net: Net, i: np.ndarray) -> Net:
        out, hidden = forward(net, x[i])
        width = np.exp(out)
        side = np.stack([-e[i], e[i]], axis=2)
        score = (width - 40.0 * width * (side > width)) / width.mean(axis=2, keepdims=True)
        laplace = 1 - np.minimum(3 * np.abs(e[i])[:, :, None] / width, 8.0)
        g = (score + laplace) * share[i][:, :, None] / (len(i) * e.shape[1])
        return backward(net, x[i], hidden, g, 2e-3)

    return adam(net, gradient, len(x), epochs=40, rng=rng)


def with_steps(x: np.ndarray, reach: int) -> np.ndarray:
    """Features repeated over the steps, the step beside them."""
    n = len(x)
    step = np.broadcast_to(steps_in(reach, reach)[None, :, None], (n, reach, 1))
    return np.concatenate([np.broadcast_to(x[:, None], (n, reach, x.shape[1])), step], axis=2)


def held_out(d: dict[str, np.ndarray], train, use) -> np.ndarray:
    """Predictions for every row by networks that did not see its series."""
    out = None
    for fold in range(FOLDS):
        inside, outside = d["fold"] != fold, d["fold"] == fold
        guess = sum(use(train(inside, seed), outside) for seed in range(NETS)) / NETS
        out = np.zeros((len(inside), *guess.shape[1:])) if out is None else out
        out[outside] = guess
    return out


def error_arrays(records: Records, point: np.ndarray, d: dict[str, np.ndarray]) -> np.ndarray:
    """Signed errors in error scales on the square-root scale, as the bands will use them."""
    out = np.zeros_like(point)
    for i, row in enumerate(records.rows):
        p: Prepared = row["p"]
        level = bands.centre_of(p, row["info"])
        scale = bands.error_scale(p, point[i], level, row["info"])
        out[i] = (bands.root(p, d["a"][i], level) - bands.root(p, point[i], level)) / scale
    return np.where(d["mask"], np.clip(out, -60, 60), 0.0)


def weighted_quantile(values: np.ndarray, weight: np.ndarray, levels: np.ndarray) -> np.ndarray:
    order = np.argsort(values)
    place = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    return np.interp(levels, place, values[order])


def profile_weight(d: dict[str, np.ndarray]) -> np.ndarray:
    """The last origins of a series stand for how forecasts are used; M1 (other years) counts little."""
    old = np.char.startswith(d["file"].astype(str), "m1_")
    return case_weight(d) * np.where(d["back"] <= 0, 4.0, 1.0) * np.where(old, 0.25, 1.0)


def learn(records: Records) -> dict[str, np.ndarray]:
    """All tables of one frequency."""
    d, reach = records.arrays(), records.reach
    centre, spread = d["x"].mean(axis=0), d["x"].std(axis=0) + 1e-9
    row = np.clip((d["x"] - centre) / spread, -3, 3)
    f, cost = np.swapaxes(d["f"], 1, 2), np.where(d["mask"] & (d["back"] >= 0)[:, None], point_cost(d), 0.0)
    x = with_steps(row, reach)

    wide = np.array([disagreement(table) for table in d["f"]])

    def fit(i: np.ndarray, seed: int) -> Net:
        return train_weights(x[i], f[i], wide[i], d["a"][i], cost[i], seed, MOVES[records.name])

    point = held_out(d, fit, lambda net, i: blended(net, x[i], f[i], wide[i])) * (1 - MEDIAN_SHARE)
    point = point + MEDIAN_SHARE * f[:, :, -1]
    report(d, f, point)
    everyone = np.ones(len(x), bool)
    weight_nets = [fit(everyone, seed) for seed in range(NETS)]
    e = error_arrays(records, point, d)
    share = profile_weight(d)
    xw = np.concatenate(
        [np.broadcast_to(row[:, None], (*d["wide"].shape[:2], row.shape[1])), d["wide"]], axis=2
    )
    part = np.where(d["mask"], share[:, None] / share.mean(), 0.0)

    def fit_width(i: np.ndarray, seed: int) -> Net:
        return train_widths(xw[i], e[i], part[i], seed)

    log_width = held_out(d, fit_width, lambda net, i: forward(net, xw[i])[0])
    width_nets = [fit_width(everyone, seed) for seed in range(NETS)]
    z = e / np.exp(np.where(e < 0, log_width[:, :, 0], log_width[:, :, 1]))
    steps = min(reach, 6) if records.name == "yearly" else reach
    own = d["mask"] & (np.arange(reach)[None] < d["h"][:, None])
    profile = np.array([weighted_quantile(z[own[:, h], h], share[own[:, h]], LEVELS) for h in range(steps)])
    profile = smooth_steps(profile)
    full = np.flatnonzero(d["mask"][:, :steps].all(axis=1))
    rng = np.random.default_rng(0)
    chosen = rng.choice(full, min(TRAJECTORIES, len(full)), replace=False, p=share[full] / share[full].sum())
    ranks = (np.argsort(np.argsort(z[chosen][:, :steps], axis=0), axis=0) + 0.5) / len(chosen)
    out = {
        "methods": np.array(methods(SEASON[records.name])), "reach": np.array(reach),
        "centre": centre.astype(np.float32), "spread": spread.astype(np.float32),
        "profile": profile.astype(np.float32), "levels": LEVELS.astype(np.float32),
        "ranks": np.round(ranks * 65535).astype(np.uint16), "calibration": np.array(len(z)),
    }  # fmt: skip
    for name, nets in (("weight", weight_nets), ("width", width_nets)):
        for key in nets[0]:
            out[f"{name}_{key}"] = np.stack([n[key] for n in nets]).astype(np.float32)
    return out


def report(d: dict[str, np.ndarray], f: np.ndarray, point: np.ndarray) -> None:
    """Held-out error relative to the naive forecast's, by file, last origins: blend, median, mean of all."""
    step, mase, smape = d["cost"].T
    for file in np.unique(d["file"]):
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


def smooth_steps(profile: np.ndarray) -> np.ndarray:
    """A moving mean over three steps, so that sampling noise does not make bands shrink and swell."""
    padded = np.concatenate([profile[:1], profile, profile[-1:]])
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3 if len(profile) > 2 else profile


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
        records = build(frequency, series)
        np.savez_compressed(args.out / f"{frequency}.npz", **learn(records))
        digest = hashlib.sha256()
        for one in series:
            digest.update(f"{one.file}/{one.name}".encode() + one.values.tobytes())
        counts = (
            pd.Series([f"{s.file}{' (training part)' if s.withheld else ''}" for s in series])
            .value_counts()
            .sort_index()
        )
        told = {
            "series": {str(k): int(v) for k, v in counts.items()}, "origins": len(records.rows),
            "values_sha256": digest.hexdigest(), "made_by": "benchmarks/learn_auto.py",
        }  # fmt: skip
        (args.out / f"{frequency}.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
        print(frequency, told, flush=True)


if __name__ == "__main__":
    main()
