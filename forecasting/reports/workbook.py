"""The edition as an Excel workbook: README, answer, live balance, tidy data, a sheet a series, sources, provenance."""

from __future__ import annotations

import io
from datetime import UTC, datetime, time
from typing import Any

import pandas as pd

from forecasting.frames import LEVELS
from forecasting.periods import Period
from forecasting.reports.facts import SeriesFacts, series_facts
from forecasting.reports.format import unit_short
from forecasting.reports.livesheet import DATA, LIVE, TOTALS, write_balance
from forecasting.reports.material import Material
from forecasting.reports.model import ReportModel, SeriesSection, Table
from forecasting.reports.sheets import Book, heads_of, rows_of, sheet_name
from forecasting.reports.words import STATUS_WORDS

PROVENANCE = "Provenance"
BANDS = (("95% from", 0.025), ("80% from", 0.1), ("50% from", 0.25), ("Median", 0.5), ("50% to", 0.75),
         ("80% to", 0.9), ("95% to", 0.975))  # fmt: skip


def workbook(report: ReportModel, material: Material, scenario: str | None = None) -> bytes:
    """The workbook as bytes, the same bytes for the same edition; ``scenario`` is the one chosen at first."""
    import xlsxwriter

    buffer = io.BytesIO()
    file = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = datetime.combine(material.released, time(), UTC).replace(tzinfo=None)
    file.set_properties(
        {"title": f"{report.title}, {material.edition_id}", "author": material.catalogue.publication.contact,
         "comments": report.banner.text, "created": created}
    )  # fmt: skip
    book = Book(file, report.grouping)
    readme = book.sheet("README")
    sheets = _sheets(book, report)
    headline = book.sheet("Headline")
    book.table(headline, heads_of(report.headline), rows_of(report.headline))
    if report.balance:
        book.table(
            book.sheet("Scenarios"), heads_of(report.balance.comparison), rows_of(report.balance.comparison)
        )
        bands, structure, heads = (material.table(name) for name in ("balance", "structure", "scenarios"))
        write_balance(book, bands, structure, heads, scenario or report.balance.views[0].id)
    _forecasts(book, material)
    _history(book, material)
    for section in report.series:
        _series(book, sheets[section.id], section, series_facts(material, section.id), report)
    for name, table in _registers(report):
        book.table(book.sheet(name), heads_of(table), rows_of(table))
    _readme(book, readme, report, sheets)
    file.close()
    return buffer.getvalue()


def _sheets(book: Book, report: ReportModel) -> dict[str, str]:
    """The sheet names of the series, set aside before any other sheet takes them."""
    fixed = {
        "README",
        "Headline",
        "Scenarios",
        LIVE,
        TOTALS,
        DATA,
        "Forecasts",
        "History",
        PROVENANCE,
        "Sources",
    }
    fixed |= {name for name, _ in _registers(report)}
    taken = set(fixed)
    return {section.id: sheet_name(section.id, taken) for section in report.series} if book else {}


def _registers(report: ReportModel) -> list[tuple[str, Table]]:
    found: list[tuple[str, Table | None]] = [
        ("Standing", report.standing),
        ("Changes", report.changes),
        ("Track record", report.record),
        ("Assumptions", report.assumptions),
        ("Errata", report.errata),
    ]
    if report.balance:
        found += [(f"Tornado {chart.id.split('-')[1]}", table) for chart, table in report.balance.tornado]
        found += [(f"Value {table.id.split('-', 1)[1]}", table) for table in report.balance.knowing]
        found += [(table.id.capitalize(), table) for table in report.balance.checks]
    found += [(PROVENANCE, report.provenance), ("Sources", report.sources)]
    return [(name, table) for name, table in found if table is not None and table.rows]


def _readme(book: Book, sheet: Any, report: ReportModel, sheets: dict[str, str]) -> None:
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 110)
    sheet.write_string(0, 0, report.title, book.format("title"))
    row = 2
    lines: list[tuple[str, str]] = [(fact.name, fact.text) for fact in report.facts]
    lines.append(
        (
            report.words["status"],
            " ".join(
                [
                    f"{report.banner.word}. {report.banner.text}",
                    *report.banner.reasons,
                    *(
                        f"{one.text}: {len(one.series)} series."
                        for one in (*report.banner.fallen, *report.banner.remarks)
                    ),
                ]
            ),
        )
    )
    for one in report.balance.answers if report.balance else ():
        lines.append((one.title, " ".join([*one.says, *one.moved])))
    lines += [(fact.name, fact.text) for fact in report.messages]
    lines += [
        ("Numbers", "Cells hold full values; the page and the PDF round forecasts to three digits. Fiscal years run "
                    "from April to March and are named by the year they end."),
        (LIVE, "Choose a scenario in the yellow cell, change by how much a part counts: every total is a formula."),
        (TOTALS, "Every scenario and year, each total a sum of cells of the sheet with the data."),
        ("Forecasts, History", "Tidy data: one row a period. Rival figures have believed = FALSE."),
        (PROVENANCE, "The run, recipe, data and sources behind each series; other sheets link to it."),
    ]  # fmt: skip
    lines += [(fact.name, fact.text) for fact in report.colophon]
    for name, text in lines:
        sheet.write_string(row, 0, name, book.format("bold"))
        sheet.write_string(row, 1, text, book.format("wrap"))
        row += 1
    row += 1
    sheet.write_string(row, 0, "Sheets of the series", book.format("bold"))
    for section in report.series:
        row += 1
        name = sheets[section.id]
        sheet.write_url(row, 0, f"internal:'{name}'!A1", book.format("link"), name)
        sheet.write_string(row, 1, f"{section.title}, {section.unit}")


def _forecasts(book: Book, material: Material) -> None:
    """The forecasts, one row a series and period, a column a quantile."""
    keys = ["series", "kind", "period", "scenario", "unit", "model"]
    frame = material.forecasts[material.forecasts["scenario"] == material.scenario]
    wide = frame.pivot_table(index=keys, columns="quantile", values="value", sort=False)
    rows = []
    for key, values in zip(wide.index, wide.to_numpy(), strict=True):
        period = Period.parse(str(key[2]))
        rows.append([*map(str, key), period.start, period.end, *map(float, values)])
    heads = [*keys, "start", "end", *(f"q{level:g}" for level in LEVELS)]
    book.table(book.sheet("Forecasts"), heads, rows)


def _history(book: Book, material: Material) -> None:
    rows = []
    for row in material.history.sort_values(["series", "period", "source"], kind="stable").to_dict("records"):
        known = row["available_at"]
        rows.append(
            [row["series"], row["kind"], row["period"], float(row["value"]), row["unit"], row["status"], row["source"],
             pd.Timestamp(known).date() if known and not pd.isna(known) else None,
             row["note"] if isinstance(row["note"], str) else "", bool(row["believed"])]
        )  # fmt: skip
    heads = [
        "series",
        "kind",
        "period",
        "value",
        "unit",
        "status",
        "source",
        "available_at",
        "note",
        "believed",
    ]
    book.table(book.sheet("History"), heads, rows)


def _series(book: Book, name: str, section: SeriesSection, facts: SeriesFacts, report: ReportModel) -> None:
    """One series: every believed figure and forecast with a link to where it comes from, and a chart."""
    sheet = book.file.add_worksheet(name)
    book.taken.add(name)
    kinds = [facts.chart_kind, *(k for k in {*facts.believed, *facts.fans} if k is not facts.chart_kind)]
    kinds = [kinds[0], *sorted(kinds[1:], key=lambda kind: kind.value)]
    rows: list[list[Any]] = []
    drawn = 0
    for kind in kinds:
        seen, fan = facts.believed.get(kind, {}), facts.fans.get(kind, {})
        for period in sorted({*seen, *fan}):
            one, levels = seen.get(period), fan.get(period, {})
            told = [STATUS_WORDS[one.status]] if one else []
            told += ["forecast"] if levels else []
            value = one.value if one else None
            rows.append(
                [str(period), kind.value, period.start, period.end, " and ".join(told), unit_short(facts.series.unit),
                 value, *(levels.get(level) for _, level in BANDS), one.source if one else "", ""]
            )  # fmt: skip
        drawn = drawn or len(rows)
    bands = [head for head, _ in BANDS]
    heads = ["Period", "Kind", "Start", "End", "Status", "Unit", "Observed", *bands, "Source", PROVENANCE]
    book.table(sheet, heads, rows)
    ids = [row[0].id for row in report.provenance.rows]
    wanted = section.provenance.removeprefix("#")
    if wanted in ids:
        target = f"internal:'{PROVENANCE}'!A{ids.index(wanted) + 2}"
        for i in range(len(rows)):
            sheet.write_url(i + 1, len(heads) - 1, target, book.format("link"), "where it comes from")
    if drawn and section.chart:
        _draw(book, sheet, name, section, drawn, len(heads))


def _draw(book: Book, sheet: Any, name: str, section: SeriesSection, drawn: int, column: int) -> None:
    chart = book.file.add_chart({"type": "line"})
    shown = (
        ("Observed", 6, "#000000", "solid"),
        ("Median", 10, "#0072B2", "solid"),
        ("80% from", 8, "#0072B2", "dash"),
        ("80% to", 12, "#0072B2", "dash"),
    )
    for head, place, colour, dash in shown:
        chart.add_series(
            {
                "name": head,
                "categories": [name, 1, 0, drawn, 0],
                "values": [name, 1, place, drawn, place],
                "line": {"color": colour, "width": 1.75 if dash == "solid" else 1.0, "dash_type": dash},
            }
        )
    chart.set_title({"name": section.title, "name_font": {"size": 11}})
    chart.set_y_axis({"name": section.chart.axis if section.chart else section.unit, "num_format": "#,##0"})
    chart.set_x_axis({"name": "Period", "interval_unit": max(1, drawn // 12)})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 820, "height": 380})
    description = section.chart.description if section.chart else section.title
    sheet.insert_chart(1, column + 1, chart, {"description": description})
