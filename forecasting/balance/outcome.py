"""What the draws say: bands of every reported node, and the answer of each scenario in one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.balance.draws import draw, seeded
from forecasting.balance.evaluate import Values, evaluate
from forecasting.balance.graph import Graph
from forecasting.balance.inputs import SeriesPaths
from forecasting.balance.scenarios import Scenario
from forecasting.errors import UsageError, nearest
from forecasting.frames import Array
from forecasting.periods import Period

BANDS = {
    "low_95": 0.025,
    "low_80": 0.1,
    "low_50": 0.25,
    "median": 0.5,
    "high_50": 0.75,
    "high_80": 0.9,
    "high_95": 0.975,
}
DRAWS = 10_000
NEVER = ""


@dataclass(frozen=True)
class Balance:
    """A graph with its series and scenarios, ready to be worked out; the same seed gives the same numbers."""

    graph: Graph
    inputs: Mapping[str, SeriesPaths]
    scenarios: Mapping[str, Scenario]
    seed: int
    draws: int = DRAWS

    def values(self, scenario: str) -> Values:
        """Every node of one scenario on every draw, (years, draws)."""
        if scenario not in self.scenarios:
            raise UsageError(f"unknown scenario {scenario!r}; {nearest(scenario, self.scenarios)}")
        uniforms = seeded(self.graph, self.seed, self.draws)
        return evaluate(
            self.graph, draw(self.graph, self.inputs, self.scenarios[scenario], uniforms, self.draws)
        )


def balance_table(balance: Balance, scenarios: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The bands of every reported node by scenario and fiscal year, and one headline row a scenario."""
    rows, heads = [], []
    before: tuple[Values, dict[str, pd.DataFrame]] = ({}, {})
    for id in scenarios:
        values = balance.values(id)
        found = {
            node: before[1][node]
            if node in before[0] and np.array_equal(before[0][node], values[node], equal_nan=True)
            else bands(balance.graph, node, values[node])
            for node, record in balance.graph.nodes.items()
            if record.report
        }
        before = before if before[0] else ({node: values[node] for node in found}, found)
        rows.append(pd.concat(found.values(), ignore_index=True).assign(scenario=id))
        heads.append(headline(balance, id, values))
    table = pd.concat(rows, ignore_index=True)
    return table[["scenario", *[c for c in table if c != "scenario"]]], pd.DataFrame(heads)


def bands(graph: Graph, id: str, paths: Array) -> pd.DataFrame:
    """Columns ``node, title, side, unit, period, mean`` and the bands; years in which it is unknown are absent.

    ``p_positive`` is, for gaps, the share of draws in which something is lacking: P(shortage).
    """
    node = graph.nodes[id]
    known = np.asarray(~np.isnan(paths).any(axis=1))
    quantiles = np.quantile(paths[known], list(BANDS.values()), axis=1)
    table = pd.DataFrame(
        {
            "node": id,
            "title": node.title,
            "side": node.side,
            "unit": node.unit,
            "period": [str(graph.periods[t]) for t in np.flatnonzero(known)],
            "mean": paths[known].mean(axis=1),
            **{name: quantiles[i] for i, name in enumerate(BANDS)},
        }
    )
    table["p_positive"] = (paths[known] > 0).mean(axis=1) if node.side == "gap" else np.nan
    return table


def headline(balance: Balance, id: str, values: Values) -> dict[str, str | float]:
    """The answer of a scenario in the graph's last year: demand, supply, gaps, probabilities, closing years."""
    graph, scenario = balance.graph, balance.scenarios[id]
    ahead = graph.periods.index(first_ahead(balance))
    row: dict[str, str | float] = {"scenario": id, "title": scenario.title, "period": str(graph.last)}

    def band(name: str, paths: Array) -> None:
        for key in ("low_80", "median", "high_80"):
            row[f"{name}_{key}"] = float(np.quantile(paths[-1], BANDS[key]))

    band("demand", values[graph.demand])
    band("home_supply", values[graph.home_supply])
    band("demand_oxide", values["demand.oxide"])
    band("home_oxide", values["home.oxide"])
    band("import_dependence", values["import.dependence"])
    for name, node in (("home", graph.home), ("market", graph.market), ("oxide", graph.oxide)):
        gap = values[node]
        band(f"gap_{name}", gap)
        closed = (gap <= 0).mean(axis=1)
        row[f"p_shortage_{name}"] = float((gap[-1] > 0).mean())
        row[f"closes_p50_{name}"] = first_year(graph, closed, 0.5, ahead)
        row[f"closes_p80_{name}"] = first_year(graph, closed, 0.8, ahead)
        row[f"stays_closed_p50_{name}"] = stays_closed(graph, closed, 0.5, ahead)
        row[f"needed_80_{name}"] = needed(gap[-1], 0.8)
    return row


def first_year(graph: Graph, closed: Array, at_least: float, ahead: int) -> str:
    """The first forecast year in which the gap is closed with a probability, empty when there is none."""
    for t in range(ahead, len(closed)):
        if closed[t] >= at_least:
            return str(graph.periods[t])
    return NEVER


def stays_closed(graph: Graph, closed: Array, at_least: float, ahead: int) -> str:
    """The forecast year from which the gap is closed with a probability in every year, empty when none."""
    t = len(closed)
    while t > ahead and closed[t - 1] >= at_least:
        t -= 1
    return str(graph.periods[t]) if t < len(closed) else NEVER


def first_ahead(balance: Balance) -> Period:
    """The first year that is forecast in every series."""
    last = max(paths.forecast_from.ordinal for paths in balance.inputs.values())
    return Period(balance.graph.last.kind, min(last, balance.graph.last.ordinal))


def needed(gap: Array, probability: float) -> float:
    """Tonnes more that would close a gap with a probability; nil when it is closed that surely already.

    >>> needed(np.array([-1.0, 0.0, 1.0, 2.0, 3.0]), 0.75)
    2.0
    """
    return max(0.0, float(np.quantile(gap, probability)))
