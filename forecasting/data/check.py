"""The contract of ``data/observations/*.csv``: every fault of a file, with its line, at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from forecasting.catalogue import STATUSES, Catalogue, Series
from forecasting.errors import DataError, Fault, InputMissing, PeriodError, nearest
from forecasting.frames import OBSERVATION_COLUMNS
from forecasting.periods import Period

MAX_CSV_BYTES = 64 * 1024 * 1024
FAULTS_SHOWN = 200
LARGEST = 1e13
MEASURED = ("actual", "provisional", "derived")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Finding = tuple[str, str] | None  # what was found, what to do


def read_observations(path: Path, catalogue: Catalogue, today: date) -> tuple[pd.DataFrame, list[Fault]]:
    """The typed rows of one file and its faults; the frame is empty when there are any.

    ``today`` is the day against which a date counts as future.
    """
    try:
        raw = _read_text(path)
    except DataError as error:
        return pd.DataFrame(columns=list(OBSERVATION_COLUMNS)), error.faults
    faults = _row_faults(path, raw, catalogue, today)
    if faults:
        return pd.DataFrame(columns=list(OBSERVATION_COLUMNS)), faults
    typed = raw.assign(
        value=raw["value"].astype(float), available_at=pd.to_datetime(raw["available_at"], format="%Y-%m-%d")
    )
    return typed, []


def _refuse(path: Path, found: str, do: str) -> DataError:
    return DataError(f"{path.name}: {found}", [Fault(str(path), found, do)])


def _read_text(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputMissing(f"{path} is missing; restore the file or point --data at a whole copy of data/")
    size = path.stat().st_size
    if size > MAX_CSV_BYTES:
        raise _refuse(path, f"{size:,} bytes is more than {MAX_CSV_BYTES:,}", "split the file")
    content = path.read_bytes()
    header = ",".join(OBSERVATION_COLUMNS)
    if not content.strip():
        raise _refuse(
            path, "the file is empty", f"write the header {header} and at least one row, or delete it"
        )
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content:
        raise _refuse(path, "this is UTF-16 or binary, not UTF-8 text", "save it as UTF-8 CSV")
    if content[:3] == b"\xef\xbb\xbf":
        raise _refuse(path, "the file begins with a byte-order mark", "save it as UTF-8 without BOM")
    if content.lstrip()[:1] == b"<":
        raise _refuse(path, "this is an HTML page saved as CSV", "download the table itself")
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise _refuse(path, f"byte {error.start} is not UTF-8", "save it as UTF-8 CSV") from None
    except csv.Error as error:
        raise _refuse(
            path, " ".join(str(error).split()), "quote fields that hold commas, close every quote"
        ) from None
    names, rows = lines[0], [line for line in lines[1:] if line]
    missing = [column for column in OBSERVATION_COLUMNS if column not in names]
    unknown = [column for column in names if column not in OBSERVATION_COLUMNS]
    faults = [
        Fault(f"{path}:1", f"column {name!r} is missing", f"the header is {header}") for name in missing
    ]
    faults += [
        Fault(f"{path}:1", f"unknown column {name!r}", nearest(name, OBSERVATION_COLUMNS)) for name in unknown
    ]
    faults += [
        Fault(
            f"{path}:{number}",
            f"{len(row)} fields under a header of {len(names)}",
            "quote fields that hold commas",
        )
        for number, row in enumerate(rows, start=2)
        if len(row) != len(names)
    ][:FAULTS_SHOWN]
    if faults:
        raise DataError(f"{path.name}: the header or the width of rows is wrong", faults)
    if not rows:
        raise _refuse(path, "the file holds a header and no rows", "add rows or delete the file")
    return pd.DataFrame(rows, columns=names, dtype=str)[list(OBSERVATION_COLUMNS)]


def _number(text: str) -> Finding:
    if _NUMBER.fullmatch(text):
        if abs(float(text)) > LARGEST:
            return (
                f"value {text!r} is larger than anything measured here",
                "check for a slipped unit or digit",
            )
        return None
    if _NUMBER.fullmatch(text.replace(",", "")):
        return f"value {text!r} has a thousands separator", f"write {text.replace(',', '')}"
    return f"value {text!r} is not a number", "write a plain decimal number, or leave the row out if unknown"


def _day(text: str) -> Finding:
    if _DATE.fullmatch(text):
        try:
            date.fromisoformat(text)
        except ValueError:
            return f"available_at {text!r} is not a day", "write an ISO date such as 2025-04-07"
        return None
    return f"available_at {text!r} is not a date", "write an ISO date such as 2025-04-07"


def _row_faults(path: Path, raw: pd.DataFrame, catalogue: Catalogue, today: date) -> list[Fault]:
    faults: list[tuple[int, Fault]] = []

    def each(column: str, judge: Callable[[str], Finding]) -> None:
        verdicts = {text: judge(text) for text in dict.fromkeys(raw[column])}
        for row, text in enumerate(raw[column]):
            verdict = verdicts[text]
            if verdict is not None:
                faults.append((row, Fault(f"{path}:{row + 2}", *verdict)))

    def member(what: str, names: Any) -> Callable[[str], Finding]:
        return lambda text: None if text in names else (f"unknown {what} {text!r}", nearest(text, names))

    each("series", member("series", catalogue.series))
    each("source", member("source", catalogue.sources))
    each("status", member("status", STATUSES))
    each("value", _number)
    each("available_at", _day)
    columns = [raw[name].tolist() for name in OBSERVATION_COLUMNS]
    for row, fields in enumerate(zip(*columns, strict=True)):
        found = _row_finding(catalogue, today, _Row(*fields))
        faults += [(row, Fault(f"{path}:{row + 2}", *finding)) for finding in found]
    first: dict[tuple[str, ...], int] = {}
    keys = [raw[name].tolist() for name in ("series", "period", "source", "available_at")]
    for row, key in enumerate(zip(*keys, strict=True)):
        twin = first.setdefault(key, row)
        if twin != row:
            said = f"{key[0]} {key[1]} by {key[2]} stands twice (also line {twin + 2})"
            faults.append((row, Fault(f"{path}:{row + 2}", said, "keep one")))
    return [fault for _, fault in sorted(faults, key=lambda item: item[0])][:FAULTS_SHOWN]


class _Row(NamedTuple):
    period: str
    series: str
    value: str
    unit: str
    source: str
    status: str
    available_at: str
    note: str


_parsed = lru_cache(maxsize=4096)(Period.parse)


def _row_finding(catalogue: Catalogue, today: date, row: _Row) -> list[tuple[str, str]]:
    try:
        period = _parsed(row.period)
    except PeriodError as error:
        return [(f"period {row.period!r} is not a period", str(error).split("; ", 1)[1])]
    found: list[tuple[str, str]] = []
    entry = catalogue.series.get(row.series)
    if entry is not None:
        found += _series_finding(catalogue, entry, period, row)
    if _day(row.available_at) is None:
        found += _day_finding(today, period, row)
    return found


def _series_finding(catalogue: Catalogue, entry: Series, period: Period, row: _Row) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if period.kind is not entry.kind:
        said = f"{row.period} is a {period.kind} period, {row.series} is kept by {entry.kind}"
        found.append((said, f"use a {entry.kind} label"))
    if row.unit != entry.unit:
        found.append(
            (f"unit {row.unit!r}, the catalogue says {entry.unit!r}", "convert the value or mend the unit")
        )
    if _NUMBER.fullmatch(row.value):
        value = float(row.value)
        if entry.floor is not None and value < entry.floor:
            found.append(
                (f"value {row.value} is below the floor {entry.floor:g} of {row.series}", "mend the sign")
            )
        if entry.ceiling is not None and value > entry.ceiling:
            found.append(
                (
                    f"value {row.value} is above the ceiling {entry.ceiling:g} of {row.series}",
                    "check the unit",
                )
            )
        if entry.unit == "vehicles" and row.status == "actual" and not value.is_integer():
            found.append(
                (f"value {row.value} counts a part of a vehicle", "check the unit, or use status derived")
            )
    source = catalogue.sources.get(row.source)
    if source is not None and source.family not in entry.sources and not entry.sum_of:
        said = f"source {row.source!r} is of the family {source.family!r}, which {row.series} never believes"
        found.append((said, "mend the source, or add the family to the order of trust in series.yaml"))
    return found


def _day_finding(today: date, period: Period, row: _Row) -> list[tuple[str, str]]:
    known = date.fromisoformat(row.available_at)
    if known > today:
        return [(f"available_at {row.available_at} is in the future", "write the day it became known")]
    if row.status != "target" and period.start > known:
        said = f"{row.period} begins after it is said to be known ({row.available_at})"
        return [(said, "mend the period or use status target")]
    if row.status in MEASURED and period.end > known:
        said = f"{row.period} ends after it is said to be known ({row.available_at})"
        return [(said, "a period in progress is an estimate: mend the day, the period or the status")]
    return []
