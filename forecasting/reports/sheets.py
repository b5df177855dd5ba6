"""Sheets of a workbook: tables from A1 with typed columns, one writer for all of them; text never becomes a formula."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd

from forecasting.reports.format import Grouping
from forecasting.reports.model import Table

NAME_LENGTH = 31
PLAIN = {"international": "#,##0", "indian": r"[>=10000000]##\,##\,##\,##0;[>=100000]##\,##\,##0;#,##0"}


def sheet_name(wanted: str, taken: set[str]) -> str:
    """A sheet name Excel accepts, not taken yet.

    >>> taken = {"in.ev.2w"}
    >>> sheet_name("in.ev.2w", taken), sheet_name("a/b" + "x" * 40, set())
    ('in.ev.2w (2)', 'a bxxxxxxxxxxxxxxxxxxxxxxxxxxxx')
    """
    base = re.sub(r"[\[\]:*?/\\']", " ", wanted).strip()[:NAME_LENGTH] or "sheet"
    lowered = {name.lower() for name in taken}
    name, place = base, 2
    while name.lower() in lowered:
        tail = f" ({place})"
        name, place = base[: NAME_LENGTH - len(tail)] + tail, place + 1
    taken.add(name)
    return name


@dataclass
class Book:
    """A workbook being written, its formats, and the names already used."""

    file: Any
    grouping: Grouping
    taken: set[str] = field(default_factory=set)
    tables: int = 0
    formats: dict[str, Any] = field(default_factory=dict)

    def format(self, kind: str) -> Any:
        """A cell format by name."""
        if kind not in self.formats:
            self.formats[kind] = self.file.add_format(_looks(self.grouping)[kind])
        return self.formats[kind]

    def number(self, value: float) -> Any:
        """The format a number is shown in: whole from 100 up, with the decimals of three digits below."""
        size = abs(value)
        return self.format(
            "whole" if size >= 100 or size == round(size) else "one" if size >= 10 else "small"
        )

    def sheet(self, name: str) -> Any:
        """A new sheet."""
        made = self.file.add_worksheet(sheet_name(name, self.taken))
        made.hide_gridlines(2)
        return made

    def put(self, sheet: Any, row: int, column: int, value: Any) -> None:
        """One cell by the type of its value: nothing, text, day, truth or number."""
        if value is None or (isinstance(value, float) and value != value):
            sheet.write_blank(row, column, None)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, (datetime, pd.Timestamp, date)):
            sheet.write_datetime(row, column, value, self.format("day"))
        elif isinstance(value, (int, float)):
            sheet.write_number(row, column, float(value), self.number(float(value)))
        else:
            sheet.write_string(row, column, str(value))

    def table(self, sheet: Any, heads: Sequence[str], rows: Sequence[Sequence[Any]], at: int = 0) -> None:
        """A defined table with a frozen head row, wide enough to read."""
        unique = _unique(heads)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                self.put(sheet, at + 1 + i, j, value)
        self.tables += 1
        sheet.add_table(
            at, 0, at + max(len(rows), 1), len(unique) - 1,
            {
                "name": f"table_{self.tables}",
                "columns": [{"header": head, "header_format": self.format("head")} for head in unique],
                "style": "Table Style Light 1",
            },
        )  # fmt: skip
        if at == 0:
            sheet.freeze_panes(1, 1)
        for j, head in enumerate(unique):
            lengths = [len(str(row[j])) for row in rows[:200] if isinstance(row[j], str)]
            sheet.set_column(j, j, min(60, max(12, len(head) + 3, *(lengths or [0]))))


def _unique(heads: Sequence[str]) -> list[str]:
    found: list[str] = []
    for head in heads:
        name, place = head, 2
        while name.lower() in {one.lower() for one in found}:
            name, place = f"{head} {place}", place + 1
        found.append(name)
    return found


def _looks(grouping: Grouping) -> dict[str, dict[str, Any]]:
    plain = PLAIN[grouping]
    return {
        "whole": {"num_format": plain},
        "one": {"num_format": "0.0"},
        "small": {"num_format": "0.00##"},
        "percent": {"num_format": "0%"},
        "day": {"num_format": "yyyy-mm-dd"},
        "head": {"bold": True, "text_wrap": True, "valign": "top"},
        "title": {"bold": True, "font_size": 16},
        "bold": {"bold": True},
        "wrap": {"text_wrap": True, "valign": "top"},
        "input": {"bg_color": "#FFF2CC", "border": 1, "bold": True, "locked": False},
        "factor": {"bg_color": "#FFF2CC", "border": 1, "num_format": "0%", "locked": False},
        "total": {"bold": True, "top": 1, "num_format": plain},
        "link": {"font_color": "#004b76", "underline": 1},
    }


def heads_of(table: Table) -> list[str]:
    """The heads of a report table with their groups."""
    return [f"{column.group}: {column.head}" if column.group else column.head for column in table.columns]


def rows_of(table: Table) -> list[list[Any]]:
    """The rows of a report table: full values of numbers, text with its note elsewhere."""
    return [
        [
            cell.value
            if cell.value is not None
            else (f"{cell.text} ({cell.note})" if cell.note else cell.text)
            for cell in row
        ]
        for row in table.rows
    ]
