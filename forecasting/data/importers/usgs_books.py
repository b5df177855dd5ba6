"""USGS workbooks: Data Series 140 (world production since 1900) and the Minerals Yearbook's table 8."""

from __future__ import annotations

import re

from forecasting.catalogue import Status
from forecasting.data.importers.base import Figure, Reading
from forecasting.data.importers.reading import Cell, Raw, sheets
from forecasting.data.importers.usgs import COUNTRIES, INDIA

FOOTNOTE = re.compile(r"(,?\s*\d+)+$")
FLAGS = re.compile(r"^(e|r|\d|,|\s|--)*$")
ALIASES = {"Total": "World total"}


def historical(raw: Raw) -> Reading:
    """Data Series 140: the column of world production, in tons of oxide, by calendar year."""
    reading = Reading(raw)
    for title, rows in sheets(raw).items():
        header = next((i for i, row in enumerate(rows) if row and row[0] == "Year"), None)
        if header is None:
            continue
        names = [str(cell or "").strip() for cell in rows[header]]
        if "World production" not in names:
            raise raw.refuse("no column 'World production'", "name the rare-earth workbook", f":{title}")
        column = names.index("World production")
        for number, row in enumerate(rows[header + 1 :], start=header + 2):
            year = row[0] if row else None
            if not isinstance(year, (int, float)) or not 1900 <= year <= 2100 or len(row) <= column:
                continue
            value = reading.number(f":{title}!{number}", row[column])
            if value is not None:
                reading.figures.append(Figure("world.reo", f"CY{int(year)}", value, "usgs_ds140_2020"))
    return reading.done()


def yearbook(raw: Raw) -> Reading:
    """Minerals Yearbook: table 8, mine production by country, with its letters for estimated and revised."""
    reading = Reading(raw)
    book = sheets(raw)
    title = next((name for name, rows in book.items() if _is_world_table(rows)), None)
    if title is None:
        raise raw.refuse(
            "no table 'RARE EARTHS: WORLD MINE PRODUCTION'", "name the tables of the rare-earth chapter"
        )
    years: dict[int, int] = {}
    for number, row in enumerate(book[title], start=1):
        if row and str(row[0] or "").startswith("Country or locality"):
            years = {i: int(float(str(cell))) for i, cell in enumerate(row) if _is_year(cell)}
            continue
        name = FOOTNOTE.sub("", str(row[0] or "").strip()) if row else ""
        if not years or not name or not any(isinstance(row[i], (int, float)) for i in years if i < len(row)):
            continue
        plain = (
            name.removesuffix("e") if name not in COUNTRIES and name.removesuffix("e") in COUNTRIES else name
        )
        whole = plain != name
        series = reading.known(f":{title}!{number}", "country", ALIASES.get(plain, plain), COUNTRIES)
        if series is not None:
            _cells(reading, f":{title}!{number}", row, years, series, whole)
    return reading.done()


def _is_world_table(rows: list[list[Cell]]) -> bool:
    return any("WORLD MINE PRODUCTION" in str(cell) for row in rows[:6] for cell in row if cell)


def _is_year(cell: Cell) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d(\.0)?", str(cell)))


def _cells(
    reading: Reading, where: str, row: list[Cell], years: dict[int, int], series: str, estimated: bool
) -> None:
    for column, year in years.items():
        cell = row[column] if column < len(row) else None
        if cell is None or str(cell).startswith("--"):
            continue
        flag = str(row[column + 1] or "") if column + 1 < len(row) and column + 1 not in years else ""
        if not FLAGS.match(flag):
            flag = ""
        value = reading.number(where, cell)
        if value is None:
            continue
        if series == "in.reo":
            reading.figures.append(
                Figure(series, f"CY{year}", value, "usgs_myb_2022", "carried_forward", INDIA)
            )
            continue
        guess = estimated or "e" in flag
        notes = ["estimated by USGS"] if guess else []
        notes += ["revised by USGS"] if "r" in flag else []
        status: Status = "estimate" if guess else "actual"
        reading.figures.append(Figure(series, f"CY{year}", value, "usgs_myb_2022", status, "; ".join(notes)))
