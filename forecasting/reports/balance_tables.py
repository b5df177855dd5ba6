"""The tables of the balance: scenarios, years, tornado, value of data, checks against what others published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from forecasting.reports.answer import year_or_none
from forecasting.reports.format import MISSING, Numbers, chance_text, unit_short
from forecasting.reports.material import Material
from forecasting.reports.model import Cell, Column, Table
from forecasting.reports.tables import anchor

BALANCE_ROW = "#provenance-balance"
TORNADO_ROWS = 12
KNOWING_ROWS = 8


def _cell(value: Any, numbers: Numbers) -> Cell:
    number = float(value)
    return Cell(numbers.forecast(number), None if number != number else number)


def _chance(value: Any) -> Cell:
    number = float(value)
    return Cell(MISSING) if number != number else Cell(chance_text(number), number)


def _band(row: Any, keys: Sequence[str], numbers: Numbers) -> list[Cell]:
    return [_cell(row[key], numbers) for key in keys]


def comparison(heads: pd.DataFrame, numbers: Numbers, unit: str) -> Table:
    """One row a scenario: demand, what India makes, both gaps with P(shortage), the year the gap closes."""
    period = str(heads["period"].iloc[0])
    columns = [Column("Scenario"), Column("Demand", numeric=True), Column("Made in India", numeric=True)]
    for name in ("Home gap", "Market gap"):
        columns += [
            Column(head, numeric=True, group=name) for head in ("Median", "80% from", "to", "P(shortage)")
        ]
    columns += [
        Column("closes at even odds", group="Market gap"),
        Column("closes at four in five", group="Market gap"),
        Column("more needed for four in five", numeric=True, group="Market gap"),
    ]
    rows = []
    for row in heads.to_dict("records"):
        cells = [
            Cell(str(row["title"]), link=BALANCE_ROW),
            *_band(row, ("demand_median", "home_supply_median"), numbers),
        ]
        for gap in ("home", "market"):
            cells += _band(row, [f"gap_{gap}_median", f"gap_{gap}_low_80", f"gap_{gap}_high_80"], numbers)
            cells.append(_chance(row[f"p_shortage_{gap}"]))
        cells += [
            Cell(year_or_none(row["stays_closed_p50_market"]) or "not"),
            Cell(year_or_none(row["closes_p80_market"]) or "not"),
            _cell(row["needed_80_market"], numbers),
        ]
        rows.append(tuple(cells))
    caption = (
        f"{period}, {unit}: medians, 80% bands, and the share of possible worlds in which something lacks. Home gap: "
        "demand less magnets made in India. Market gap: demand less all that can be had."
    )
    return Table("balance-scenarios", caption, tuple(columns), tuple(rows))


def years(
    bands: pd.DataFrame, heads: pd.DataFrame, node: str, name: str, ahead: Sequence[str], numbers: Numbers
) -> Table:
    """One gap by scenario and year: median and P(shortage)."""
    mine = bands[bands["node"] == node].set_index(["scenario", "period"])
    columns = [Column("Scenario")]
    for period in ahead:
        columns += [Column("Median", True, period), Column("P(shortage)", True, period)]
    rows = []
    for row in heads.to_dict("records"):
        cells = [Cell(str(row["title"]), link=BALANCE_ROW)]
        for period in ahead:
            if (row["scenario"], period) not in mine.index:
                cells += [Cell(MISSING)] * 2
                continue
            one = mine.loc[(row["scenario"], period)]
            cells += [_cell(one["median"], numbers), _chance(one["p_positive"])]
        rows.append(tuple(cells))
    unit = unit_short(str(mine["unit"].iloc[0]))
    return Table(
        f"balance-{anchor(node)}", f"{name} by fiscal year and scenario, {unit}", tuple(columns), tuple(rows)
    )


def view_years(
    mine: pd.DataFrame, demand: str, made: str, available: str, home: str, market: str, numbers: Numbers
) -> Table:
    """One scenario year by year: demand, supply and both gaps."""
    by = mine.set_index(["node", "period"])
    columns = [
        Column("Fiscal year"),
        Column("Demand", numeric=True),
        Column("Made in India", numeric=True),
        Column("Can be had", numeric=True),
    ]
    for name in ("Home gap", "Market gap"):
        columns += [
            Column(head, numeric=True, group=name) for head in ("Median", "80% from", "to", "P(shortage)")
        ]
    rows = []
    for period in sorted(set(mine.loc[mine["node"] == home, "period"])):
        cells = [Cell(str(period), link=BALANCE_ROW)]
        for node in (demand, made, available):
            found = (node, period) in by.index
            cells.append(_cell(by.loc[(node, period), "median"], numbers) if found else Cell(MISSING))
        for node in (home, market):
            if (node, period) not in by.index:
                cells += [Cell(MISSING)] * 4
                continue
            one = by.loc[(node, period)]
            cells += [*_band(one, ("median", "low_80", "high_80"), numbers), _chance(one["p_positive"])]
        rows.append(tuple(cells))
    unit = unit_short(str(mine.loc[mine["node"] == home, "unit"].iloc[0]))
    return Table("balance-years", f"Year by year, {unit}; medians unless said", tuple(columns), tuple(rows))


def tornado(group: pd.DataFrame, name: str, id: str, numbers: Numbers) -> Table:
    """What each input does to the gap, and the share of the variance it explains."""
    columns = (
        Column("Input"),
        Column("Kind"),
        Column("Gap at its 10% level", numeric=True),
        Column("at its 90% level", numeric=True),
        Column("Swing", numeric=True),
        Column("Sobol, first order", numeric=True),
        Column("Sobol, total", numeric=True),
    )
    rows = tuple(
        (
            Cell(str(row["title"]), link=BALANCE_ROW),
            Cell(str(row["kind"])),
            *_band(row, ("at_low", "at_high", "swing", "first", "total"), numbers),
        )
        for row in group.head(TORNADO_ROWS).to_dict("records")
    )
    return Table(f"{id}-table", f"{name}, {unit_short(str(group['unit'].iloc[0]))}", columns, rows)


def knowing(group: pd.DataFrame, title: str, numbers: Numbers) -> Table:
    """Which figures, if known, would narrow the band most, and why they are not known today."""
    first = group.iloc[0]
    columns = (
        Column("Figure"),
        Column("Narrower by", numeric=True),
        Column("in %", numeric=True),
        Column("Why it is not known"),
    )
    rows = []
    for row in group.head(KNOWING_ROWS).to_dict("records"):
        if float(row["narrower"]) <= float(row["noise"]):
            continue
        year = str(row["figure"]).rpartition(" ")[2] if " " in str(row["figure"]) else ""
        rows.append(
            (
                Cell(str(row["title"]), link=BALANCE_ROW, note=year),
                *_band(row, ("narrower", "narrower_pct"), numbers),
                Cell(str(row["why"])),
            )
        )
    caption = (
        f"{title}: the 80% band of the market gap of {first['period']} is {numbers.forecast(float(first['band']))} "
        f"{unit_short(str(first['unit']))} wide; so much narrower it would be if one figure were known. "
        "What is within chance is left out."
    )
    return Table(f"knowing-{anchor(str(first['scenario']))}", caption, columns, tuple(rows))


def checks(material: Material, numbers: Numbers) -> Iterable[Table]:
    """Our past against published figures, and how the outlooks of others did."""
    found = material.table("validation")
    if len(found):
        columns = (
            Column("What"), Column("Year"), Column("Published", numeric=True),
            Column("Median", True, "Ours"), Column("80% from", True, "Ours"), Column("to", True, "Ours"),
            Column("Verdict"), Column("Why"),
        )  # fmt: skip
        titles = dict(zip(material.table("balance")["node"], material.table("balance")["title"], strict=True))
        rows = tuple(
            (
                Cell(
                    str(titles.get(row["node"], row["node"])),
                    link=BALANCE_ROW,
                    note=unit_short(str(row["unit"])),
                ),
                Cell(str(row["period"])),
                Cell(
                    numbers.observed(float(row["published"])),
                    float(row["published"]),
                    note=str(row["source"]),
                ),
                *_band(row, ("median", "low_80", "high_80"), numbers),
                Cell(str(row["verdict"])),
                Cell(str(row["why"])),
            )
            for row in found.to_dict("records")
        )
        yield Table("validation", "Our balance of past years against published figures", columns, rows)
    scored = material.table("outlook_scores")
    scored = scored[scored["status"] == "scored"]
    if len(scored):
        columns = (
            Column("Series"), Column("Who"), Column("Issued"), Column("Period"), Column("Scenario"),
            Column("Said", numeric=True), Column("Happened", numeric=True), Column("Error in %", numeric=True),
        )  # fmt: skip
        rows = tuple(
            (
                Cell(_series_title(material, str(row["series"])), note=unit_short(str(row["unit"]))),
                Cell(str(row["source"])), Cell(str(row["issued"])), Cell(str(row["period"])),
                Cell(str(row["scenario"]) or MISSING),
                Cell(numbers.observed(float(row["value"])), float(row["value"])),
                Cell(numbers.observed(float(row["actual"])), float(row["actual"])),
                Cell(numbers.signed(float(row["error_pct"])), float(row["error_pct"])),
            )
            for row in scored.to_dict("records")
        )  # fmt: skip
        yield Table("outlook-scores", "Published outlooks whose day has come", columns, rows)


def _series_title(material: Material, id: str) -> str:
    series = material.catalogue.series.get(id)
    return series.title if series else id
