"""The values of an earlier edition carried into a new one: its rows as they are, and paths that have its quantiles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.frames import LEVELS, Array, Forecast
from forecasting.periods import Period, span
from forecasting.publishing.candidate import Previous


def vintage_of(previous: Previous, id: str) -> tuple[str, str]:
    """The edition the values of a series in the previous edition are from, and how they stood there."""
    rows = previous.states[previous.states["series"] == id] if len(previous.states) else previous.states
    if rows.empty:
        return previous.edition, "ok"
    standing, vintage = str(rows.iloc[0]["standing"]), str(rows.iloc[0]["vintage"])
    return (vintage or previous.edition), standing


def paths_again(
    previous: Previous, id: str, first: Period, last: Period, draws: int
) -> tuple[Forecast, str] | None:
    """Paths of a series with the quantiles the previous edition gave it, and the edition these are from.

    None when that edition withheld the series or does not cover the periods. Between two quantiles the
    distribution is taken as uniform, beyond the outermost it goes on as steeply and not below zero; a path keeps its
    rank in all periods, so sums of years are somewhat wider than they were.
    """
    vintage, standing = vintage_of(previous, id)
    rows = previous.table[(previous.table["series"] == id) & (previous.table["kind"] == str(first.kind))]
    if standing == "withheld" or rows.empty:
        return None
    wide = rows.pivot(index="period", columns="quantile", values="value")
    labels = [str(period) for period in span(first, last)]
    if not set(labels) <= set(wide.index) or tuple(map(float, wide.columns)) != LEVELS:
        return None
    quantiles = wide.loc[labels].to_numpy(dtype=float)
    ranks = (np.arange(draws) + 0.5) / draws
    paths = np.stack([inverse(row, ranks) for row in quantiles])[None]
    unit, model = str(rows["unit"].iloc[0]), str(rows["model"].iloc[0])
    return Forecast((id,), first, paths, {id: unit}, {id: model}), vintage


def inverse(quantiles: Array, ranks: Array) -> Array:
    """Values at ranks between 0 and 1 of a distribution known by its quantiles at :data:`LEVELS`, none below zero.

    >>> inverse(np.array([1.0, 2, 4, 10, 20, 30, 36, 38, 39]), np.array([0.0, 0.025, 0.5, 1.0])).tolist()
    [0.0, 1.0, 20.0, 40.0]
    """
    levels = np.asarray(LEVELS)
    inside = np.interp(ranks, levels, quantiles)
    low = quantiles[0] - (levels[0] - ranks) * (quantiles[1] - quantiles[0]) / (levels[1] - levels[0])
    high = quantiles[-1] + (ranks - levels[-1]) * (quantiles[-1] - quantiles[-2]) / (levels[-1] - levels[-2])
    found = np.where(ranks < levels[0], low, np.where(ranks > levels[-1], high, inside))
    return np.asarray(np.maximum(found, 0.0) if quantiles.min() >= 0 else found)


def rows_again(table: pd.DataFrame, previous: Previous | None, stale: set[str]) -> pd.DataFrame:
    """A forecast table with the rows of stale series as the previous edition had them, for the same periods."""
    if previous is None or not stale:
        return table
    key = ["series", "kind", "period", "scenario", "quantile"]
    again = previous.table[previous.table["series"].isin(stale)]
    wanted = table.loc[table["series"].isin(stale), key]
    kept = wanted.merge(again, on=key, how="inner")[list(table.columns)]
    return pd.concat([table[~table["series"].isin(stale)], kept], ignore_index=True)
