"""What others said, beside what we say: drawn together where they are comparable, scored where the year has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.balance.evaluate import Values
from forecasting.balance.graph import Graph
from forecasting.catalogue import Catalogue
from forecasting.data.store import believed
from forecasting.evaluation.metrics import GRID, crps
from forecasting.frames import Array, Forecast, Observations
from forecasting.periods import Kind, Period

KNOWN = ("actual", "provisional", "derived", "estimate")
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
    rows = []
    for outlook in table.to_dict("records"):
        period = Period.parse(str(outlook["period"]))
        series, value = str(outlook["series"]), float(outlook["value"])
        actual, origin = happened(series, period, catalogue, observations)
        ours = _ours(series, period, graph, forecasts, values)
        row = {name: outlook.get(name, "") for name in COLUMNS[:8]}
        if period.end > last:
            row |= {"status": "ahead", **_beside(ours, value)}
        elif actual is None:
            row |= {"status": "due", "comparable": False, "why": "no figure of the period was published"}
        else:
            row |= {
                "status": "scored",
                "actual": actual,
                "actual_from": origin,
                "error": value - actual,
                "error_pct": 100 * (value / actual - 1) if actual else np.nan,
                "crps": float(crps(np.array([actual]), np.full((1, len(GRID)), value), np.empty(0))[0]),
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


def happened(
    series: str, period: Period, catalogue: Catalogue, observations: Observations
) -> tuple[float | None, str]:
    """The believed figure of a period and where it comes from: the series itself, its months, or its yearly twin."""
    if series not in catalogue.series:
        return None, ""
    twins = [series, f"{series}.{str(period.kind).lower()}"]
    for id in twins:
        if id not in catalogue.series:
            continue
        rows = believed(observations, catalogue, id, KNOWN)
        if catalogue.series[id].kind is period.kind:
            found = rows[rows["period"] == str(period)]
            if len(found):
                return float(found["value"].iloc[0]), f"{id} ({found['source'].iloc[0]})"
        elif catalogue.series[id].kind is Kind.MONTH:
            labels = {str(month) for month in period.months()}
            found = rows[rows["period"].isin(labels)]
            if len(found) == len(labels):
                return float(found["value"].sum()), f"{len(labels)} months of {id}"
    return None, ""


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
