"""Trade: DGCI&S TradeStat commodity × country tables, UN Comtrade, and FADA's monthly release tables.

Written from the published formats; the tests' files are made up and say so.
"""

from __future__ import annotations

import re
from typing import Any

from forecasting.catalogue import Status
from forecasting.data.importers.base import Figure, Reading
from forecasting.data.importers.html import tables_of
from forecasting.data.importers.reading import Cell, Raw, csv_rows, is_html, json_of, sheets, text_of
from forecasting.errors import Fault
from forecasting.periods import Period

LINES: dict[str, str | None] = {
    "85051110": "in.magnets.value.85051110",
    "85051190": "in.magnets.value.85051190",
    "85051900": "in.magnets.value.85051900",
}
RUPEES = {line: f"in.magnets.inr.{line}" for line in LINES}
ORIGINS: dict[str, str | None] = {
    "CHINA P RP": "cn", "CHINA": "cn", "GERMANY": "de", "HONG KONG": "hk", "INDONESIA": "id", "JAPAN": "jp",
    "KOREA RP": "kr", "REP. OF KOREA": "kr", "MALAYSIA": "my", "SINGAPORE": "sg", "THAILAND": "th", "TAIWAN": "tw",
    "OTHER ASIA, NES": "tw", "U S A": "us", "USA": "us", "VIETNAM SOC REP": "vn", "VIET NAM": "vn",
    "CHINA, HONG KONG SAR": "hk", "WORLD": "world", "TOTAL": "world",
} | dict.fromkeys(  # partners whose figures no series of ours holds
    [
        "AUSTRALIA", "AUSTRIA", "BELGIUM", "BRAZIL", "CANADA", "CZECH REPUBLIC", "CZECHIA", "DENMARK",
        "FINLAND", "FRANCE",
        "HUNGARY", "IRELAND", "ISRAEL", "ITALY", "MEXICO", "NETHERLAND", "NETHERLANDS", "NORWAY", "PHILIPPINES",
        "POLAND", "PORTUGAL", "ROMANIA", "RUSSIA", "SAUDI ARAB", "SLOVENIA", "SPAIN", "SRI LANKA DSR", "SWEDEN",
        "SWITZERLAND", "TURKEY", "U ARAB EMTS", "U K", "UNITED KINGDOM", "UNSPECIFIED", "AREAS, NES",
    ]
)  # fmt: skip
_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_COLUMN = re.compile(r"([A-Z]{3})[A-Z]*[-' ]*(\d{4})\s*\(?(R|F|P)?\)?", re.IGNORECASE)
SEGMENTS: dict[str, str | None] = {
    "2W": "2w", "TWO WHEELER": "2w", "3W": "3w", "THREE WHEELER": "3w", "PV": "pv", "PASSENGER VEHICLE": "pv",
    "CV": "cv", "COMMERCIAL VEHICLE": "cv", "TOTAL": "total", "TRACTOR": None, "TRAC": None, "CE": None,
    "CONSTRUCTION EQUIPMENT": None, "E-RICKSHAW(P)": None, "E-RICKSHAW WITH CART (G)": None,
    "THREE-WHEELER (GOODS)": None, "THREE-WHEELER (PASSENGER)": None, "THREE-WHEELER (PERSONAL)": None,
    "LCV": None, "MCV": None, "HCV": None, "OTHERS": None,
}  # fmt: skip


def tradestat(raw: Raw) -> Reading:
    """TradeStat: one commodity, the countries in rows, months in columns; HTML (also when named .xls) or CSV.

    Only the world's total of the magnet lines is taken: it is what the catalogue keeps by month. The heading must
    name the commodity, the month columns and the unit (US $ Million or Rs. Crore).
    """
    reading = Reading(raw)
    tables = tables_of(raw) if raw.content[:4] != b"PK\x03\x04" and is_html(text_of(raw)) else [csv_rows(raw)]
    heading = text_of(raw)[:20_000].upper()
    found = re.search(r"\b(8505\d{4})\b", heading)
    line = reading.known("", "commodity", found[1], LINES) if found else None
    if not found:
        reading.faults.append(
            Fault(raw.name, "no commodity such as 85051190 in the heading", "keep the whole page")
        )
    crore = "CRORE" in heading
    if not crore and "MILLION" not in heading:
        reading.faults.append(
            Fault(raw.name, "the heading names neither US $ Million nor Rs. Crore", "keep it whole")
        )
    for table in tables:
        header = next(
            (i for i, row in enumerate(table) if sum(bool(_COLUMN.search(c)) for c in row) >= 1), None
        )
        if header is None or found is None or line is None:
            continue
        columns = {i: match for i, cell in enumerate(table[header]) if (match := _COLUMN.search(cell))}
        for number, row in enumerate(table[header + 1 :], start=header + 2):
            names = [cell for cell in row[: min(columns)] if cell and not cell.rstrip(".").isdigit()]
            if not names:
                continue
            partner = reading.known(f":{number}", "country", names[-1].upper().rstrip("."), ORIGINS)
            if partner == "world":
                _tradestat_row(reading, f":{number}", row, columns, RUPEES[found[1]] if crore else line)
            elif partner is not None:
                reading.left_out["months by country of origin"] += len(columns)
    return reading.done()


def _tradestat_row(
    reading: Reading, where: str, row: list[str], columns: dict[int, re.Match[str]], series: str
) -> None:
    for column, match in columns.items():
        month = MONTHS.get(match[1].upper())
        value = reading.number(where, row[column] if column < len(row) else "")
        if month is None or value is None:
            continue
        status: Status = "provisional" if (match[3] or "").upper() in ("F", "P") else "actual"
        reading.figures.append(Figure(series, f"{match[2]}-{month:02d}", value, "dgcis_tradestat", status))


def comtrade(raw: Raw) -> Reading:
    """UN Comtrade, CSV or JSON: India's imports of HS 850511 by calendar year, in USD m, world and by origin."""
    reading = Reading(raw)
    for number, row in enumerate(_comtrade_rows(raw), start=1):
        where = f":{number}"
        fixed = {"reporterDesc": "India", "cmdCode": "850511", "flowCode": "M"}
        wrong = [f"{name} {row.get(name)!r}" for name, text in fixed.items() if str(row.get(name)) != text]
        if wrong:
            reading.left_out[f"not India's imports of 850511 ({', '.join(wrong)})"] += 1
            continue
        partner = reading.known(where, "country", str(row.get("partnerDesc", "")).upper(), ORIGINS)
        value = reading.number(where, _scalar(reading, where, row.get("primaryValue")))
        label = str(row.get("period", ""))
        if partner is None or value is None:
            continue
        if not re.fullmatch(r"(19|20)\d\d", label):
            if re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])", label) and partner == "world":
                month = f"{label[:4]}-{label[4:]}"
                usd_m = float(f"{value / 1e6:.9g}")
                reading.figures.append(
                    Figure("in.magnets.value.850511.comtrade", month, usd_m, "un_comtrade")
                )
                continue
            reading.left_out["periods other than a year"] += 1
            continue
        series = "in.magnets.value.850511.cy" if partner == "world" else f"in.magnets.origin.{partner}.cy"
        reading.figures.append(Figure(series, f"CY{label}", float(f"{value / 1e6:.9g}"), "un_comtrade"))
    return reading.done()


def _scalar(reading: Reading, where: str, cell: Any) -> Cell:
    if isinstance(cell, (list, dict)):
        reading.faults.append(
            Fault(f"{reading.raw.name}{where}", "a list where a number belongs", "download it again")
        )
        return None
    scalar: Cell = cell
    return scalar


def _comtrade_rows(raw: Raw) -> list[dict[str, Any]]:
    if raw.content.lstrip()[:1] in (b"{", b"["):
        document = json_of(raw)
        rows = document.get("data") if isinstance(document, dict) else document
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise raw.refuse("no list 'data' of records", "download the result of the query")
        return rows
    table = csv_rows(raw)
    missing = [
        n
        for n in ("period", "reporterDesc", "partnerDesc", "cmdCode", "flowCode", "primaryValue")
        if n not in table[0]
    ]
    if missing:
        faults = [
            Fault(f"{raw.name}:1", f"column {name!r} is missing", "export with descriptions")
            for name in missing
        ]
        raise raw.refuse(faults[0].found, faults[0].do, ":1")
    return [dict(zip(table[0], row, strict=False)) for row in table[1:]]


def fada(raw: Raw) -> Reading:
    """FADA's monthly release: all-fuel registrations by segment, this month and the same month a year before.

    CSV, HTML or .xlsx with the columns CATEGORY, MMM'YY, … as printed; the year-ago column restates that month.
    """
    reading = Reading(raw)
    if raw.content[:4] == b"PK\x03\x04":
        tables = [
            [[str(c) if c is not None else "" for c in row] for row in rows] for rows in sheets(raw).values()
        ]
    else:
        tables = tables_of(raw) if is_html(text_of(raw)) else [csv_rows(raw)]
    for table in tables:
        header = next(
            (i for i, row in enumerate(table) if row and row[0].strip().upper() == "CATEGORY"), None
        )
        if header is None:
            continue
        columns = {
            i: label for i, cell in enumerate(table[header]) if (label := _fada_month(cell)) is not None
        }
        if not columns:
            reading.faults.append(
                Fault(raw.name, "no column such as JUN'26", "keep the header of the release")
            )
            continue
        newest = max(columns.values(), key=lambda label: Period.parse(label).ordinal)
        for number, row in enumerate(table[header + 1 :], start=header + 2):
            segment = (
                reading.known(f":{number}", "category", row[0].strip().upper(), SEGMENTS) if row[0] else None
            )
            for column, label in columns.items():
                value = reading.number(f":{number}", row[column] if column < len(row) else "")
                if segment is None or value is None:
                    continue
                if Period.parse(newest) - Period.parse(label) not in (0, 12):
                    reading.left_out["the month before"] += 1
                    continue
                source = "fada_release" if label == newest else "fada_release.year_ago"
                reading.figures.append(Figure(f"in.market.{segment}", label, value, source))
    return reading.done()


def _fada_month(cell: str) -> str | None:
    match = re.fullmatch(r"([A-Z]{3})[A-Z]*[’' -]*(\d{2}|20\d{2})", cell.strip().upper())
    if match is None or match[1] not in MONTHS:
        return None
    return f"{match[2] if len(match[2]) == 4 else '20' + match[2]}-{MONTHS[match[1]]:02d}"
