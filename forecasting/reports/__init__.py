"""Reports: one typed model of an edition, and the renderers that lay it out.

``render(material, folder)`` writes the report of an edition; ``build(material)`` gives the model behind it.
Matplotlib and jinja2 are imported when a page is rendered, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.reports.material import Material
from forecasting.reports.model import ReportModel, build

if TYPE_CHECKING:
    from pathlib import Path

    from forecasting.reports.format import Grouping

__all__ = ["Material", "ReportModel", "build", "render"]


def render(material: Material, folder: Path, grouping: Grouping = "international") -> list[Path]:
    """Write ``report.html`` of an edition into a folder and return the files written.

    The same material gives the same bytes. Raises :class:`~forecasting.errors.CannotWrite` when the folder
    cannot be written to.
    """
    from forecasting.errors import CannotWrite
    from forecasting.reports.html import page

    target = folder / "report.html"
    content = page(build(material, grouping))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise CannotWrite(
            f"{target}: {error.strerror or error}; free the space or name another folder"
        ) from error
    return [target]
