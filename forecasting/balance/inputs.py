"""Series by fiscal year for the graph: what was observed, then the paths of the champions' joint forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.balance.graph import Graph
from forecasting.balance.nodes import SeriesNode
from forecasting.catalogue import Catalogue
from forecasting.data.store import believed
from forecasting.errors import DataError
from forecasting.frames import Array, Forecast, Observations
from forecasting.periods import Kind, Period, span

UNKNOWN = "not known"


@dataclass(frozen=True)
class SeriesPaths:
    """One series by fiscal year: ``values`` is (years, paths), the same in every path where observed.

    ``origin`` says for each year where the number comes from; NaN years have the origin :data:`UNKNOWN`.
    ``targets`` are announced plans by year with their source; ``forecast_from`` the first forecast year.
    """

    first: Period
    values: Array
    origin: tuple[str, ...]
    targets: Mapping[Period, tuple[float, str]]
    forecast_from: Period

    @property
    def last(self) -> Period:
        return self.first + (len(self.values) - 1)

    def window(self, periods: Sequence[Period]) -> Array:
        """The values of some years, (years, paths), NaN outside."""
        wide = np.full((len(periods), self.values.shape[1]), np.nan)
        for row, period in enumerate(periods):
            if self.first <= period <= self.last:
                wide[row] = self.values[period - self.first]
        return wide

    def origin_of(self, period: Period) -> str:
        return self.origin[period - self.first] if self.first <= period <= self.last else UNKNOWN


def fiscal_paths(
    graph: Graph, observations: Observations, catalogue: Catalogue, forecasts: Sequence[Forecast]
) -> dict[str, SeriesPaths]:
    """The paths of every series node of a graph, by node id.

    ``observations`` are those known on the day of the forecasts; ``forecasts`` the joint ones of an edition.
    A year is a sum of its twelve months, else a fiscal-year figure, else a bridge of calendar years, in this
    order; a year ahead is a forecast. Raises :class:`DataError` when a year ahead has neither forecast nor an
    assumption to stand in.
    """
    yearly = {id: forecast for forecast in forecasts if forecast.kind is Kind.FY for id in forecast.ids}
    ahead = min((forecast.first for forecast in yearly.values()), default=graph.last + 1)
    draws = max((forecast.paths.shape[2] for forecast in yearly.values()), default=1)
    found, missing = {}, []
    for id, node in graph.nodes.items():
        if isinstance(node, SeriesNode):
            found[id] = _paths(node, graph, observations, catalogue, yearly, draws, ahead)
            for period in span(max(found[id].forecast_from, graph.first), graph.last):
                if node.after is None and found[id].origin_of(period) == UNKNOWN:
                    missing.append(f"{node.series} {period}")
    if missing:
        raise DataError(
            f"no forecast of {', '.join(missing[:8])} ({len(missing)} years in all) for the balance; "
            "let an experiment forecast the series to the graph's last year, or give its node an 'after'"
        )
    return found


def _paths(
    node: SeriesNode,
    graph: Graph,
    observations: Observations,
    catalogue: Catalogue,
    yearly: Mapping[str, Forecast],
    draws: int,
    ahead: Period,
) -> SeriesPaths:
    past = _history(node, observations, catalogue)
    forecast = yearly.get(node.series)
    begin = forecast.first if forecast is not None else max([ahead, *(p + 1 for p in past)])
    first = min([graph.first, *past])
    rows, origin = [], []
    for period in span(first, max(graph.last, begin)):
        if forecast is not None and forecast.first <= period <= forecast.last and period not in past:
            rows.append(forecast.of(node.series)[period - forecast.first])
            origin.append(f"forecast of {node.series} ({forecast.models.get(node.series, 'joint')})")
        elif period in past:
            rows.append(np.full(draws, past[period][0]))
            origin.append(past[period][1])
        else:
            rows.append(np.full(draws, np.nan))
            origin.append(UNKNOWN)
    plans = believed(observations, catalogue, node.series, ["target"])
    targets = {
        Period.parse(p): (float(v), str(s))
        for p, v, s in zip(plans["period"], plans["value"], plans["source"], strict=True)
    }
    return SeriesPaths(first, np.stack(rows), tuple(origin), targets, begin)


def _history(
    node: SeriesNode, observations: Observations, catalogue: Catalogue
) -> dict[Period, tuple[float, str]]:
    past: dict[Period, tuple[float, str]] = {}
    if node.calendar is not None:
        past |= _bridged(node, observations, catalogue, node.calendar)
    for id in reversed(node.yearly):
        past |= _whole_years(id, observations, catalogue)
    past |= _whole_years(node.series, observations, catalogue)
    return past


def _whole_years(
    id: str, observations: Observations, catalogue: Catalogue
) -> dict[Period, tuple[float, str]]:
    rows = believed(observations, catalogue, id)
    values = {Period.parse(p): float(v) for p, v in zip(rows["period"], rows["value"], strict=True)}
    sources = dict(zip(rows["period"], rows["source"], strict=True))
    if catalogue.series[id].kind is Kind.FY:
        return {p: (value, f"{id} ({sources[str(p)]})") for p, value in values.items()}
    if catalogue.series[id].kind is not Kind.MONTH:
        raise DataError(f"{id} is neither monthly nor by fiscal year; name it as the node's 'calendar'")
    years: dict[Period, list[float]] = {}
    for month, value in values.items():
        years.setdefault(month.to(Kind.FY), []).append(value)
    return {year: (sum(parts), f"twelve months of {id}") for year, parts in years.items() if len(parts) == 12}


def _bridged(
    node: SeriesNode, observations: Observations, catalogue: Catalogue, id: str
) -> dict[Period, tuple[float, str]]:
    rows = believed(observations, catalogue, id)
    values = {Period.parse(p): float(v) for p, v in zip(rows["period"], rows["value"], strict=True)}
    if node.calendar_is == "level":
        values = {year: value - values[year + -1] for year, value in values.items() if year + -1 in values}
    flows = {int(str(year)[2:]): value for year, value in values.items()}
    return {
        Period.parse(f"FY{year}"): (
            0.75 * flows[year - 1] + 0.25 * value,
            f"nine months of CY{year - 1} and three of CY{year}, {id}",
        )
        for year, value in flows.items()
        if year - 1 in flows
    }
