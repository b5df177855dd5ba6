"""Lays the report model out as one self-contained HTML page: no request, no script, no inline style."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from forecasting.reports.model import Column, ReportModel

if TYPE_CHECKING:
    import jinja2

MAX_BYTES = 1_000_000


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    def source(name: str) -> str:
        return files("forecasting.reports").joinpath("templates", name).read_text(encoding="utf-8")

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["groups"] = column_groups
    return environment


def column_groups(columns: tuple[Column, ...]) -> Iterator[tuple[str, list[Column]]]:
    """Runs of columns under one group head, in order."""
    for name, run in groupby(columns, key=lambda column: column.group):
        yield name, list(run)


def page(report: ReportModel) -> bytes:
    """The report as the bytes of one HTML file, the same bytes for the same report."""
    from markupsafe import Markup

    from forecasting.reports.charts import fan_chart

    style = files("forecasting.reports").joinpath("templates", "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    charts = {
        section.id: Markup(fan_chart(section.chart).decode())  # made by us: texts inside are escaped there
        for _, group in report.sections
        for section in group
        if section.chart
    }
    text = (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            charts=charts,
            style=Markup(style),
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        )
    )
    return text.encode("utf-8")
