"""Bad files: what is wrong and where is said, and nothing large is read."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from forecasting.data.importers import IMPORTERS
from forecasting.data.importers.reading import MAX_BYTES, Raw, load
from forecasting.errors import DataError, InputMissing
from tests.data.test_importers import FILES, SAMPLES


def changed(importer: str, old: str, new: str) -> Raw:
    raw = load(FILES / SAMPLES[importer])
    assert old.encode() in raw.content
    return Raw(raw.name, raw.content.replace(old.encode(), new.encode(), 1))


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (300 * 1024 * 1024))
    return buffer.getvalue()


def entities() -> bytes:
    """A workbook whose content types are a billion laughs."""
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<?xml version="1.0"?><!DOCTYPE x [{laughs}]><x>&l9;</x>')
    return buffer.getvalue()


BAD: dict[str, tuple[str, Callable[[], Raw], str]] = {
    "unknown country": (
        "usgs_mcs_2024",
        lambda: changed("usgs_mcs_2024", "India,", "Indiana,"),
        "did you mean 'India'",
    ),
    "unknown category": (
        "vahan_categories",
        lambda: changed("vahan_categories", "TWO WHEELER(NT)", "TWO WHEELERS(NT)"),
        "did you mean 'TWO WHEELER(NT)'",
    ),
    "unknown metal": (
        "komis",
        lambda: changed("komis", "네오디뮴 (Nd)", "네오디뮴 (Nb)"),
        "did you mean '네오디뮴 (Nd)'",
    ),
    "unknown table": (
        "bgs",
        lambda: changed("bgs", "rare earth oxides,,", "rare earth oxydes,,"),
        "unknown table",
    ),
    "negative tonnes": ("usgs_mcs_2024", lambda: changed("usgs_mcs_2024", "42000", "-42000"), "is below 0"),
    "text in a number": ("morth", lambda: changed("morth", '"1,00,100"', "many"), "'many' is not a number"),
    "broken grouping": ("morth", lambda: changed("morth", '"1,00,100"', '"1,0,0100"'), "is not a number"),
    "another unit": (
        "usgs_mcs",
        lambda: changed("usgs_mcs", "metric tons,2024", "kilograms,2024"),
        "'kilograms'",
    ),
    "another unit in JSON": (
        "energy_institute",
        lambda: changed("energy_institute", "Thousand", "Million"),
        "unit",
    ),
    "missing column": ("bgs", lambda: changed("bgs", "quantity", "quantiti"), "column 'quantity' is missing"),
    "HTML saved as CSV": ("bgs", lambda: Raw("a.csv", b"<!DOCTYPE html><p>504"), "an HTML page saved as CSV"),
    "HTML saved as JSON": ("komis", lambda: Raw("a.json", b"<html><p>504"), "an HTML page saved as JSON"),
    "an error page": (
        "tradestat",
        lambda: Raw("a.html", b"<html><p>Server busy, 85051190"),
        "holds no table",
    ),
    "not JSON": ("iea_minerals", lambda: Raw("a.json", b"{'a': 1"), "not JSON"),
    "infinite JSON": (
        "energy_institute",
        lambda: changed("energy_institute", "2.25", "Infinity"),
        "Infinity is not a number",
    ),
    "bottomless JSON": ("komis", lambda: Raw("a.json", b"[" * 200_000), "without end"),
    "NUL bytes": ("bgs", lambda: Raw("a.csv", b"country\x00trans"), "NUL bytes"),
    "a workbook for a CSV": ("bgs", lambda: Raw("a.csv", bomb()[:100]), "a workbook or an archive"),
    "a CSV for a workbook": (
        "usgs_ds140",
        lambda: Raw("a.xlsx", b"Year,World production"),
        "not an .xlsx workbook",
    ),
    "an old workbook": (
        "usgs_ds140",
        lambda: Raw("a.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 99),
        "old binary workbook",
    ),
    "a damaged workbook": (
        "usgs_ds140",
        lambda: Raw("a.xlsx", b"PK\x03\x04" + b"\0" * 99),
        "damaged archive",
    ),
    "a bomb": ("usgs_ds140", lambda: Raw("a.xlsx", bomb()), "a bomb"),
    "entities": ("usgs_ds140", lambda: Raw("a.xlsx", entities()), "damaged workbook"),
    "a formula": (
        "usgs_ds140",
        lambda: Raw("a.xlsx", workbook([["Year", "World production"], [1990, "=1+1"]])),
        "a formula, =1+1",
    ),
    "one fuel label": (
        "vahan_dashboard",
        lambda: Raw(
            "a.xlsx",
            workbook(
                [["Fuel: ELECTRIC(BOV) (2026)"], ["", "Vehicle Category", "JAN"], [1, "TWO WHEELER(NT)", 5]]
            ),
        ),
        "one alone is a false collapse",
    ),
    "two values for one figure": (
        "usgs_mcs_2024",
        lambda: changed("usgs_mcs_2024", "MCS2024,Australia", "MCS2024,United States"),
        "stands twice",
    ),
    "nothing in it": ("fada", lambda: Raw("a.csv", b"a,b\n1,2\n"), "no figure was found"),
    "a bad day": ("komis", lambda: changed("komis", "2020.01.01", "2020.13.01"), "no day such as"),
    "no day": (
        "vahan_categories",
        lambda: changed("vahan_categories", "1/6/2018", "June"),
        "'June' is no day",
    ),
    "no commodity": ("tradestat", lambda: changed("tradestat", "85051190", "magnets"), "no commodity"),
    "another commodity": (
        "tradestat",
        lambda: changed("tradestat", "85051190", "85051191"),
        "did you mean '85051190'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_says_what_is_wrong(case: str) -> None:
    importer, made, said = BAD[case]
    with pytest.raises(DataError) as caught:
        IMPORTERS[importer].read(made())
    assert said in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le-bom", "cp1252"])
def test_encodings_that_portals_use_are_read(encoding: str) -> None:
    text = (FILES / "made_up_morth.csv").read_text()
    content = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    assert len(IMPORTERS["morth"].read(Raw("a.csv", content)).figures) == 1


def test_a_file_of_500_mb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as handle:
        handle.truncate(500 * 1024 * 1024)
    started = time.monotonic()
    with pytest.raises(DataError, match=f"is more than {MAX_BYTES:,}"):
        load(path)
    assert time.monotonic() - started < 1.0


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        load(tmp_path / "no.csv")
    (tmp_path / "empty.csv").write_text("\n")
    with pytest.raises(DataError, match="the file is empty"):
        load(tmp_path / "empty.csv")
