"""Vehicle registrations: VAHAN by category and month, by maker and year, the ministry's table, the dashboard."""

from __future__ import annotations

import re
from datetime import date

from forecasting.data.importers.base import Figure, Reading
from forecasting.data.importers.reading import Cell, Raw, csv_rows, records, sheets
from forecasting.errors import Fault, PeriodError
from forecasting.periods import Kind, Period

CATEGORIES: dict[str, str | None] = {
    "TWO WHEELER (INVALID CARRIAGE)": "in.ev.2w",
    "TWO WHEELER(NT)": "in.ev.2w",
    "TWO WHEELER(T)": "in.ev.2w",
    "THREE WHEELER(NT)": "in.ev.3w",
    "THREE WHEELER(T)": "in.ev.3w",
    "LIGHT MOTOR VEHICLE": "in.ev.pv",
    "LIGHT PASSENGER VEHICLE": "in.ev.pv",
    "FOUR WHEELER (INVALID CARRIAGE)": "in.ev.pv",
    "HEAVY PASSENGER VEHICLE": "in.ev.bus",
    "MEDIUM PASSENGER VEHICLE": "in.ev.bus",
    "HEAVY GOODS VEHICLE": "in.ev.goods",
    "MEDIUM GOODS VEHICLE": "in.ev.goods",
    "LIGHT GOODS VEHICLE": "in.ev.goods",
    "HEAVY MOTOR VEHICLE": "in.ev.other",
    "MEDIUM MOTOR VEHICLE": "in.ev.other",
    "OTHER THAN MENTIONED ABOVE": "in.ev.other",
}
TOTAL = "in.ev.total"
TRUSTED = (Period.parse("2014-01"), Period.parse("2024-02"))  # legacy entries before; one fuel label after
LABEL_ONLY = "one fuel label only from March 2024: a false collapse"
LEGACY = "legacy entries before 2014"
FIRST_LABEL_MONTHS = {"in.ev.3w": "2024-03", "in.ev.pv": "2024-03"}  # nothing else was printed for these
MAKERS: dict[str, str | None] = {"2W": "in.ev.2w.cy", "3W": "in.ev.3w.cy", "LMV": None, "MMV": None}
MORTH: dict[str, str | None] = {
    "Two Wheeler": "in.ev.2w.cy",
    "Three Wheeler": "in.ev.3w.cy",
    "Four Wheeler": None,
    "Goods Vehicles": None,
    "Public Service Vehicle": None,
    "Special Category Vehicles": None,
    "Others": None,
    "Total": None,
}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def categories(raw: Raw) -> Reading:
    """VAHAN electric registrations, one row a month and one column a category, dated day/month/year."""
    reading = Reading(raw)
    rows = csv_rows(raw)
    if rows[0][0] != "Date":
        raise raw.refuse(f"the first column is {rows[0][0]!r}, not 'Date'", "name the category-by-month file")
    columns = {
        i: reading.known(":1", "category", name, CATEGORIES) for i, name in enumerate(rows[0]) if i and name
    }
    if reading.faults:
        return reading.done()
    for number, row in enumerate(rows[1:], start=2):
        month = _month(row[0])
        if month is None:
            if not any(field not in ("", "0") for field in row):
                continue
            reading.faults.append(
                Fault(f"{raw.name}:{number}", f"{row[0]!r} is no day", "write it as 1/12/2023")
            )
            continue
        sums: dict[str, float] = {}
        for column, series in columns.items():
            value = reading.number(f":{number}", row[column] if column < len(row) else "")
            for id in (series, TOTAL):
                if id is not None and value is not None:
                    sums[id] = sums.get(id, 0.0) + value
        _keep(reading, month, sums)
    return reading.done()


def _keep(reading: Reading, month: Period, sums: dict[str, float]) -> None:
    first, last = TRUSTED
    for series, value in sums.items():
        if first <= month <= last:
            reading.figures.append(Figure(series, str(month), value, "vahan_cat_0124"))
        elif FIRST_LABEL_MONTHS.get(series) == str(month):
            note = "one fuel label only, 1-2 % low; nothing else printed for this month"
            reading.figures.append(Figure(series, str(month), value, "vahan_cat_0124", "provisional", note))
        else:
            reading.left_out[LEGACY if month < first else LABEL_ONLY] += 1


def _month(text: str) -> Period | None:
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    try:
        return (
            Period.containing(date(int(match[3]), int(match[2]), int(match[1])), Kind.MONTH)
            if match
            else None
        )
    except ValueError:
        return None


def makers(raw: Raw) -> Reading:
    """VAHAN electric registrations by category and maker, one column a year: sums over makers of whole years."""
    reading = Reading(raw)
    rows = csv_rows(raw)
    if rows[0][:2] != ["Cat", "Maker"]:
        raise raw.refuse("the first columns are not 'Cat' and 'Maker'", "name the maker-by-year file")
    years = {i: int(name) for i, name in enumerate(rows[0]) if re.fullmatch(r"20\d\d", name)}
    sums: dict[tuple[str, int], float] = {}
    for number, row in enumerate(rows[1:], start=2):
        series = reading.known(f":{number}", "category", row[0], MAKERS)
        for column, year in years.items():
            value = reading.number(f":{number}", row[column] if column < len(row) else "")
            if series is not None and value is not None:
                sums[series, year] = sums.get((series, year), 0.0) + value
    unfinished = max(years.values(), default=0)
    for (series, year), value in sorted(sums.items()):
        if year == unfinished:
            reading.left_out[f"{year}: the year was not over"] += 1
        else:
            note = "sum over makers"
            reading.figures.append(Figure(series, f"CY{year}", value, "vahan_makers_1524", "derived", note))
    return reading.done()


def morth(raw: Raw) -> Reading:
    """The ministry's table by category: electric vehicles of each whole calendar year."""
    reading = Reading(raw)
    for number, row in records(raw, ("Vehicle Category",)):
        series = reading.known(f":{number}", "category", row["Vehicle Category"], MORTH)
        for name, text in row.items():
            match = re.fullmatch(r"(\d{4})( \(Till [^)]*\))? - EV", name)
            if match is None:
                continue
            value = reading.number(f":{number}", text)
            if series is None or value is None:
                continue
            if match[2]:
                reading.left_out[f"{match[1]}{match[2]}: the year was not over"] += 1
            else:
                reading.figures.append(Figure(series, f"CY{match[1]}", value, "morth_2018_2023"))
    return reading.done()


def dashboard(raw: Raw) -> Reading:
    """The VAHAN dashboard's workbook: vehicle category by month of one year, both electric fuel labels summed.

    The header row names the months; the title says the year and the fuel. A workbook of one electric label alone
    is refused: from March 2024 it is half of the vehicles.
    """
    reading = Reading(raw)
    for title, rows in sheets(raw).items():
        if rows:
            _dashboard_sheet(reading, title, rows)
    return reading.done()


def _dashboard_sheet(reading: Reading, title: str, rows: list[list[Cell]]) -> None:
    heading = " ".join(str(cell) for row in rows[:3] for cell in row if cell is not None).upper()
    year = re.search(r"\b(20\d\d)\b", heading)
    header = next(
        (i for i, row in enumerate(rows) if sum(str(c).upper() in MONTHS for c in row if c) >= 1), None
    )
    where = f"{reading.raw.name}:{title}"
    if year is None or header is None:
        reading.faults.append(
            Fault(where, "no year in the title or no row of months", "export category by month")
        )
        return
    if "ELECTRIC(BOV)" not in heading or "PURE EV" not in heading:
        found = "the title does not name both ELECTRIC(BOV) and PURE EV"
        reading.faults.append(
            Fault(where, found, "select both fuels: one alone is a false collapse from March 2024")
        )
        return
    columns = {
        i: MONTHS.index(str(c).upper()) + 1 for i, c in enumerate(rows[header]) if str(c).upper() in MONTHS
    }
    sums: dict[tuple[str, int], float] = {}
    for number, row in enumerate(rows[header + 1 :], start=header + 2):
        names = [str(cell) for cell in row[: min(columns)] if isinstance(cell, str) and cell]
        if not names or names[-1].upper().startswith(("TOTAL", "NOTE")):
            continue
        series = reading.known(f":{title}!{number}", "category", names[-1].upper(), CATEGORIES)
        for column, month in columns.items():
            value = reading.number(f":{title}!{number}", row[column] if column < len(row) else None)
            for id in (series, TOTAL):
                if series is not None and id is not None and value is not None:
                    sums[id, month] = sums.get((id, month), 0.0) + value
    for (series, month), value in sorted(sums.items()):
        try:
            label = str(Period.parse(f"{year[1]}-{month:02d}"))
        except PeriodError as error:
            reading.faults.append(Fault(where, str(error), "check the title"))
            return
        reading.figures.append(Figure(series, label, value, "vahan_dashboard"))
