"""What `auto`'s tables are learnt from (see learn_auto.py): series, rolling origins, forecasts of the bank there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
from simulate_coverage import LAWS, worlds

from forecasting.models.auto import bands
from forecasting.models.auto.bank import bank, methods
from forecasting.models.auto.features import features
from forecasting.models.auto.forecast import LONGEST
from forecasting.models.auto.prepare import prepare

SEASON = {"yearly": 1, "quarterly": 4, "monthly": 12}
REACH = {"yearly": 8, "quarterly": 8, "monthly": 24}
OWN = {"yearly": 6, "quarterly": 8, "monthly": 18}  # horizons of M1, M3, M4
LEAST = {"yearly": 6, "quarterly": 10, "monthly": 24}
BACK = {"yearly": (0, 2, 5, 9), "quarterly": (0, 4, 11, 19), "monthly": (0, 6, 19, 38)}
FOLDS = 5
OF_EACH_LAW, SHORTEST, LONGEST_SIMULATED = 1000, 5.5, 70
SIMULATED = "simulated_yearly"
Arrays = dict[str, np.ndarray]


@dataclass
class Records:
    """Everything known about the forecasts at the rolling origins of one frequency."""

    name: str
    reach: int
    rows: list[dict] = field(default_factory=list)

    def arrays(self) -> Arrays:
        keys = ("file", "back", "fold", "x", "f", "a", "mask", "cost", "count", "wide", "h", "length")
        out = {k: np.array([r[k] for r in self.rows]) for k in keys}
        return out | {"real": out["file"] != SIMULATED}


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


def simulated() -> list[Series]:
    """Annual series of known law, the laws of simulate_coverage.py with draws of their own."""
    rng = np.random.default_rng(77)
    out = []
    for law in LAWS:
        for number in range(OF_EACH_LAW):
            length = int(np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST_SIMULATED))))
            values = np.exp(worlds(law, max(length, LEAST["yearly"]), 1, rng)[0])
            out.append(Series(SIMULATED, f"{law} {number}", values, False))
    return out


def origins(series: Series, frequency: str) -> list[tuple[int, int]]:
    """(number of the origin, values before it). Where the end is withheld, the latest years known are targets
    too, one to three steps away: forecasts will start from there (number -1)."""
    whole, own = len(series.values), horizon_of(series.file, frequency)
    back = (0,) if series.file == SIMULATED else BACK[frequency]
    cuts = [(number, whole - own - steps) for number, steps in enumerate(back)]
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
                    "h": own, "length": int(p.seen.sum()), "x": features(p, table, info), "f": table, "a": a0,
                    "mask": mask, "p": p, "info": info,
                    "cost": (step, error.mean() / step, percent.mean()),
                    "wide": bands.width_inputs(p, np.zeros(1), table, info, reach)[:, 1:],
                }
            )  # fmt: skip
    return records


def point_cost(d: Arrays) -> np.ndarray:
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


def case_weight(d: Arrays, balance: float = 0.5) -> np.ndarray:
    """Series with more origins and files with more series count less than in proportion (``balance`` 1: alike)."""
    frame = pd.DataFrame({"file": d["file"], "series": d["count"]})
    weight = 1 / np.sqrt(frame.groupby(["file", "series"])["file"].transform("size").to_numpy(float))
    total = pd.Series(weight).groupby(frame["file"]).transform("sum").to_numpy()
    weight *= (total.mean() / total) ** balance
    return weight / weight.mean()
