"""Safe reading of files as publishers and portals give them: CSV, JSON, HTML tables and workbooks.

Nothing here executes, follows links or trusts a size: a file is measured before it is read, a workbook before it is
unpacked. UTF-8 (with or without byte-order mark), UTF-16 with one, and Windows-1252 are read; an HTML page in
the place of a table, a formula in the place of a number, and a bomb are refused by name.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecasting.errors import DataError, Fault, InputMissing

MAX_BYTES = 64 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
MAX_RATIO = 300  # unpacked over packed; an honest sheet stays below 30
MAX_PARTS = 5000
MAX_ROWS = 1_000_000
MAX_COLUMNS = 1000
MAX_SHEET_ROWS = 200_000
UNKNOWN = frozenset(
    {"", "NA", "N/A", "N.A.", "W", "-", "--", "—", "–", "..", "...", "NaN", "nan", "null", "None"}
)
_WESTERN = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_INDIAN = re.compile(r"[+-]?\d{1,2}(,\d{2})*,\d{3}(\.\d+)?", re.ASCII)
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Raw:
    """A file as it was found: its name, its bytes and their SHA-256."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The hash by which the file is known for good.

        >>> Raw("a.csv", b"").sha256[:8]
        'e3b0c442'
        """
        return hashlib.sha256(self.content).hexdigest()

    def refuse(self, found: str, do: str, where: str = "") -> DataError:
        """The error that says what is wrong with this file."""
        place = f"{self.name}{where}"
        return DataError(f"{self.name} cannot be imported", [Fault(place, found, do)])


def load(path: Path) -> Raw:
    """The bytes of a file of at most 64 MB.

    Raises :class:`InputMissing` when there is none and :class:`DataError` when it is too large or empty.
    """
    if not path.is_file():
        raise InputMissing(f"{path} is missing; name a file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        found = f"{size:,} bytes is more than {MAX_BYTES:,}"
        raise DataError(
            f"{path} cannot be imported", [Fault(str(path), found, "cut it down to the rows needed")]
        )
    raw = Raw(path.name, path.read_bytes())
    if not raw.content.strip():
        raise raw.refuse("the file is empty", "download it again")
    return raw


def text_of(raw: Raw) -> str:
    """The text of a file; :class:`DataError` for anything that is not text."""
    content = raw.content
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise raw.refuse(
            "this is a workbook or an archive, not text", "name the importer for workbooks, or save as CSV"
        )
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        if b"\x00" in content:
            raise raw.refuse("the file holds NUL bytes", "save it as UTF-8 text")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise raw.refuse(
            f"byte {error.start} is neither UTF-8 nor Windows-1252", "save it as UTF-8"
        ) from None


def is_html(text: str) -> bool:
    """Whether a text is an HTML page, whatever its name says.

    >>> is_html("  <!DOCTYPE html><p>"), is_html("a,b")
    (True, False)
    """
    return bool(
        re.match(
            r"\s*(<\?xml[^>]*\?>\s*)?<(!doctype|html|head|body|table|div|script|!--)", text, re.IGNORECASE
        )
    )


def csv_rows(raw: Raw, delimiter: str = ",") -> list[list[str]]:
    """The rows of a CSV file, every field stripped, blank rows left out; :class:`DataError` when it is none."""
    text = text_of(raw)
    if is_html(text):
        raise raw.refuse("this is an HTML page saved as CSV", "download the table itself")
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(rows) >= MAX_ROWS or len(row) > MAX_COLUMNS:
                raise raw.refuse(f"more than {MAX_ROWS:,} rows or {MAX_COLUMNS:,} columns", "cut it down")
            fields = [field.strip() for field in row]
            if any(fields):
                rows.append(fields)
    except csv.Error as error:
        raise raw.refuse(f"not CSV: {error}", "save it as comma-separated text") from None
    if not rows:
        raise raw.refuse("the file holds no rows", "download it again")
    return rows


def records(
    raw: Raw, required: tuple[str, ...], rows: list[list[str]] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table with a header as dicts, numbered from 2; missing columns are named at once."""
    table = csv_rows(raw) if rows is None else rows
    header = table[0]
    missing = [name for name in required if name not in header]
    if missing:
        shown = ", ".join(name for name in header[:12] if name)
        faults = [
            Fault(f"{raw.name}:1", f"column {name!r} is missing", f"found: {shown}") for name in missing
        ]
        raise DataError(f"{raw.name} is not laid out as expected", faults)
    for number, row in enumerate(table[1:], start=2):
        padded = [*row, *[""] * (len(header) - len(row))]
        yield number, dict(zip(header, padded, strict=False))


def json_of(raw: Raw) -> Any:
    """The document of a JSON file; not-a-number constants and bottomless nesting are refused."""
    text = text_of(raw)
    if is_html(text):
        raise raw.refuse("this is an HTML page saved as JSON", "download the data itself")

    def constant(name: str) -> Any:
        raise raw.refuse(f"{name} is not a number", "write null where the figure is unknown")

    try:
        return json.loads(text, parse_constant=constant)
    except RecursionError:
        raise raw.refuse("it is nested without end", "download it again") from None
    except ValueError as error:
        raise raw.refuse(f"not JSON: {error}", "download it again") from None


DAMAGE = (  # what a broken or hostile archive makes its reader raise
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    OSError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
)


class Formula(str):
    """A formula in a cell; harmless until somebody takes it for a number."""


Cell = str | float | int | bool | None


def sheets(raw: Raw) -> dict[str, list[list[Cell]]]:
    """The cells of every sheet of an .xlsx workbook as they were typed.

    A formula stays a :class:`Formula`, whose value depends on who opened the file last; :func:`number_of` refuses it.
    Raises :class:`DataError` for what is no workbook and for one that unpacks to more than 256 MB or 300 times
    its size.
    """
    _require_workbook(raw)
    import warnings

    import openpyxl

    found: dict[str, list[list[Cell]]] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                io.BytesIO(raw.content), read_only=True, data_only=False, keep_links=False
            )
            for sheet in book.worksheets:
                rows = sheet.iter_rows(max_col=MAX_COLUMNS, max_row=MAX_SHEET_ROWS)
                found[sheet.title] = [[_cell(cell) for cell in row] for row in rows]
            book.close()
    except DAMAGE as error:
        raise raw.refuse(f"a damaged workbook ({type(error).__name__})", "download it again") from None
    except SyntaxError as error:
        raise raw.refuse(f"a damaged workbook ({error.msg})", "download it again") from None
    return found


def _cell(cell: Any) -> Cell:
    value = cell.value
    if cell.data_type == "f" or (isinstance(value, str) and value.startswith("=")):
        return Formula(value)
    if value is None or isinstance(value, (str, float, int, bool)):
        return value.strip() if isinstance(value, str) else value
    return str(value)


def _require_workbook(raw: Raw) -> None:
    if raw.content[:4] == b"\xd0\xcf\x11\xe0":
        raise raw.refuse("an old binary workbook (.xls)", "save it as .xlsx or CSV")
    if raw.content[:4] != b"PK\x03\x04":
        raise raw.refuse("not an .xlsx workbook", "download the workbook itself")
    try:
        with zipfile.ZipFile(io.BytesIO(raw.content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise raw.refuse(f"a damaged archive ({error})", "download it again") from None
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(len(raw.content), 1):
        found = f"{len(parts):,} parts that unpack to {unpacked:,} bytes from {len(raw.content):,}: a bomb"
        raise raw.refuse(found, "do not open it; download it from the publisher")
    if not any(part.filename == "[Content_Types].xml" for part in parts):
        raise raw.refuse("an archive, but not a workbook", "download the workbook itself")


def number_of(text: Cell) -> float | None:
    """The number a field holds, None where the publisher says it is unknown.

    Western and Indian digit grouping are understood; anything else raises :class:`ValueError` in words.

    >>> number_of("1,00,000"), number_of("45,500"), number_of("NA"), number_of(12)
    (100000.0, 45500.0, None, 12.0)
    >>> number_of("1,0,0")
    Traceback (most recent call last):
    ...
    ValueError: '1,0,0' is not a number
    """
    if isinstance(text, Formula):
        raise ValueError(f"a formula, {text[:40]}, where a number belongs; save the workbook with values")
    if isinstance(text, bool):
        raise ValueError(f"{text!r} is not a number")
    if isinstance(text, (int, float)):
        if text != text or abs(text) == float("inf"):
            raise ValueError(f"{text!r} is not a number")
        return float(text)
    if text is None or text.strip() in UNKNOWN:
        return None
    plain = text.strip().replace("\u2212", "-").replace("\u00a0", "")
    if _PLAIN.fullmatch(plain):
        value = float(plain)
    elif _WESTERN.fullmatch(plain) or _INDIAN.fullmatch(plain):
        value = float(plain.replace(",", ""))
    else:
        raise ValueError(f"{text!r} is not a number")
    if abs(value) == float("inf"):
        raise ValueError(f"{text!r} is not a number")
    return value
