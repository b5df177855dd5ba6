"""The balance section of the report model: scenarios compared, each in its years, tornado and value of data."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecasting.periods import Period
from forecasting.reports import balance_tables as laid
from forecasting.reports.answer import moved_gaps, says
from forecasting.reports.format import Numbers, chance_text, unit_short
from forecasting.reports.language import Words
from forecasting.reports.material import Material
from forecasting.reports.model import (
    Answer,
    BalanceChart,
    BalanceSection,
    Bar,
    BarChart,
    Line,
    ScenarioView,
    Table,
)
from forecasting.reports.tables import anchor

MISSION = "mission"  # told beside the baseline when the edition has it
TORNADO_BARS = 8
GAP_NAMES = {"home": "Home gap", "market": "Market gap"}


@dataclass(frozen=True)
class Nodes:
    """The ids of the nodes that answer the question, read off the structure."""

    demand: str
    made: str
    available: str
    home: str
    market: str

    @classmethod
    def of(cls, structure: pd.DataFrame) -> Nodes:
        """The nodes by role. One gap that is both has one of the two roles; both are then the same node."""
        by_role = dict(zip(structure["role"], structure["node"], strict=True))
        gap = by_role.get("market") or by_role["home"]
        market = structure[(structure["node"] == gap) & (structure["sign"] < 0)]
        made = by_role["home_supply"]
        available = str(market["part"].iloc[0]) if len(market) else made
        return cls(by_role["demand"], made, available, by_role.get("home") or gap, gap)

    @property
    def gaps(self) -> dict[str, str]:
        """The gap nodes by name, each once."""
        found = {"home": self.home, "market": self.market}
        return found if self.home != self.market else {"market": self.market}


def balance_section(material: Material, numbers: Numbers, words: Words) -> BalanceSection | None:
    """The balance of an edition, or nothing when it has none."""
    heads, bands, structure = (material.table(name) for name in ("scenarios", "balance", "structure"))
    if not len(heads) or not len(bands) or not len(structure):
        return None
    nodes = Nodes.of(structure)
    ahead = [p for p in sorted(set(bands["period"])) if Period.parse(str(p)).end > material.as_of]
    told = [row for row in heads.to_dict("records") if row["scenario"] in (material.scenario, MISSION)]
    told = told or heads.head(1).to_dict("records")
    unit = _unit(bands, nodes.home)
    return BalanceSection(
        answers=tuple(
            Answer(
                str(row["title"]),
                says(_named(row), numbers, words, tuple(nodes.gaps)),
                moved_gaps(material.table("changes"), nodes.gaps, str(row["scenario"]), numbers, words),
            )
            for row in told
        ),
        comparison=laid.comparison(heads, numbers, unit),
        ranges=tuple(_ranges(heads, gap, numbers, unit) for gap in nodes.gaps),
        views=tuple(_views(bands, heads, nodes, ahead, numbers, words)),
        years=tuple(
            laid.years(bands, heads, node, GAP_NAMES[gap], ahead, numbers) for gap, node in nodes.gaps.items()
        ),
        tornado=tuple(_tornadoes(material, nodes, numbers)),
        knowing=tuple(
            laid.knowing(group, _title(heads, str(scenario)), numbers)
            for (scenario, node), group in material.table("value_of_data").groupby(
                ["scenario", "node"], sort=False
            )
            if node == nodes.market
        ),
        checks=tuple(laid.checks(material, numbers)),
    )


def leading_gaps(material: Material) -> dict[str, str]:
    """What the moves of the gaps are filed under in ``changes``, of the scenarios told first, with their titles."""
    heads, structure = material.table("scenarios"), material.table("structure")
    if not len(heads) or not len(structure):
        return {}
    told = [id for id in heads["scenario"] if id in (material.scenario, MISSION)]
    gaps = Nodes.of(structure).gaps
    return {
        f"{scenario}.{node}": f"{GAP_NAMES[gap]}, {_title(heads, str(scenario))}"
        for scenario in told
        for gap, node in gaps.items()
    }


def _named(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _unit(bands: pd.DataFrame, node: str) -> str:
    return unit_short(str(bands.loc[bands["node"] == node, "unit"].iloc[0]))


def _title(heads: pd.DataFrame, scenario: str) -> str:
    found = heads.loc[heads["scenario"] == scenario, "title"]
    return str(found.iloc[0]) if len(found) else scenario


def _ranges(heads: pd.DataFrame, gap: str, numbers: Numbers, unit: str) -> BarChart:
    """The gap of the last year in every scenario: median and 80% band."""
    period = str(heads["period"].iloc[0])
    bars = []
    for row in heads.sort_values(f"gap_{gap}_median", kind="stable").to_dict("records"):
        low, middle, high = (float(row[f"gap_{gap}_{key}"]) for key in ("low_80", "median", "high_80"))
        text = f"{numbers.forecast(middle)}; P {chance_text(float(row[f'p_shortage_{gap}']))}"
        bars.append(Bar(str(row["title"]), low, middle, high, text))
    first, last = bars[0], bars[-1]
    description = (
        f"{GAP_NAMES[gap]} in {period}, {unit}, by scenario: median, 80% band and probability of a shortage. Least: "
        f"{first.name}, {numbers.forecast(first.middle)} ({numbers.forecast(first.low)} to "
        f"{numbers.forecast(first.high)}). Most: {last.name}, {numbers.forecast(last.middle)} "
        f"({numbers.forecast(last.low)} to {numbers.forecast(last.high)}). Right of zero something is lacking."
    )
    return BarChart(
        f"scenarios-{gap}",
        f"{GAP_NAMES[gap]} in {period} by scenario",
        description,
        f"{unit}; right of zero something is lacking",
        tuple(bars),
        numbers.grouping == "indian",
    )


def _views(
    bands: pd.DataFrame,
    heads: pd.DataFrame,
    nodes: Nodes,
    ahead: Sequence[str],
    numbers: Numbers,
    words: Words,
) -> Iterable[ScenarioView]:
    shown = bands[bands["node"].isin([nodes.demand, nodes.made, nodes.available])]
    top = min(float(shown["high_80"].max()), 1.1 * float(shown["median"].max())) * 1.05 or 1.0
    for row in heads.to_dict("records"):
        mine = bands[bands["scenario"] == row["scenario"]]
        chart = _chart(mine, str(row["title"]), nodes, ahead, top, numbers)
        table = laid.view_years(
            mine, nodes.demand, nodes.made, nodes.available, nodes.home, nodes.market, numbers
        )
        yield ScenarioView(
            str(row["scenario"]),
            str(row["title"]),
            says(_named(row), numbers, words, tuple(nodes.gaps)),
            chart,
            table,
        )


def _chart(
    mine: pd.DataFrame,
    title: str,
    nodes: Nodes,
    ahead: Sequence[str],
    top: float,
    numbers: Numbers,
) -> BalanceChart:
    named = (("demand", "demand", nodes.demand), ("available", "can be had", nodes.available),
             ("made", "made in India", nodes.made))  # fmt: skip
    periods = tuple(sorted(set(mine.loc[mine["node"] == nodes.demand, "period"])))
    lines, parts = [], []
    for key, name, node in named:
        rows = mine[mine["node"] == node].set_index("period").reindex(list(periods))
        low, median, high = (
            tuple(float(x) for x in rows[column]) for column in ("low_80", "median", "high_80")
        )
        lines.append(Line(key, name, low, median, high, numbers.forecast(median[-1])))
        parts.append(
            f"{name} {numbers.forecast(median[-1])} ({numbers.forecast(low[-1])} to {numbers.forecast(high[-1])})"
        )
    unit = _unit(mine, nodes.demand)
    description = (
        f"Demand and supply of magnets in {unit}, {periods[0]} to {periods[-1]}, scenario: {title}. "
        f"In {periods[-1]}, medians and 80% bands: {'; '.join(parts)}."
    )
    return BalanceChart(
        "balance-chart",
        f"Demand and supply: {title}",
        description,
        unit,
        periods,
        next((place for place, period in enumerate(periods) if period in ahead), len(periods)),
        tuple(lines),
        top,
        numbers.grouping == "indian",
    )


def _tornadoes(material: Material, nodes: Nodes, numbers: Numbers) -> Iterable[tuple[BarChart, Table]]:
    heads = material.table("scenarios")
    for (scenario, node), group in material.table("tornado").groupby(["scenario", "node"], sort=False):
        gap = "home" if node == nodes.home else "market"
        if node != nodes.market:
            continue
        title = _title(heads, str(scenario))
        period, unit = str(group["period"].iloc[0]), unit_short(str(group["unit"].iloc[0]))
        bars = tuple(
            Bar(
                str(row["title"]), float(row["at_low"]), float(row["at_median"]), float(row["at_high"]),
                f"{numbers.forecast(float(row['at_low']))} to {numbers.forecast(float(row['at_high']))}",
            )
            for row in group.head(TORNADO_BARS).to_dict("records")
        )  # fmt: skip
        widest = "; ".join(f"{bar.name}, {bar.text}" for bar in bars[:3])
        chart = BarChart(
            f"tornado-{anchor(str(scenario))}-{gap}",
            f"What moves the {GAP_NAMES[gap].lower()} of {period}: {title}",
            f"{GAP_NAMES[gap]} of {period} in {unit} with one input at its 10 and 90% level and the others at their "
            f"medians; an event off and on. Widest: {widest}.",
            f"{unit}; point: all inputs at their medians",
            bars,
            numbers.grouping == "indian",
        )
        yield chart, laid.tornado(group, f"{GAP_NAMES[gap]} of {period}: {title}", chart.id, numbers)
