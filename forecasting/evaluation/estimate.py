"""What a run would do and how long it would take, before it does it."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from forecasting.evaluation.backtest import Plan
from forecasting.evaluation.cache import Cache

COLUMNS = ["model", "series", "origins", "fits", "kept", "seconds", "from"]


@dataclass(frozen=True)
class Estimate:
    """``table`` has one row a model: its series, origins, fits, how many of them are kept already, and the
    processor seconds of the rest with where the figure comes from: ``these parameters``, ``this model`` with
    others, or nothing (NaN) for a model never timed here."""

    table: pd.DataFrame

    @property
    def left(self) -> int:
        """Fits still to be made."""
        return int((self.table["fits"] - self.table["kept"]).sum())

    @property
    def untimed(self) -> list[str]:
        """The models with fits to be made that were never timed here."""
        left = self.table["fits"] > self.table["kept"]
        return sorted({str(name) for name in self.table.loc[left & self.table["seconds"].isna(), "model"]})

    def words(self, jobs: int) -> str:
        """The estimate for so many processes, and what is not in it.

        >>> rows = [["ets", 2, 3, 6, 0, 90.0, "this model"], ["lags", 2, 3, 6, 0, float("nan"), ""]]
        >>> Estimate(pd.DataFrame(rows, columns=COLUMNS)).words(2)
        '12 fits to make, at least 45 s with 2 processes; never timed here and not counted: lags'
        """
        if not self.left:
            return "nothing to fit: everything is kept already"
        told = f"{self.left} fits to make"
        if self.table["seconds"].notna().any():
            wait = _told(float(self.table["seconds"].sum()) / jobs)
            told += f", {'at least' if self.untimed else 'about'} {wait} with {jobs} process{'es' if jobs > 1 else ''}"
        else:
            told += ", time unknown"
        return (
            f"{told}; never timed here and not counted: {', '.join(self.untimed)}" if self.untimed else told
        )


def estimate(found: Plan, cache: Cache) -> Estimate:
    """What of a plan is kept already, and what the rest will take by the seconds its models took before.

    A pooled fit of which a series is lacking is made whole.
    """
    times = cache.times()
    exact = {recipe: seconds / fits for recipe, _, fits, seconds in times}
    summed: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for _, model, fits, seconds in times:
        summed[model][0] += fits
        summed[model][1] += seconds
    known = cache.known([key for keys in found.keys for key in keys])
    parts = []
    for work, keys in zip(found.works, found.keys, strict=True):
        recipe, model = work.named
        pace, source = exact.get(recipe, math.nan), "these parameters"
        if recipe not in exact and model in summed:
            pace, source = summed[model][1] / summed[model][0], "this model"
        kept = sum(key in known for key in keys)
        left = len(keys) - kept
        spent = pace * (len(keys) if work.pooled else left) if left else 0.0
        cutoff = str(work.origin.cutoff)
        parts.append(
            (work.candidate.name, len(keys), cutoff, kept, spent, "" if math.isnan(pace) else source)
        )
    frame = pd.DataFrame(parts, columns=["model", "fits", "cutoff", "kept", "seconds", "from"])
    grouped = frame.groupby("model", sort=False)
    table = grouped.agg(
        origins=("cutoff", "nunique"),
        fits=("fits", "sum"),
        kept=("kept", "sum"),
        **{"from": ("from", "first")},
    )
    table["series"] = frame.groupby(["model", "cutoff"])["fits"].sum().groupby("model").max()
    table["seconds"] = grouped["seconds"].sum(min_count=1).where(grouped["seconds"].count() == grouped.size())
    return Estimate(table.reset_index()[COLUMNS])


def _told(seconds: float) -> str:
    if seconds < 1:
        return "a second"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
