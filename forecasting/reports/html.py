"""Lays the report model out as one self-contained HTML page: no request, no inline style, useful without script.

A page keeps to ``MAX_BYTES``. One that would be larger leaves out, in this order, rivals beyond the latest, values
under the pointer, and charts of series that are not critical, and says so at the place; see ``THRIFT``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from forecasting.errors import DataError
from forecasting.reports.brand import Brand
from forecasting.reports.format import Numbers
from forecasting.reports.model import Cell, Column, ReportModel, Table

if TYPE_CHECKING:
    import jinja2

MAX_BYTES = 1_000_000
FEW_RIVALS = 6
# What a page leaves out when it would be too large: told to the reader in these words.
THRIFT = (
    "",
    f"To stay small this page shows the latest {FEW_RIVALS} rival figures of a series; the workbook has them all.",
    f"To stay small this page shows the latest {FEW_RIVALS} rival figures of a series and no values under the "
    "pointer; the workbook and the CSV files have them all.",
    "To stay small this page has no charts of the series that are not critical, the latest "
    f"{FEW_RIVALS} rival figures and no values under the pointer; the workbook has all of them.",
)


def environment(brand: Brand) -> jinja2.Environment:
    """The templates of a brand, escaped and strict."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(brand.source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["groups"] = column_groups
    made.filters["blank"] = trailing_blanks
    made.filters["told"] = lambda row: row[: len(row) - trailing_blanks(row)]
    return made


def column_groups(columns: tuple[Column, ...]) -> Iterator[tuple[str, list[Column]]]:
    """Runs of columns under one group head, in order."""
    for name, run in groupby(columns, key=lambda column: column.group):
        yield name, list(run)


def trailing_blanks(row: tuple[Cell, ...]) -> int:
    """How many cells at the end of a row are empty: they become one."""
    told = [i for i, cell in enumerate(row) if cell.text]
    return len(row) - 1 - told[-1] if told else 0


def page(
    report: ReportModel,
    brand: Brand | None = None,
    beside: Sequence[str] = (),
    critical: Sequence[str] = (),
    most: int = MAX_BYTES,
) -> bytes:
    """The report as the bytes of one HTML file, the same bytes for the same report.

    ``beside`` names the files that lie beside the page and are offered for download. Raises :class:`DataError` when
    even the thriftiest page is larger than ``most`` bytes.
    """
    from forecasting.reports.charts import fan_chart

    drawn = {s.id: fan_chart(s.chart).decode() for s in report.series if s.chart}
    for level in range(len(THRIFT)):
        content = _laid(report, brand or Brand(), beside, critical, drawn, level)
        if len(content) <= most:
            return content
    raise DataError(
        f"the page of {report.edition_id} has {len(content):,} bytes without most charts; it may have {most:,}: "
        "choose series with --only"
    )


def _laid(
    report: ReportModel,
    brand: Brand,
    beside: Sequence[str],
    critical: Sequence[str],
    drawn: dict[str, str],
    level: int,
) -> bytes:
    from markupsafe import Markup

    from forecasting.reports import live
    from forecasting.reports.drawing import balance_chart
    from forecasting.reports.waterfall import rows_chart

    shown = {id: svg for id, svg in drawn.items() if level < 3 or id in critical}
    lean = _lean(report) if level >= 1 else report
    values = (
        live.values([s.chart for s in report.series if s.chart and s.id in shown], Numbers(report.grouping))
        if level < 2
        else {}
    )
    balance = report.balance
    style, script = dense(brand.sheet), dense(brand.source("report.js"))
    face = _devanagari(report) if report.language == "hi" else ""
    text = (
        environment(brand)
        .get_template("report.html.j2")
        .render(
            report=lean,
            brand=brand,
            beside=beside,
            anchors={f"#{section.anchor}" for section in report.series},
            thrift=THRIFT[level],
            charts={
                id: Markup(svg) for id, svg in shown.items()
            },  # made by us: texts inside are escaped there
            balance_chart=Markup(balance_chart(balance.views[0].chart)) if balance else "",
            bars={
                chart.id: Markup(rows_chart(chart))
                for chart in (
                    *(balance.ranges if balance else ()),
                    *(chart for chart, _ in (balance.tornado if balance else ())),
                    *report.waterfalls,
                )
            },
            scenario_data=Markup(live.embedded(live.scenarios(balance))),
            value_data=Markup(live.embedded(values)),
            style=Markup(face + style),
            script=Markup(script),
            policy=policy(face + style, script, brand, bool(face)),
        )
    )
    return dense(text).encode("utf-8")


def dense(text: str) -> str:
    """A text without its blank lines."""
    return re.sub(r"\n\s*\n+", "\n", text)


def policy(style: str, script: str, brand: Brand, font: bool) -> str:
    """The content security policy of a page with one style sheet and one script, both inside it."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    parts = [
        "default-src 'none'",
        f"style-src 'sha256-{digest(style)}'",
        f"script-src 'sha256-{digest(script)}'",
    ]
    if brand.logo:
        parts.append("img-src data:")
    if font:
        parts.append("font-src data:")
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _lean(report: ReportModel) -> ReportModel:
    """The report with few rival figures."""

    def few(table: Table | None) -> Table | None:
        return table and replace(table, rows=table.rows[:FEW_RIVALS])

    return replace(
        report,
        sections=tuple(
            (title, tuple(replace(section, rivals=few(section.rivals)) for section in group))
            for title, group in report.sections
        ),
    )


def _devanagari(report: ReportModel) -> str:
    """A font face with the Devanagari letters, so that Hindi reads on machines without such a font."""
    from forecasting.reports.fontface import devanagari_face

    texts = [*report.words.values(), *(fact.text for fact in report.messages), *report.moved]
    return devanagari_face("".join(texts))


def template_files() -> list[str]:
    """The templates an organisation may replace.

    >>> "report.css" in template_files()
    True
    """
    folder = files("forecasting.reports").joinpath("templates")
    return sorted(entry.name for entry in folder.iterdir())
