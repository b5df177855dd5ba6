"""What others said, beside what we say: drawn together where they are comparable, scored where the year has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.balance.evaluate import Values
from forecasting.balance.graph import Graph
from forecasting.catalogue import Catalogue
from forecasting.data.outturns import Outturns
from forecasting.evaluation.metrics import interval_score
from forecasting.frames import Array, Forecast, Observations
from forecasting.periods import Period

_MEDIAN = np.array([0.5])  # a published figure without a band is scored as one number
COLUMNS = [
    "issued",
    "source",
    "series",
    "period",
    "scenario",
    "value",
    "unit",
    "words",
    "status",
    "actual",
    "actual_from",
    "error",
    "error_pct",
    "crps",
    "ours_low_80",
    "ours_median",
    "ours_high_80",
    "ours_below",
    "comparable",
    "why",
]


@dataclass(frozen=True)
class Ours:
    """Our draws of the same thing, whether the bases are the same, and the difference in words."""

    draws: Array
    comparable: bool
    why: str


def scorecard(
    table: pd.DataFrame,
    graph: Graph,
    catalogue: Catalogue,
    observations: Observations,
    forecasts: Sequence[Forecast],
    values: Values,
) -> pd.DataFrame:
    """One row an outlook: scored against what happened, or set beside our band (``ours_below`` is the share of
    our draws below it).

    ``status`` is ``scored`` (a figure of the same series and period was published), ``due`` (the period is over
    but no figure was) or ``ahead``; errors are outlook less actual. An outlook ahead whose basis is unlike
    ours is flagged not comparable, with the reason, and carries no band.
    """
    last = max(observations.frame["available_at"]).date()
    outturns = Outturns(catalogue, observations)
    rows = []
    for outlook in table.to_dict("records"):
        period = Period.parse(str(outlook["period"]))
        series, value = str(outlook["series"]), float(outlook["value"])
        found = outturns.latest(series, period)
        ours = _ours(series, period, graph, forecasts, values)
        row = {name: outlook.get(name, "") for name in COLUMNS[:8]}
        if period.end > last:
            row |= {"status": "ahead", **_beside(ours, value)}
        elif found is None:
            row |= {"status": "due", "comparable": False, "why": "no figure of the period was published"}
        else:
            row |= {
                "status": "scored",
                "actual": found.value,
                "actual_from": found.origin,
                "error": value - found.value,
                "error_pct": 100 * (value / found.value - 1) if found.value else np.nan,
                "crps": float(interval_score(np.array([found.value]), np.array([[value]]), _MEDIAN)[0]),
                "comparable": True,
                "why": "the same series and period",
            }
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def _beside(ours: Ours | None, value: float) -> dict[str, object]:
    if ours is None:
        return {"comparable": False, "why": "we forecast nothing of this kind"}
    row: dict[str, object] = {"comparable": ours.comparable, "why": ours.why}
    if len(ours.draws):
        low, median, high = (float(q) for q in np.quantile(ours.draws, [0.1, 0.5, 0.9]))
        below = float((ours.draws < value).mean())
        row |= {"ours_low_80": low, "ours_median": median, "ours_high_80": high, "ours_below": below}
    return row


def _ours(
    series: str, period: Period, graph: Graph, forecasts: Sequence[Forecast], values: Values
) -> Ours | None:
    for forecast in forecasts:
        inside = forecast.kind is period.kind and series in forecast.ids
        if inside and forecast.first <= period <= forecast.last:
            return Ours(forecast.of(series)[period - forecast.first], True, "the same series and period")
    rule = graph.compare.get(series)
    if rule is None:
        return None
    if rule.node is None:
        return Ours(np.empty(0), False, rule.why)
    year = Period.parse(f"FY{str(period)[2:6]}")
    if year not in graph.periods:
        return Ours(np.empty(0), False, f"{period} is beyond {graph.last}; {rule.why}")
    return Ours(values[rule.node][year - graph.first], rule.comparable, rule.why)
