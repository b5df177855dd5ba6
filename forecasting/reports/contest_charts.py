"""The charts of a leaderboard: error by horizon, calibration, cumulative difference to the model in force."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from forecasting.reports.charts import BLACK, BLUE, GREEN, INK, PURPLE, QUIET, STYLE, VERMILLION, as_svg
from forecasting.reports.format import Numbers

NAMED = 6  # models told apart by colour, dash and label; the others are thin lines
LOOKS = (
    (BLUE, "-"), (VERMILLION, (0, (5, 1.5))), (GREEN, (0, (1, 1.2))), (PURPLE, (0, (5, 1.5, 1, 1.5))),
    (BLACK, (0, (3, 1, 1, 1, 1, 1))), (QUIET, (0, (8, 2))),
)  # fmt: skip
SIZE = (7.6, 3.0)
Lines = Mapping[str, Sequence[tuple[float, float]]]


def horizon_chart(by_horizon: pd.DataFrame, order: Sequence[str], id: str, title: str) -> bytes:
    """Mean CRPS of each model by step ahead; ``by_horizon`` has the columns ``model, step, crps`` of one series."""
    lines = _lines(by_horizon, order, "step", "crps")
    return _chart(lines, id, title, "CRPS in naive errors, by step ahead", "steps ahead", _zero)


def calibration_chart(shares: pd.DataFrame, order: Sequence[str], id: str, title: str) -> bytes:
    """The share of actuals below each quantile; ``shares`` has the columns ``model, quantile, share``."""
    lines = _lines(shares, order, "quantile", "share")
    axis = "share of actuals below the quantile; the dotted line is perfect"
    return _chart(lines, id, title, axis, "nominal quantile", _diagonal)


def difference_chart(table: pd.DataFrame, reference: str, order: Sequence[str], id: str, title: str) -> bytes:
    """Losses by origin (rows) and model (columns), summed up over time and less the reference's: above zero the
    reference is ahead."""
    behind = table.sub(table[reference], axis=0).cumsum()
    named = [model for model in order if model in behind.columns and model != reference]
    lines = {model: [(float(i), float(v)) for i, v in enumerate(behind[model])] for model in named}
    labels = [str(label) for label in table.index]
    axis = f"summed CRPS less that of {reference}; above zero {reference} is ahead"
    return _chart(lines, id, title, axis, "last period known at the origin", _zero_line, labels)


def _lines(table: pd.DataFrame, order: Sequence[str], x: str, y: str) -> dict[str, list[tuple[float, float]]]:
    found = {}
    for model in order:
        rows = table[(table["model"] == model) & table[y].notna()].sort_values(x)
        if len(rows):
            found[model] = [(float(a), float(b)) for a, b in zip(rows[x], rows[y], strict=True)]
    return found


def _chart(
    lines: Lines, id: str, title: str, axis: str, below: str, frame: Callable[[Any], None],
    labels: Sequence[str] = (),
) -> bytes:  # fmt: skip
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=SIZE)
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.09, 0.17, 0.68, 0.7))
        for place, (model, points) in enumerate(lines.items()):
            xs, ys = [x for x, _ in points], [y for _, y in points]
            if place < NAMED:
                colour, dash = LOOKS[place]
                mark = "o" if len(points) == 1 else None
                axes.plot(
                    xs,
                    ys,
                    color=colour,
                    linestyle=dash,
                    linewidth=1.6,
                    marker=mark,
                    markersize=4,
                    label=model,
                )
            else:
                label = f"{len(lines) - NAMED} more" if place == NAMED else None
                axes.plot(xs, ys, color="#9a9a9a", linewidth=0.6, label=label)
        frame(axes)
        axes.tick_params(length=0, pad=4)
        axes.grid(axis="y", color="#d9d9d9", linewidth=0.6)
        axes.set_title(axis, loc="left", fontsize=9, color=INK, x=-0.09)
        axes.set_xlabel(below, fontsize=8, color=QUIET, loc="left")
        if labels:
            every = max(1, math.ceil(len(labels) / 8))
            axes.set_xticks(range(0, len(labels), every), labels[::every])
        handles, _ = axes.get_legend_handles_labels()
        if handles:
            axes.legend(
                loc="upper left", bbox_to_anchor=(1.01, 1.03), frameon=False, fontsize=8, handlelength=2.6
            )
        return as_svg(figure, id, title, _description(lines, title))


def _description(lines: Lines, title: str) -> str:
    numbers = Numbers()
    parts = [
        f"{model} from {numbers.forecast(points[0][1])} to {numbers.forecast(points[-1][1])}"
        for model, points in lines.items()
    ]
    return f"{title}. {'; '.join(parts[:NAMED]) or 'Nothing could be judged'}."


def _zero(axes: Any) -> None:
    axes.set_ylim(bottom=0)


def _zero_line(axes: Any) -> None:
    axes.axhline(0, color=QUIET, linewidth=0.9)


def _diagonal(axes: Any) -> None:
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.9, linestyle=(0, (1, 2)))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
