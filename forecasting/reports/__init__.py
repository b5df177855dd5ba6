"""Reports: one typed model of an edition, and the renderers that lay it out.

``rendered(material, ...)`` gives the files of a report as bytes, ``render(material, folder, ...)`` writes them,
``build(material)`` gives the model behind them. Heavy libraries are imported when something is rendered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from forecasting.reports.material import Material
from forecasting.reports.model import ReportModel, build

if TYPE_CHECKING:
    from pathlib import Path

    from forecasting.reports.brand import Brand
    from forecasting.reports.format import Grouping
    from forecasting.reports.language import Language

Format = Literal["html", "pdf", "xlsx", "csv"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "xlsx", "csv")

__all__ = ["FORMATS", "Format", "Material", "ReportModel", "build", "render", "rendered"]


def rendered(
    material: Material,
    formats: Sequence[Format] = FORMATS,
    grouping: Grouping = "international",
    language: Language = "en",
    brand: Brand | None = None,
    beside: Sequence[str] = (),
) -> dict[str, bytes]:
    """The files of a report by name; the same material gives the same bytes.

    The page links to the other formats made here and to the files named in ``beside``.

    ``report.html``, ``report.pdf`` and ``report.xlsx`` (``report.hi.html`` and so on in Hindi), the CSV files and
    ``facts.json`` from which everything can be made again, and ``datapackage.json``.
    """
    report = build(material, grouping, language)
    stem = "report" if language == "en" else f"report.{language}"
    files: dict[str, bytes] = {}
    if "csv" in formats:
        from forecasting.reports.archive import edition_files
        from forecasting.reports.package import DESCRIPTOR, descriptor

        files |= edition_files(material)
        files[DESCRIPTOR] = descriptor(material, files)
    if "xlsx" in formats:
        from forecasting.reports.workbook import workbook

        files[f"{stem}.xlsx"] = workbook(report, material)
    if "pdf" in formats:
        from forecasting.reports.pdf import pdf

        files[f"{stem}.pdf"] = pdf(report, material.released, brand)
    if "html" in formats:
        from forecasting.reports.html import page

        known = {*files, *beside}
        offered = (f"{stem}.pdf", f"{stem}.xlsx", "forecasts.csv", "inputs.zip")
        linked = [name for name in offered if name in known]
        critical = material.catalogue.publication.critical
        files[f"{stem}.html"] = page(report, brand, linked, critical)
    return files


def render(
    material: Material,
    folder: Path,
    grouping: Grouping = "international",
    formats: Sequence[Format] = ("html",),
    language: Language = "en",
    brand: Brand | None = None,
) -> list[Path]:
    """Write the files of a report into a folder and return their paths.

    Raises :class:`~forecasting.errors.CannotWrite` when the folder cannot be written to.
    """
    from forecasting.errors import CannotWrite

    written = []
    for name, content in sorted(rendered(material, formats, grouping, language, brand).items()):
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise CannotWrite(
                f"{target}: {error.strerror or error}; free the space or name another folder"
            ) from error
        written.append(target)
    return written
