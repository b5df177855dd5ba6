"""One series drawn to a file: believed points, rivals, breaks and gaps with a known sum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.errors import CannotWrite, UsageError, nearest
from forecasting.periods import Period

if TYPE_CHECKING:
    from forecasting.data.view import SeriesView

FORMATS = (".svg", ".png", ".pdf")


def draw(view: SeriesView, path: Path) -> None:
    """Draw a series to an .svg, .png or .pdf file.

    Raises :class:`UsageError` for another ending and :class:`CannotWrite` when the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot {path.name!r} is not a picture; {nearest(path.suffix, FORMATS)}")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from forecasting.reports.charts import BLUE, QUIET, VERMILLION

    figure = Figure(figsize=(8.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    rows = view.rows[view.rows["status"] != "target"]
    start = rows.assign(at=[Period.parse(label).start.toordinal() for label in rows["period"]])
    rivals, chosen = start[~start["believed"]], start[start["believed"]]
    fitted = chosen[chosen["fitted"]]
    axes.plot(
        rivals["at"], rivals["value"], "x", color=VERMILLION, markersize=4, label="rival or older vintage"
    )
    axes.plot(
        chosen["at"],
        chosen["value"],
        "o",
        color=QUIET,
        markersize=4,
        fillstyle="none",
        label="believed, not fitted",
    )
    axes.plot(fitted["at"], fitted["value"], "o", color=BLUE, markersize=4, label="believed and fitted")
    for id, one in view.breaks.items():
        if one.starts is not None:
            axes.axvline(
                Period.parse(one.starts).start.toordinal(), color=QUIET, linestyle="--", linewidth=0.8
            )
            axes.annotate(id, (Period.parse(one.starts).start.toordinal(), 0.98), xycoords=("data", "axes fraction"),
                          rotation=90, fontsize=6, va="top", ha="right", color=QUIET)  # fmt: skip
    positive = start["value"][start["value"] > 0]
    if len(positive) and positive.max() > 100 * positive.min():
        axes.set_yscale("log")
    axes.xaxis_date()
    axes.set_ylabel(view.entry.unit)
    axes.set_title(f"{view.entry.title} ({view.id}), as known on {view.day}", fontsize=10)
    axes.legend(fontsize=7, frameon=False)
    try:
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise CannotWrite(f"{path}: cannot write ({error.strerror}); name another place") from error
