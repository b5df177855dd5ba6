"""``forecast report``: an edition as HTML, PDF, workbook and CSV, one chart of it, or a site over all editions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecasting.cli.console import project_root, say

if TYPE_CHECKING:
    from forecasting.publishing.standing import Ledger
    from forecasting.reports.brand import Brand

Grouping = Literal["international", "indian"]
Language = Literal["en", "hi"]
PUBLISHED = ("en", "international")


def report(
    edition: Annotated[str, typer.Argument(help="An edition id, or latest.")] = "latest",
    only: Annotated[
        str | None,
        typer.Option("--only", help="Series to show, with commas between them.", show_default=False),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option("--format", help="html, pdf, xlsx, csv, with commas between them.", show_default=False),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option("--template", help="A folder with brand.yaml, logo and templates.", show_default=False),
    ] = None,
    language: Annotated[
        Language, typer.Option("--language", help="The language of headings and summary.")
    ] = "en",
    grouping: Annotated[
        Grouping, typer.Option("--grouping", help="Thousands, or lakh and crore.")
    ] = "international",
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder to write into.", show_default=False)
    ] = None,
    chart: Annotated[
        str | None, typer.Option("--chart", help="Print the chart of this series as SVG.", show_default=False)
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option("--site", help="Write a site over all editions into this folder.", show_default=False),
    ] = None,
    editions: Annotated[
        Path | None,
        typer.Option("--editions", help="Where editions lie; by default data/editions.", show_default=False),
    ] = None,
) -> None:
    """Print where the report of an edition is; or lay the edition out anew, as asked, from its own files."""
    from forecasting.publishing.edition import verify
    from forecasting.publishing.ledger import identify, ledger

    root = editions or project_root() / "data" / "editions"
    brand = _brand(template)
    if site is not None:
        _site(root, site, brand)
        return
    folder = root / identify(root, edition)
    verify(folder)
    known = ledger(root)
    fate = known.fate(folder.name)
    if fate:
        say(f"{folder.name} was {fate}")
    if chart is not None:
        typer.echo(_chart(folder / "report.html", chart))
    elif (only, formats, template, out, fate) == (*(None,) * 4, "") and (language, grouping) == PUBLISHED:
        typer.echo(folder.resolve() / "report.html")
    else:
        target = out or Path(f"report-{folder.name}")
        _render(folder, known, target, only, formats, language, grouping, brand)


def _brand(template: Path | None) -> Brand | None:
    if template is None:
        return None
    from forecasting.reports.brand import read_brand

    return read_brand(template)


def _site(root: Path, out: Path, brand: Brand | None) -> None:
    from forecasting.publishing.edition import editions, latest, verify
    from forecasting.publishing.sinks.accounts import accounts, of_site
    from forecasting.reports.site import site

    found = editions(root)
    for folder in found:
        verify(folder)
    typer.echo(site(found, latest(root), out, brand, of_site(accounts(root), found)))


def _render(
    folder: Path,
    known: Ledger,
    out: Path,
    only: str | None,
    formats: str | None,
    language: Language,
    grouping: Grouping,
    brand: Brand | None,
) -> None:
    from forecasting.errors import UsageError, nearest
    from forecasting.publishing.sinks.place import inside_edition
    from forecasting.reports import FORMATS, render
    from forecasting.reports.archive import from_edition
    from forecasting.reports.choice import only as chosen
    from forecasting.reports.hindsight import hindsight

    if inside := inside_edition(out):
        raise UsageError(
            f"--out {out} belongs to the edition {inside}, which is never changed; name another folder"
        )
    wanted = _listed(formats) or ["html"]
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise UsageError(f"--format {unknown[0]!r} is not known; {nearest(unknown[0], FORMATS)}")
    material = hindsight(from_edition(folder), known)
    if only is not None:
        material = chosen(material, _listed(only))
    kinds = [name for name in FORMATS if name in wanted]
    for path in render(material, out, grouping, kinds, language, brand):
        typer.echo(path)
    say(f"made from {folder.resolve().name}; the edition itself is unchanged")


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _chart(page: Path, series: str) -> str:
    import re

    from forecasting.errors import InputMissing, nearest
    from forecasting.reports.tables import anchor

    charts = re.findall(r"<svg .*?</svg>", page.read_text(encoding="utf-8"), re.DOTALL)
    by_series = {match[1]: svg for svg in charts if (match := re.search(r'id="([a-z0-9-]+)-title"', svg))}
    wanted = anchor(series)
    if wanted not in by_series:
        raise InputMissing(f"{page} has no chart of {series!r}; {nearest(wanted, by_series)}")
    return str(by_series[wanted])
