"""The workbook computes what Python computes, runs no text, and is the same every time."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from forecasting.reports import Material, build
from forecasting.reports.livesheet import FIRST_YEAR, LIVE, TOTALS, adding
from forecasting.reports.workbook import workbook
from tests.office import recalculated


def spoilt(content: bytes) -> bytes:
    """The workbook with every kept result of a formula replaced by a wrong one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                part = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1<v>-1</v>", part)
            new.writestr(name, part)
    return buffer.getvalue()


@pytest.mark.office
def test_libreoffice_computes_every_scenario_total_as_python_does(material: Material, tmp_path: Path) -> None:
    report = build(material)
    facts = adding(*(material.table(name) for name in ("balance", "structure", "scenarios")))
    path = tmp_path / "book.xlsx"
    path.write_bytes(spoilt(workbook(report, material, "plenty")))
    book = openpyxl.load_workbook(recalculated(path, tmp_path), data_only=True)
    checked = 0
    heads = [str(cell.value).split(" [")[0] for cell in book[TOTALS][1]]
    for row in book[TOTALS].iter_rows(min_row=2, values_only=True):
        for node, value in zip(heads[3:], row[3:], strict=True):
            assert value == pytest.approx(facts.means[(row[0], node, row[2])], rel=1e-9)
            checked += 1
    assert checked == len(facts.scenarios) * len(facts.periods) * len(facts.parts)
    checked += live_totals(book[LIVE], facts.means, "plenty", facts.periods)
    assert checked > 120


def live_totals(sheet: Any, means: Any, scenario: str, periods: tuple[str, ...]) -> int:
    """Check every total of the sheet with the switch; how many there were."""
    checked = 0
    for row in sheet.iter_rows(min_row=7, values_only=True):
        if row[1] and row[3] is None and row[2] == "t magnet" and ": " not in row[0]:
            for period, value in zip(periods, row[FIRST_YEAR:], strict=False):
                assert value == pytest.approx(means[(scenario, row[1], period)], rel=1e-9)
                checked += 1
    return checked


@pytest.mark.office
def test_the_switch_and_a_share_move_the_totals(material: Material, tmp_path: Path) -> None:
    """Another scenario typed into the cell, and a part counted half: every total follows."""
    facts = adding(*(material.table(name) for name in ("balance", "structure", "scenarios")))
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook(build(material), material))
    book = openpyxl.load_workbook(path)
    sheet = book[LIVE]
    assert sheet["B3"].value == "baseline"
    sheet["B3"] = "mission"
    cars = next(row for row in sheet.iter_rows(min_row=7) if row[1].value == "use.cars")
    cars[4].value = 0.5
    changed = tmp_path / "changed.xlsx"
    book.save(changed)
    done = openpyxl.load_workbook(recalculated(changed, tmp_path), data_only=True)[LIVE]
    total = next(
        r for r in done.iter_rows(min_row=7, values_only=True) if r[1] == "demand.all" and r[3] is None
    )
    for period, value in zip(facts.periods, total[FIRST_YEAR:], strict=False):
        wanted = (
            0.5 * facts.means[("mission", "use.cars", period)] + facts.means[("mission", "use.wind", period)]
        )
        assert value == pytest.approx(wanted, rel=1e-9)


def test_kept_results_are_those_of_python(material: Material) -> None:
    facts = adding(*(material.table(name) for name in ("balance", "structure", "scenarios")))
    for scenario, _ in facts.scenarios:
        for node in facts.parts:
            for period in facts.periods:
                assert facts.total(scenario, node, period) == pytest.approx(
                    facts.means[(scenario, node, period)], rel=1e-9
                )


def test_no_text_becomes_a_formula(material: Material) -> None:
    nasty = '=HYPERLINK("http://example.org","click")'
    series = {id: one.model_copy(update={"title": nasty}) for id, one in material.catalogue.series.items()}
    history = material.history.assign(note="=1+1")
    odd = replace(material, catalogue=replace(material.catalogue, series=series), history=history)
    book = openpyxl.load_workbook(io.BytesIO(workbook(build(odd), odd)))
    formulas = {
        sheet.title
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }
    assert formulas == {LIVE, TOTALS}
    assert any(nasty in str(row[0].value) for row in book["Headline"].iter_rows(min_row=2))


def test_sheets_are_made_to_be_read_by_programs(material: Material) -> None:
    content = workbook(build(material), material)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames[0] == "README"
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        if sheet.title not in ("README", LIVE):
            assert sheet.freeze_panes == "B2"
            assert len(sheet.tables) == 1
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        drawings = [file.read(name).decode() for name in file.namelist() if "drawings/drawing" in name]
    assert len(drawings) == 4
    assert all("Fan chart of" in drawing for drawing in drawings)


def test_the_same_every_time(material: Material) -> None:
    report = build(material)
    assert workbook(report, material) == workbook(report, material)
