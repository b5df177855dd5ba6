"""The report as a tagged PDF (PDF/UA-1), set by typst from the same model; the same bytes for the same report."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from forecasting.errors import DataError
from forecasting.reports.banner import Remark
from forecasting.reports.brand import Brand
from forecasting.reports.html import trailing_blanks
from forecasting.reports.model import BarChart, Cell, Chart, ReportModel, SeriesSection, Table
from forecasting.reports.theme import colours

MAX_BYTES = 2_000_000
# Relative widths of columns that need more than a number does, by the start of the table's id and the place.
WIDTHS: dict[str, dict[int, float]] = {
    "headline": {0: 3.2, 2: 1.5, 9: 1.5},
    "balance-scenarios": {0: 3.4},
    "balance-gap": {0: 3},
    "numbers": {1: 1.6},
    "knowing": {0: 3, 3: 3},
    "assumptions": {0: 3, 4: 2, 5: 3},
    "provenance": {0: 1.6, 1: 1.2, 2: 2, 3: 2, 4: 2.4},
    "sources": {0: 1.4, 1: 1.2, 2: 2.4, 3: 1.8, 4: 2},
    "track-record": {0: 2, 1: 1.4},
    "changes": {0: 3, 2: 2},
    "errata": {3: 5},
    "standing": {0: 2, 2: 1.2, 4: 4},
}


# What a document leaves out when it would be too large: told to the reader in these words.
THRIFT = (
    "",
    "To stay small this document leaves the registers of assumptions and sources to the page and the workbook.",
    "To stay small this document leaves the registers of assumptions and sources, and calendar years where there are "
    "fiscal years, to the page and the workbook.",
)


def pdf(report: ReportModel, released: date, brand: Brand | None = None, most: int = MAX_BYTES) -> bytes:
    """The report as the bytes of one PDF of at most ``most`` bytes; see ``THRIFT`` for what a larger one leaves out.

    Raises :class:`DataError` when typst refuses the document or even the thriftiest is too large.
    """
    for level in range(len(THRIFT)):
        content = _set(report, released, brand or Brand(), level)
        if len(content) <= most:
            return content
    raise DataError(
        f"the PDF of {report.edition_id} has {len(content):,} bytes; it may have {most:,}: choose series with --only"
    )


def _set(report: ReportModel, released: date, brand: Brand, level: int) -> bytes:
    import typst

    moment = datetime(released.year, released.month, released.day, tzinfo=UTC)
    with tempfile.TemporaryDirectory(prefix="forecasting-pdf-") as name:
        folder = Path(name)
        (folder / "charts").mkdir()
        data = _data(report, released, brand, folder, level)
        (folder / "report.json").write_text(json.dumps(data), encoding="utf-8")
        (folder / "report.typ").write_text(brand.source("report.typ"), encoding="utf-8")
        with as_file(files("forecasting.reports").joinpath("fonts")) as own:
            try:
                made = typst.compile(
                    folder / "report.typ",
                    root=folder,
                    font_paths=typst.Fonts(False, True, [str(own), str(_chart_fonts())]),
                    sys_inputs={"data": "report.json"},
                    pdf_standards=["ua-1"],
                    timestamp=moment,
                )
            except RuntimeError as error:
                raise DataError(
                    f"{report.edition_id}: typst cannot set the report ({error}); mend report.typ"
                ) from error
    return bytes(made) if isinstance(made, bytes) else b"".join(made or [])


def _chart_fonts() -> Path:
    """The folder with DejaVu Sans, in which charts are drawn; it comes with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _data(report: ReportModel, released: date, brand: Brand, folder: Path, level: int) -> dict[str, Any]:
    from forecasting.reports.charts import fan_chart
    from forecasting.reports.drawing import balance_chart
    from forecasting.reports.waterfall import rows_chart

    def drawn(id: str, svg: str, description: str) -> dict[str, Any]:
        (folder / "charts" / f"{id}.svg").write_text(svg, encoding="utf-8")
        return {"file": f"{id}.svg", "alt": description}

    def bars(chart: BarChart) -> dict[str, Any]:
        return drawn(chart.id, rows_chart(chart), chart.description) | {
            "caption": chart.title,
            "narrow": chart.waterfall,
        }

    def fan(chart: Chart) -> dict[str, Any]:
        return drawn(chart.id, fan_chart(chart).decode(), chart.description)

    balance, view = report.balance, report.balance.views[0] if report.balance else None
    return {
        "words": dict(report.words),
        "title": report.title,
        "subtitle": report.subtitle,
        "edition": report.edition_id,
        "language": report.language,
        "organisation": brand.organisation,
        "author": brand.organisation or "forecasting",
        "accent": colours(brand.sheet)["light"]["accent"],
        "date": [released.year, released.month, released.day],
        "facts": [[f.name, f.text] for f in report.facts],
        "banner": {
            "word": report.banner.word,
            "text": report.banner.text,
            "reasons": list(report.banner.reasons),
            "fallen": [_remark(one) for one in report.banner.fallen],
            "remarks": [_remark(one) for one in report.banner.remarks],
        },
        "unanswered": report.unanswered,
        "standing": _table(report.standing) if report.standing else None,
        "answers": [
            {"title": a.title, "says": [*a.says, *a.moved]} for a in (balance.answers if balance else ())
        ],
        "moved": list(report.moved),
        "messages": [[f.name, f.text] for f in report.messages],
        "headline": _table(report.headline),
        "balance": None
        if balance is None or view is None
        else {
            "chart": drawn("balance", balance_chart(view.chart), view.chart.description)
            | {"caption": view.chart.title},
            "years": _table(view.table),
            "ranges": [bars(chart) for chart in balance.ranges],
            "tables": _tables([balance.comparison, *balance.years]),
            "tornado": [bars(chart) for chart, _ in balance.tornado],
            "knowing": _tables(balance.knowing),
        },
        "changes": _table(report.changes) if report.changes else None,
        "waterfalls": [bars(chart) for chart in report.waterfalls],
        "sections": [
            {
                "title": title,
                "series": [_section(s, fan(s.chart) if s.chart else None, level) for s in group],
            }
            for title, group in report.sections
        ],
        "record": _table(report.record) if report.record else None,
        "record_text": report.record_text,
        "assumptions": _table(report.assumptions) if report.assumptions and level < 1 else None,
        "assumptions_text": report.assumptions_text,
        "method": list(report.method),
        "limits": list(report.limits),
        "scale": [list(pair) for pair in report.scale],
        "provenance": _table(report.provenance),
        "sources": _table(report.sources if level < 1 else replace(report.sources, rows=())),
        "thrift": THRIFT[level],
        "errata": _table(report.errata) if report.errata else None,
        "colophon": [[f.name, f.text] for f in report.colophon],
    }


def _section(section: SeriesSection, chart: dict[str, Any] | None, level: int) -> dict[str, Any]:
    events = section.chart.events if section.chart else ()
    return {
        "title": section.title,
        "unit": section.unit,
        "plan_bound": section.plan_bound,
        "model": section.model,
        "note": section.note,
        "badge": section.badge,
        "standing": section.standing_text,
        "sentence": section.sentence,
        "latest": section.latest,
        "chart": chart,
        "events": "Events: " + "; ".join(f"{e.letter} {e.label}" for e in events) + "." if events else "",
        "tables": _tables(yearly(section, level)),
        "verdict": section.certificate.verdict,
        "certificate": f"{section.certificate.sentence} {section.certificate.accuracy}",
        "traps": list(section.traps),
    }


def _remark(remark: Remark) -> str:
    """A remark with the series it concerns, as one paragraph."""
    told = [f"{title} ({detail})" if detail else title for title, _, detail in remark.series]
    return f"{remark.text}: {'; '.join(told)}." if told else f"{remark.text}."


def yearly(section: SeriesSection, level: int = 0) -> Sequence[Table]:
    """The tables of years; months only where a series has nothing else. The other tables are in page and workbook."""
    fiscal = [table for table in section.tables if table.id.endswith("-fy")]
    calendar = [table for table in section.tables if table.id.endswith("-cy")]
    return (fiscal if fiscal and level >= 2 else fiscal + calendar) or section.tables


def _tables(tables: Sequence[Table]) -> list[dict[str, Any]]:
    return [_table(table) for table in tables]


def _table(table: Table) -> dict[str, Any]:
    widths = next((w for start, w in WIDTHS.items() if table.id.startswith(start)), {})
    noted = not table.id.startswith("numbers")  # the page and the workbook name the source of each figure
    return {
        "caption": table.caption,
        "columns": [
            {"head": c.head, "group": c.group, "numeric": c.numeric, "width": widths.get(i, 1.0)}
            for i, c in enumerate(table.columns)
        ],
        "rows": [_row(row, noted) for row in table.rows],
    }


def _row(row: tuple[Cell, ...], noted: bool) -> list[str | int]:
    """The cells of a row as text; the empty ones at its end as one number, how many they are."""
    blank = trailing_blanks(row)
    cells: list[str | int] = [_cell(cell, noted) for cell in row[: len(row) - blank]]
    return [*cells, blank] if blank else cells


def _cell(cell: Cell, noted: bool) -> str:
    """A cell as text; long codes get places where they may break."""
    text = f"{cell.text} ({cell.note})" if cell.note and noted else cell.text
    broken = [word if len(word) <= 18 else _breakable(word) for word in text.split(" ")]
    return " ".join(broken)


def _breakable(word: str, every: int = 12) -> str:
    return "\u200b".join(word[i : i + every] for i in range(0, len(word), every))
