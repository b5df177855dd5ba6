"""Electric shares of a market, and the market as a moving ceiling for electric registrations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.frames import Panel
from forecasting.periods import Kind, Period

SHORTEST_MARKET = 6  # known months below which a market is too little known to bound anything
GROWTH_RANGE = (0.0, 0.05)  # a year; what a mature vehicle market is allowed to grow in a bound


def shares(parts: Panel, markets: Panel, within: dict[str, str]) -> Panel:
    """Part over market, period by period; NaN where either is unknown.

    ``within`` names the market of each part.

    >>> month = Period.month(2025, 1)
    >>> ev = Panel.of({"ev": {month: 5.0}}, {"ev": "vehicles"})
    >>> market = Panel.of({"all": {month: 20.0}}, {"all": "vehicles"})
    >>> shares(ev, market, {"ev": "all"}).values["ev"].tolist()
    [0.25]
    """
    ids = [id for id in parts.ids if within.get(id) in markets.ids]
    aligned = {id: parts.values[id] / markets.values[within[id]].reindex(parts.values.index) for id in ids}
    return Panel(parts.kind, pd.DataFrame(aligned, index=parts.values.index), dict.fromkeys(ids, "1"))


def market_path(market: pd.Series, index: pd.RangeIndex) -> pd.Series:
    """A market completed over all months of an index, to scale shares with.

    Known months stand as they are. The others take the typical share of their calendar month in a year times a
    level: the rolling twelve-month mean between known months, the first or last known level outside, growing
    after the end by the market's own growth held inside :data:`GROWTH_RANGE`. It is a scale for models, never
    an observation.
    """
    known = market.dropna()
    wide = market.reindex(range(min(index[0], known.index[0]), max(index[-1], known.index[-1]) + 1))
    level = np.log(wide).rolling(12, min_periods=SHORTEST_MARKET, center=True).mean()
    level = level.interpolate(limit_area="inside")
    profile = (np.log(wide) - level).groupby(wide.index % 12).median().reindex(range(12)).fillna(0.0)
    last = level.last_valid_index()
    span = max(int(last) - int(level.first_valid_index()), 1)
    slope = (level[last] - level.dropna().iloc[0]) / span
    monthly = float(np.clip(slope, GROWTH_RANGE[0] / 12, GROWTH_RANGE[1] / 12))
    level = level.bfill()
    ahead = np.maximum(wide.index.to_numpy() - int(last), 0)
    level = level.ffill() + monthly * ahead
    completed = np.exp(level + profile.reindex(wide.index % 12).to_numpy())
    return wide.where(wide.notna(), completed).reindex(index)


def ceilings(panel: Panel, markets: Panel, within: dict[str, str], horizon: Period) -> pd.DataFrame | None:
    """The market of each part from the panel's start to the horizon; None when no market is known enough."""
    index = pd.RangeIndex(panel.first.ordinal, horizon.ordinal + 1)
    columns = {
        id: market_path(markets.values[within[id]], index)
        for id in panel.ids
        if within.get(id) in markets.ids
        and int(markets.values[within[id]].notna().sum()) >= SHORTEST_MARKET
        and panel.kind is Kind.MONTH
    }
    return pd.DataFrame(columns, index=index) if columns else None
