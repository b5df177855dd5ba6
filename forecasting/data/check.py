"""The contract of ``data/observations/*.csv``: every fault of a file, with its line, at once."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.catalogue import STATUSES, Catalogue
from forecasting.errors import DataError, Fault, InputMissing, PeriodError, nearest
from forecasting.frames import OBSERVATION_COLUMNS
from forecasting.periods import Period

MAX_CSV_BYTES = 64 * 1024 * 1024
FAULTS_SHOWN = 200
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

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
    content = path.read_bytes()
    header = ",".join(OBSERVATION_COLUMNS)
    if not content.strip():
        raise _refuse(
            path, "the file is empty", f"write the header {header} and at least one row, or delete it"
        )
    if len(content) > MAX_CSV_BYTES:
        raise _refuse(path, f"{len(content)} bytes is more than {MAX_CSV_BYTES}", "split the file")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:4096]:
        raise _refuse(path, "this is UTF-16 or binary, not UTF-8 text", "save it as UTF-8 CSV")
    if content[:3] == b"\xef\xbb\xbf":
        raise _refuse(path, "the file begins with a byte-order mark", "save it as UTF-8 without BOM")
    if content.lstrip()[:1] == b"<":
        raise _refuse(path, "this is an HTML page saved as CSV", "download the table itself")
    try:
        raw = pd.read_csv(io.StringIO(content.decode("utf-8")), dtype=str, keep_default_na=False)
    except UnicodeDecodeError as error:
        raise _refuse(path, f"byte {error.start} is not UTF-8", "save it as UTF-8 CSV") from None
    except pd.errors.ParserError as error:
        raise _refuse(path, " ".join(str(error).split()), "quote fields that hold commas") from None
    missing = [column for column in OBSERVATION_COLUMNS if column not in raw]
    unknown = [str(column) for column in raw if column not in OBSERVATION_COLUMNS]
    faults = [
        Fault(f"{path}:1", f"column {name!r} is missing", f"the header is {header}") for name in missing
    ]
    faults += [
        Fault(f"{path}:1", f"unknown column {name!r}", nearest(name, OBSERVATION_COLUMNS)) for name in unknown
    ]
    if faults:
        raise DataError(f"{path.name}: the header is wrong", faults)
    if raw.empty:
        raise _refuse(path, "the file holds a header and no rows", "add rows or delete the file")
    return raw


def _number(text: str) -> Finding:
    if _NUMBER.fullmatch(text):
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
        verdicts = {text: judge(text) for text in raw[column].unique()}
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
    columns = [raw[name].tolist() for name in ("series", "period", "value", "unit", "status", "available_at")]
    for row, (series, period, value, unit, status, available) in enumerate(zip(*columns, strict=True)):
        found = _row_finding(catalogue, today, series, period, value, unit, status, available)
        faults += [(row, Fault(f"{path}:{row + 2}", *finding)) for finding in found]
    key = ["series", "period", "source", "available_at"]
    for row in raw.index[raw.duplicated(key, keep="first")]:
        twin = raw.index[(raw[key] == raw.loc[row, key]).all(axis=1)][0]
        series, period, source = (str(text) for text in raw.loc[row, key[:3]])
        found_text = f"{series} {period} by {source} stands twice (also line {twin + 2})"
        faults.append((row, Fault(f"{path}:{row + 2}", found_text, "keep one")))
    return [fault for _, fault in sorted(faults, key=lambda item: item[0])][:FAULTS_SHOWN]


def _row_finding(
    catalogue: Catalogue,
    today: date,
    series: str,
    label: str,
    value: str,
    unit: str,
    status: str,
    available: str,
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    entry = catalogue.series.get(series)
    try:
        period = Period.parse(label)
    except PeriodError as error:
        found.append((f"period {label!r} is not a period", str(error).split("; ", 1)[1]))
        return found
    if entry is not None:
        if period.kind is not entry.kind:
            found.append(
                (
                    f"{label} is a {period.kind} period, {series} is kept by {entry.kind}",
                    f"use a {entry.kind} label",
                )
            )
        if unit != entry.unit:
            found.append(
                (f"unit {unit!r}, the catalogue says {entry.unit!r}", "convert the value or mend the unit")
            )
        if entry.floor is not None and _NUMBER.fullmatch(value) and float(value) < entry.floor:
            found.append((f"value {value} is below the floor {entry.floor:g} of {series}", "mend the sign"))
    if _day(available) is not None:
        return found
    known = date.fromisoformat(available)
    if known > today:
        found.append((f"available_at {available} is in the future", "write the day it became known"))
    elif status != "target" and period.start > known:
        found.append(
            (
                f"{label} begins after it is said to be known ({available})",
                "mend the period or use status target",
            )
        )
    return found
