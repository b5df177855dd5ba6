"""What differs between two editions: every number that moved, what was added or left out, and who forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.errors import InputMissing

FORECASTS = "forecasts.csv"
STATES = "states.csv"
_KEY = ["series", "kind", "period", "scenario", "unit", "figure"]
COLUMNS = [*_KEY, "before", "after", "moved", "moved_pct", "change"]


@dataclass(frozen=True)
class Difference:
    """``numbers`` has a row a figure (``median``, ``low_80`` …) of a series and period, in its unit, with what it was
    ``before`` and ``after``, by how much it ``moved`` (in percent where it was not zero), and the ``change``: same,
    moved, added or removed. ``states`` has a row a series whose standing or model changed."""

    numbers: pd.DataFrame
    states: pd.DataFrame

    @property
    def changed(self) -> pd.DataFrame:
        """The rows of ``numbers`` that are not the same."""
        return self.numbers[self.numbers["change"] != "same"].reset_index(drop=True)


def difference(before: Path, after: Path) -> Difference:
    """Compare the forecasts and standings of two edition folders; raises :class:`InputMissing` without forecasts."""
    old, new = forecasts(before), forecasts(after)
    both = _by_figure(old).merge(
        _by_figure(new), on=_KEY, how="outer", suffixes=("_before", "_after"), indicator="where"
    )
    was, now = both["value_before"].to_numpy(float), both["value_after"].to_numpy(float)
    moved = now - was
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = np.where(was != 0, 100 * moved / np.abs(was), np.nan)
    said = np.select(
        [both["where"] == "left_only", both["where"] == "right_only", was == now],
        ["removed", "added", "same"],
        "moved",
    )
    numbers = both[_KEY].assign(before=was, after=now, moved=moved, moved_pct=percent, change=said)
    return Difference(numbers[COLUMNS], _states(_standings(before, old), _standings(after, new)))


def forecasts(folder: Path) -> pd.DataFrame:
    """The forecast table of an edition, every number as it was published."""
    path = folder / FORECASTS
    if not path.is_file():
        raise InputMissing(f"{path} is missing; {folder.name} holds no forecasts to compare")
    return pd.read_csv(path, float_precision="round_trip")


def figure(level: float) -> str:
    """The name of a quantile: the median, or the end of a band.

    >>> figure(0.5), figure(0.1), figure(0.975)
    ('median', 'low_80', 'high_95')
    """
    if level == 0.5:
        return "median"
    return f"{'low' if level < 0.5 else 'high'}_{round(200 * abs(level - 0.5))}"


def _by_figure(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(figure=[figure(level) for level in table["quantile"]])[[*_KEY, "value"]]


def _standings(folder: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Standing and model of each series; editions without ``states.csv`` published nothing but what was ok."""
    if (folder / STATES).is_file():
        states = pd.read_csv(folder / STATES, dtype=str, keep_default_na=False)
        return states.set_index("series")[["standing", "model"]]
    models = table.groupby("series")["model"].agg(lambda names: ", ".join(dict.fromkeys(names)))
    return models.to_frame().assign(standing="ok")[["standing", "model"]]


def _states(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    both = before.join(after, how="outer", lsuffix="_before", rsuffix="_after").fillna("")
    changed = (both["standing_before"] != both["standing_after"]) | (
        both["model_before"] != both["model_after"]
    )
    return both[changed].rename_axis("series").reset_index()
