"""Page, PDF, workbook and CSV say the same numbers: every number of every headline and table is looked for in each."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pypdf
import pytest

from forecasting.periods import Period
from forecasting.reports import Material, ReportModel, build, rendered
from forecasting.reports.format import Numbers, chance_text, percent_text, period_text
from forecasting.reports.model import Table
from tests.reports.test_page import Page


@pytest.fixture(scope="module")
def files(material: Material) -> dict[str, bytes]:
    return rendered(material)


@pytest.fixture(scope="module")
def report(material: Material) -> ReportModel:
    return build(material)


@pytest.fixture(scope="module")
def printed(files: dict[str, bytes]) -> str:
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(files["report.pdf"])).pages]
    return " ".join(" ".join(pages).replace("\u200b", "").split())


def squeeze(text: str) -> str:
    """A text without white space and hyphens, which differ where lines break."""
    return re.sub(r"[\s\u00ad\u200b-]", "", text)


def rows(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name].decode())))


def shown(report: ReportModel) -> list[Table]:
    balance = report.balance
    assert balance
    found = [report.headline, balance.comparison, balance.views[0].table, *balance.years, *balance.knowing]
    found += [table for _, table in balance.tornado]
    found += [table for section in report.series for table in section.tables]
    return [*found, *(t for t in (report.changes, report.record, report.assumptions) if t)]


def test_every_number_of_the_page_is_the_model_formatted_once(
    report: ReportModel, files: dict[str, bytes]
) -> None:
    page = Page(files["report.html"].decode())
    checked = 0
    for table in shown(report):
        heads = 2 if any(column.group for column in table.columns) else 1
        for row, drawn in zip(table.rows, page.tables[table.id][heads:], strict=True):
            for cell, text in zip(row, drawn, strict=False):
                if cell.value is not None:
                    assert text.split(" (")[0].startswith(cell.text), (table.id, row)
                    checked += 1
    assert checked > 450


def test_every_forecast_number_comes_from_the_csv(report: ReportModel, files: dict[str, bytes]) -> None:
    numbers, checked = Numbers(), 0
    said = {
        (r["series"], period_text(Period.parse(r["period"])), r["kind"], float(r["quantile"])): float(
            r["value"]
        )
        for r in rows(files, "forecasts.csv")
    }
    levels = (0.5, 0.25, 0.75, 0.1, 0.9, 0.025, 0.975)
    for section in report.series:
        for table in section.tables:
            kind = {"fy": "FY", "cy": "CY", "month": "month"}[table.id.rsplit("-", 1)[1]]
            for row in table.rows:
                if row[1].text != "forecast":
                    continue
                for cell, level in zip(row[2:], levels, strict=True):
                    value = said[(section.id, row[0].text, kind, level)]
                    assert cell.value == value
                    assert cell.text == numbers.forecast(value)
                    checked += 1
    assert checked >= 7 * 20


def test_every_balance_number_comes_from_the_csv(report: ReportModel, files: dict[str, bytes]) -> None:
    numbers = Numbers()
    assert report.balance
    heads = {r["title"]: r for r in rows(files, "balance/scenarios.csv")}
    columns = ["demand_median", "home_supply_median"]
    for gap in ("home", "market"):
        columns += [f"gap_{gap}_median", f"gap_{gap}_low_80", f"gap_{gap}_high_80", f"p_shortage_{gap}"]
    for row in report.balance.comparison.rows:
        said = heads[row[0].text]
        for cell, column in zip(row[1:11], columns, strict=True):
            value = float(said[column])
            assert cell.value == value
            assert cell.text == (chance_text(value) if column.startswith("p_") else numbers.forecast(value))
    bands = {(r["scenario"], r["node"], r["period"]): r for r in rows(files, "balance/balance.csv")}
    for view in report.balance.views:
        for row in view.table.rows:
            said = bands[(view.id, "gap.all", row[0].text)]
            for cell, column in zip(row[8:], ("median", "low_80", "high_80", "p_positive"), strict=True):
                assert cell.value == float(said[column])


def test_every_number_of_the_registers_comes_from_the_csv(
    report: ReportModel, files: dict[str, bytes]
) -> None:
    numbers = Numbers()
    assert report.changes
    assert report.record
    for one, row in zip(rows(files, "changes.csv"), report.changes.rows, strict=True):
        assert [cell.value for cell in row[3:]] == [float(one[n]) for n in ("before", "after", "amount")]
        assert [row[3].text, row[4].text] == [numbers.forecast(float(one[n])) for n in ("before", "after")]
        assert row[5].text == numbers.signed(float(one["amount"]))
    for one, row in zip(rows(files, "track_record.csv"), report.record.rows, strict=True):
        names = ("median", "low_80", "high_80", "actual", "error_pct")
        assert [cell.value for cell in row[3:8]] == [float(one[n]) for n in names]
        assert row[8].text == ("inside" if one["inside_80"] == "True" else "outside")
    for one in rows(files, "scores.csv"):
        shares = [percent_text(float(one[f"coverage_{band}"])) for band in (50, 80, 95)]
        assert f"the 50, 80 and 95% bands held {shares[0]}, {shares[1]} and {shares[2]}" in report.record_text
        assert f"{float(one['figures']):,.0f} forecasts of past editions" in report.record_text


def test_every_rendering_says_how_every_series_stands(
    report: ReportModel, files: dict[str, bytes], printed: str
) -> None:
    states = {one["series"]: one for one in rows(files, "states.csv")}
    sections = {section.id: section for section in report.series}
    assert report.standing
    assert [row[1].text for row in report.standing.rows] == [one["standing"] for one in states.values()]
    page = Page(files["report.html"].decode())
    drawn = files["report.html"].decode()
    book = openpyxl.load_workbook(io.BytesIO(files["report.xlsx"]))
    told = list(book["Standing"].iter_rows(min_row=2, max_col=2, values_only=True))
    for (id, one), row, cells in zip(states.items(), page.tables["standing-table"][1:], told, strict=True):
        assert row[1] == cells[1] == one["standing"]
        section = sections[id]
        if one["standing"] == "ok":
            assert not section.badge
            continue
        assert section.chart
        assert section.chart.mark in section.chart.description
        for text in (section.badge, one["reason"], section.chart.mark):
            assert text in drawn
        assert squeeze(section.standing_text) in squeeze(printed)
        assert squeeze(one["reason"]) in squeeze(printed.split("Theanswer")[0])


def test_remarks_that_read_alike_stand_once_in_the_banner(
    report: ReportModel, files: dict[str, bytes], printed: str
) -> None:
    late, bands = report.banner.remarks
    assert late.text == "Late figures: registry should have printed 2026-10 by 2026-11-07"
    assert late.ids == ("demand.ev.two_wheelers", "supply.magnet_imports")
    assert bands.ids == ("supply.magnet_imports",)
    page = files["report.html"].decode()
    assert f"{late.text} (2 series)" in page
    assert squeeze(late.text) in squeeze(printed)
    assert [one.ids for one in report.banner.fallen] == [("supply.oxide",), ("supply.metal",)]


def test_the_pdf_says_every_row_of_its_tables(report: ReportModel, printed: str) -> None:
    from forecasting.reports.pdf import _cell, yearly

    assert report.balance
    tables = [
        report.headline,
        report.balance.comparison,
        report.balance.views[0].table,
        *report.balance.years,
    ]
    tables += [table for section in report.series for table in yearly(section)]
    tables += [table for table in (report.changes, report.record, report.standing) if table]
    squeezed, checked = squeeze(printed), 0
    for table in tables:
        noted = not table.id.startswith("numbers")
        for row in table.rows:
            texts = [_cell(cell, noted).replace("\u200b", "") for cell in row if cell.text]
            assert squeeze("".join(texts[1:])) in squeezed, (table.id, texts)
            checked += sum(1 for cell in row if cell.value is not None)
    assert checked > 350


def test_the_headline_sentences_stand_in_page_and_pdf(
    report: ReportModel, files: dict[str, bytes], printed: str
) -> None:
    squeezed = squeeze(printed)
    page = " ".join(re.sub(r"<[^>]+>", "", files["report.html"].decode()).split())
    assert report.balance
    said = [text for one in report.balance.answers for text in (*one.says, *one.moved)]
    said += [fact.text for fact in report.messages] + [s.sentence for s in report.series if s.sentence]
    assert len(said) > 10
    for text in said:
        assert text in page
        assert squeeze(text) in squeezed


def test_the_workbook_holds_the_full_values(
    report: ReportModel, files: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "report.xlsx"
    path.write_bytes(files["report.xlsx"])
    book = openpyxl.load_workbook(path, data_only=True)
    assert report.balance
    for name, table in (("Headline", report.headline), ("Scenarios", report.balance.comparison)):
        for row, cells in zip(table.rows, book[name].iter_rows(min_row=2, values_only=True), strict=True):
            for cell, value in zip(row, cells, strict=True):
                if cell.value is not None:
                    assert value == pytest.approx(cell.value, rel=1e-15)
    wide = {(row[0], row[2]): row[8:] for row in book["Forecasts"].iter_rows(min_row=2, values_only=True)}
    for one in rows(files, "forecasts.csv"):
        levels = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
        place = levels.index(float(one["quantile"]))
        assert wide[(one["series"], one["period"])][place] == pytest.approx(float(one["value"]), rel=1e-15)
    for section in report.series:
        sheet = book[section.id]
        heads = [cell.value for cell in sheet[1]]
        medians = {row[0]: row[heads.index("Median")] for row in sheet.iter_rows(min_row=2, values_only=True)}
        for one in rows(files, "forecasts.csv"):
            if one["series"] == section.id and float(one["quantile"]) == 0.5:
                assert medians[one["period"]] == pytest.approx(float(one["value"]), rel=1e-15)


def test_every_number_leads_to_its_provenance(report: ReportModel, files: dict[str, bytes]) -> None:
    page = Page(files["report.html"].decode())
    ids = {str(attrs["id"]) for _, attrs in page.tags if "id" in attrs}
    assert report.balance
    for section in report.series:
        assert section.provenance == "" or section.provenance.removeprefix("#") in ids
        for table in section.tables:
            for row in table.rows:
                assert (
                    any(cell.link.startswith(("#provenance-", "#source-")) for cell in row)
                    or not section.provenance
                )
                assert all(cell.link.removeprefix("#") in ids for cell in row if cell.link)
    for table in (report.balance.comparison, *report.balance.years):
        assert all(row[0].link == "#provenance-balance" for row in table.rows)
    assert "provenance-balance" in ids
    assert "demand-ev-two-wheelers" in ids
