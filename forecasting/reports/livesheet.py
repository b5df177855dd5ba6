"""The balance as sheets that compute: a scenario to choose, shares to change, and every total a formula.

Medians do not add up, means do: the sheets add means. The cells hold today's results, so that a viewer that does not
compute shows the right numbers too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecasting.reports.format import unit_short
from forecasting.reports.sheets import Book

DATA, LIVE, TOTALS = "Balance data", "Balance", "Scenario totals"
COLUMNS = (
    "scenario", "node", "title", "side", "unit", "period", "mean", "low_95", "low_80", "low_50", "median", "high_50",
    "high_80", "high_95", "p_positive",
)  # fmt: skip
CHOICE = "$B$3"
FIRST_YEAR = 5  # the column of the first year on the live sheet


@dataclass(frozen=True)
class Adding:
    """How nodes add up, in an order in which parts come before what they are part of, and the means to add."""

    parts: Mapping[str, tuple[tuple[str, float], ...]]
    leaves: tuple[str, ...]
    periods: tuple[str, ...]
    scenarios: tuple[tuple[str, str], ...]
    means: Mapping[tuple[str, str, str], float]
    titles: Mapping[str, str]
    units: Mapping[str, str]
    rows: Mapping[tuple[str, str, str], int]
    bands: Mapping[tuple[str, str, str], Mapping[str, float]]

    def total(self, scenario: str, node: str, period: str) -> float:
        """The sum of the parts' means, as the sheets compute it."""
        if node not in self.parts:
            return self.means[(scenario, node, period)]
        return sum(sign * self.total(scenario, part, period) for part, sign in self.parts[node])


def adding(balance: pd.DataFrame, structure: pd.DataFrame, scenarios: pd.DataFrame) -> Adding:
    """What the tables of an edition say about how the balance adds up."""
    parts: dict[str, tuple[tuple[str, float], ...]] = {}
    for node, group in structure[structure["part"] != ""].groupby("node", sort=False):
        parts[str(node)] = tuple(
            (str(part), float(sign)) for part, sign in zip(group["part"], group["sign"], strict=True)
        )
    keys = list(zip(balance["scenario"], balance["node"], balance["period"], strict=True))
    means = dict(zip(keys, map(float, balance["mean"]), strict=True))
    known = set(means)
    ids = [(str(id), str(title)) for id, title in zip(scenarios["scenario"], scenarios["title"], strict=True)]
    nodes = {*parts, *(part for row in parts.values() for part, _ in row)}
    periods = tuple(
        period
        for period in sorted(set(map(str, balance["period"])))
        if all((id, node, period) in known for id, _ in ids for node in nodes)
    )
    ordered = {node: parts[node] for node in _ordered(parts)}
    return Adding(
        parts=ordered,
        leaves=tuple(sorted(nodes - set(parts))),
        periods=periods,
        scenarios=tuple(ids),
        means=means,
        titles=dict(zip(balance["node"], balance["title"], strict=True)),
        units=dict(zip(balance["node"], balance["unit"], strict=True)),
        rows={key: i + 2 for i, key in enumerate(keys)},
        bands={
            key: {str(name): float(value) for name, value in row.items()}
            for key, row in zip(keys, balance[list(COLUMNS[7:])].to_dict("records"), strict=True)
        },
    )


def _ordered(parts: Mapping[str, tuple[tuple[str, float], ...]]) -> Iterator[str]:
    done: set[str] = set()

    def visit(node: str) -> Iterator[str]:
        if node in done or node not in parts:
            return
        done.add(node)
        for part, _ in parts[node]:
            yield from visit(part)
        yield node

    for node in parts:
        yield from visit(node)


def write_balance(
    book: Book, balance: pd.DataFrame, structure: pd.DataFrame, scenarios: pd.DataFrame, chosen: str
) -> None:
    """The sheets of the balance: live, totals of every scenario, and the data they stand on."""
    facts = adding(balance, structure, scenarios)
    live, totals, data = book.sheet(LIVE), book.sheet(TOTALS), book.sheet(DATA)
    book.table(data, COLUMNS, balance[list(COLUMNS)].to_numpy().tolist())
    _live(book, live, facts, len(balance), chosen)
    _totals(book, totals, facts)


def _column(place: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(place))


def _live(book: Book, sheet: Any, facts: Adding, count: int, chosen: str) -> None:
    sheet.set_column(0, 0, 52)
    sheet.set_column(1, 4, 16)
    sheet.set_column(FIRST_YEAR, FIRST_YEAR + len(facts.periods), 12)
    sheet.write_string(
        0, 0, "Does it add up? Choose a scenario; every total is computed here", book.format("title")
    )
    sheet.write_string(
        1,
        0,
        "Yellow cells may be changed: the scenario, and by how much each part counts. Means add up, medians do not.",
    )
    sheet.write_string(2, 0, "Scenario", book.format("bold"))
    sheet.write_string(2, 1, chosen, book.format("input"))
    sheet.data_validation(
        2, 1, 2, 1,
        {"validate": "list", "source": f"='{TOTALS}'!$A$2:$A${len(facts.scenarios) * len(facts.periods) + 1}"}
        if len("".join(id for id, _ in facts.scenarios)) + len(facts.scenarios) > 250
        else {"validate": "list", "source": [id for id, _ in facts.scenarios]},
    )  # fmt: skip
    sheet.write_string(3, 0, "In words")
    lookup = dict(facts.scenarios)
    sheet.write_formula(
        3, 1, f"=INDEX('{TOTALS}'!$B:$B,MATCH({CHOICE},'{TOTALS}'!$A:$A,0))", None, lookup.get(chosen, "")
    )
    heads = ["What", "Node", "Unit", "Sign", "Counts"]
    for j, head in enumerate([*heads, *facts.periods]):
        sheet.write_string(5, j, head, book.format("head"))
    sheet.freeze_panes(6, 1)
    places: dict[str, int] = {}
    row = 6
    for node, parts in facts.parts.items():
        first = row
        for part, sign in parts:
            _part(book, sheet, facts, row, part, sign, count, chosen, places)
            row += 1
        sheet.write_string(row, 0, facts.titles[node], book.format("bold"))
        sheet.write_string(row, 1, node)
        sheet.write_string(row, 2, unit_short(facts.units[node]))
        for j, period in enumerate(facts.periods):
            name = _column(FIRST_YEAR + j)
            terms = f"$D{first + 1}:$D{row}*$E{first + 1}:$E{row}*{name}{first + 1}:{name}{row}"
            sheet.write_formula(
                row, FIRST_YEAR + j, f"=SUMPRODUCT({terms})", book.format("total"),
                facts.total(chosen, node, period),
            )  # fmt: skip
        places[node] = row
        row += 2
    _bands(book, sheet, facts, row, count, chosen)


def _part(
    book: Book,
    sheet: Any,
    facts: Adding,
    row: int,
    part: str,
    sign: float,
    count: int,
    chosen: str,
    places: Mapping[str, int],
) -> None:
    """One part: its means of the chosen scenario from the data, or the total computed above."""
    sheet.write_string(row, 0, facts.titles[part])
    sheet.write_string(row, 1, part)
    sheet.write_string(row, 2, unit_short(facts.units[part]))
    sheet.write_number(row, 3, sign)
    sheet.write_number(row, 4, 1.0, book.format("factor"))
    for j, period in enumerate(facts.periods):
        name = _column(FIRST_YEAR + j)
        formula = (
            f"={name}{places[part] + 1}"
            if part in places
            else _looked_up("mean", count, f"$B{row + 1}", f"{name}$6")
        )
        value = facts.total(chosen, part, period)
        sheet.write_formula(row, FIRST_YEAR + j, formula, book.format("whole"), value)


def _looked_up(column: str, count: int, node: str, period: str) -> str:
    def span(name: str) -> str:
        letter = _column(COLUMNS.index(name))
        return f"'{DATA}'!${letter}$2:${letter}${count + 1}"

    return (
        f"=SUMIFS({span(column)},{span('scenario')},{CHOICE},{span('node')},{node},{span('period')},{period})"
    )


def _bands(book: Book, sheet: Any, facts: Adding, row: int, count: int, chosen: str) -> None:
    """Medians, 80% bands and P(shortage) of the totals in the chosen scenario; looked up, since they do not add."""
    sheet.write_string(row, 0, "Bands of the totals in this scenario (from the draws; shares above do not move them)",
                       book.format("bold"))  # fmt: skip
    row += 1
    for node in facts.parts:
        named = [
            ("median", "median", "whole"),
            ("low_80", "80% band from", "whole"),
            ("high_80", "to", "whole"),
        ]
        if node.startswith("gap"):
            named.append(("p_positive", "P(shortage)", "percent"))
        for column, said, shown in named:
            sheet.write_string(row, 0, f"{facts.titles[node]}: {said}")
            sheet.write_string(row, 1, node)
            sheet.write_string(
                row, 2, unit_short(facts.units[node]) if shown == "whole" else "share of worlds"
            )
            for j, period in enumerate(facts.periods):
                name = _column(FIRST_YEAR + j)
                formula = _looked_up(column, count, f"$B{row + 1}", f"{name}$6")
                value = facts.bands[(chosen, node, period)][column]
                sheet.write_formula(row, FIRST_YEAR + j, formula, book.format(shown), value)
            row += 1


def _totals(book: Book, sheet: Any, facts: Adding) -> None:
    """Every scenario and year with its totals as sums of cells of the data sheet."""
    heads = [
        "scenario",
        "title",
        "period",
        *(f"{node} [{unit_short(facts.units[node])}]" for node in facts.parts),
    ]
    rows = [[id, title, period] for id, title in facts.scenarios for period in facts.periods]
    book.table(sheet, heads, [[*row, *[None] * len(facts.parts)] for row in rows])
    letter = _column(COLUMNS.index("mean"))
    where = {node: j for j, node in enumerate(facts.parts, start=3)}
    for i, (scenario, _, period) in enumerate(rows, start=1):
        for node, parts in facts.parts.items():
            terms = []
            for part, sign in parts:
                cell = (
                    f"{_column(where[part])}{i + 1}"
                    if part in where
                    else f"'{DATA}'!{letter}{facts.rows[(scenario, part, period)]}"
                )
                terms.append(f"{'-' if sign < 0 else '+'}{cell}")
            formula = "=" + "".join(terms).removeprefix("+")
            sheet.write_formula(
                i, where[node], formula, book.format("whole"), facts.total(scenario, node, period)
            )
