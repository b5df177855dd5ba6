"""Charts as small, deterministic SVG: the fan chart of a series.

The colours are those of Okabe and Ito that keep a contrast of 3:1 on white, and nothing is told by colour
alone: observations differ by marker, bands by edge and label, rivals by dash.
"""

from __future__ import annotations

import io
import math
from functools import lru_cache
from typing import Any

from forecasting.periods import Kind, Period
from forecasting.reports.format import Numbers, period_text
from forecasting.reports.model import Chart, FanPoint, Mark
from forecasting.reports.svg import tidy
from forecasting.reports.words import STATUS_WORDS

BLACK, BLUE, VERMILLION, GREEN, PURPLE = "#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7"
INK, QUIET, GRID = "#1a1a1a", "#595959", "#d9d9d9"
BANDS = ((0.025, 0.975, "#dbe9f4", "95%"), (0.1, 0.9, "#b3d1e8", "80%"), (0.25, 0.75, "#7fb3d9", "50%"))
WIDTH, HEIGHT = 7.6, 4.1
AXES = (0.11, 0.225, 0.75, 0.685)
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "forecasting",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
}
# Status -> marker, face colour, edge colour, size.
MARKERS: dict[str, tuple[str, str, str, float]] = {
    "actual": ("o", BLACK, BLACK, 3.2),
    "derived": ("s", BLACK, BLACK, 2.8),
    "provisional": ("o", "#ffffff", BLACK, 4.2),
    "estimate": ("D", "#ffffff", PURPLE, 4.2),
    "carried_forward": ("x", QUIET, QUIET, 4.6),
    "target": ("^", "#ffffff", VERMILLION, 5.4),
}
TIME_WORDS = {
    Kind.MONTH: "Months; ticks stand at January",
    Kind.QUARTER: "Quarters; ticks stand at January",
    Kind.FY: "Fiscal years, April to March, named by the year they end",
    Kind.CY: "Calendar years",
}
DASHES = ((0, (4, 2)), (0, (1, 1.4)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))
RIVAL_MARKERS = ("v", "<", ">", "p")
RIVAL_COLOURS = (GREEN, VERMILLION, PURPLE, QUIET)


@lru_cache(maxsize=128)
def fan_chart(chart: Chart) -> bytes:
    """The fan chart as SVG: history by status, 50, 80 and 95% bands, rivals, events, outlooks."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasSVG(figure)
        axes = figure.add_axes(AXES)
        _bands(axes, chart)
        _standing(axes, chart)
        _rivals(axes, chart)
        _history(axes, chart)
        _outlooks(axes, chart)
        _frame(axes, chart)
        _events(axes, chart)
        _end_labels(axes, chart)
        handles, _ = axes.get_legend_handles_labels()
        if handles:
            figure.legend(
                loc="lower left", bbox_to_anchor=(0.1, 0.0), ncol=4, frameon=False, fontsize=8,
                handlelength=1.8, columnspacing=1.4, labelspacing=0.3, borderpad=0.2,
            )  # fmt: skip
        return as_svg(figure, chart.id, chart.title, chart.description)


def as_svg(figure: Any, id: str, title: str, description: str) -> bytes:
    """The figure as a tidy SVG, the same bytes every time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return tidy(buffer.getvalue().decode("utf-8"), id, title, description).encode("utf-8")


def _bands(axes: Any, chart: Chart) -> None:
    xs = [point.x for point in chart.fan]
    if len(xs) == 1:
        for width, (low, high, fill, _) in zip((0.5, 0.36, 0.22), BANDS, strict=True):
            a, b = chart.fan[0].at(low), chart.fan[0].at(high)
            axes.bar(xs, [b - a], width=width, bottom=a, color=fill, edgecolor=BLUE, linewidth=0.8)
        axes.plot(xs, [chart.fan[0].at(0.5)], marker="_", markersize=14, color=BLUE)
        return
    for low, high, fill, _ in BANDS:
        lows, highs = [p.at(low) for p in chart.fan], [p.at(high) for p in chart.fan]
        axes.fill_between(xs, lows, highs, facecolor=fill, edgecolor=BLUE, linewidth=0.6, zorder=1)
    if xs:
        style = (0, (4, 1.5)) if chart.mark else "solid"
        axes.plot(xs, [p.at(0.5) for p in chart.fan], color=BLUE, linewidth=2.0, linestyle=style, zorder=4)


def _standing(axes: Any, chart: Chart) -> None:
    """Hatching over the 95% band and words across it, where the forecast is not the champion's of today."""
    if not chart.mark or not chart.fan:
        return
    xs = [point.x for point in chart.fan]
    lows, highs = [p.at(0.025) for p in chart.fan], [p.at(0.975) for p in chart.fan]
    if len(xs) == 1:
        axes.bar(
            xs,
            [highs[0] - lows[0]],
            width=0.5,
            bottom=lows,
            facecolor="none",
            edgecolor=QUIET,
            hatch="//",
            linewidth=0,
        )
    else:
        axes.fill_between(
            xs, lows, highs, facecolor="none", edgecolor=QUIET, hatch="//", linewidth=0, zorder=2
        )
    axes.text(
        0.015, 0.93, chart.mark, transform=axes.transAxes, ha="left", va="top", fontsize=8, color=INK, weight="bold",
        bbox={"facecolor": "#ffffff", "edgecolor": QUIET, "linewidth": 0.6, "pad": 2.5}, zorder=9,
    )  # fmt: skip


def _runs(marks: tuple[Mark, ...], every: bool = False) -> list[list[Mark]]:
    """Marks that follow each other without a gap, of observed statuses (or of ``every`` one)."""
    runs: list[list[Mark]] = []
    last: Period | None = None
    for mark in marks:
        if mark.status in ("target", "carried_forward") and not every:
            continue
        period = Period.parse(mark.period)
        if last is not None and period - last == 1:
            runs[-1].append(mark)
        else:
            runs.append([mark])
        last = period
    return runs


def _history(axes: Any, chart: Chart) -> None:
    dense = len(chart.believed) > 50
    runs = _runs(chart.believed)
    lines = {mark.period for run in runs if len(run) > 1 for mark in run} if dense else set()
    for i, run in enumerate(sorted(runs, key=len, reverse=True)):
        label = "observed" if dense and i == 0 else None
        axes.plot(
            [m.x for m in run], [m.value for m in run], color=BLACK, linewidth=1.3, zorder=5, label=label
        )
    for status, (marker, face, edge, size) in MARKERS.items():
        plain = status in ("actual", "derived")
        chosen = [m for m in chart.believed if m.status == status and not (plain and m.period in lines)]
        if not chosen:
            continue
        axes.plot(
            [m.x for m in chosen], [m.value for m in chosen], linestyle="none", marker=marker,
            markersize=size, markerfacecolor=face, markeredgecolor=edge,
            markeredgewidth=1.1, zorder=6, label=STATUS_WORDS[status].split(",")[0],
        )  # fmt: skip


def _rivals(axes: Any, chart: Chart) -> None:
    for i, (source, marks) in enumerate(chart.rivals):
        colour, label = RIVAL_COLOURS[i % 4], f"rival: {source if len(source) <= 26 else source[:25] + '…'}"
        for run in _runs(marks, every=True):
            axes.plot(
                [m.x for m in run], [m.value for m in run], linestyle=DASHES[i % 4], linewidth=0.9,
                marker=RIVAL_MARKERS[i % 4] if len(run) < 12 else "", markersize=3.2, color=colour,
                markerfacecolor="white", markeredgewidth=0.8, zorder=3, label=label,
            )  # fmt: skip
            label = "_again"


def _outlooks(axes: Any, chart: Chart) -> None:
    if chart.outlooks:
        axes.plot(
            [m.x for m in chart.outlooks], [m.value for m in chart.outlooks], linestyle="none", marker="P",
            markersize=6, markerfacecolor="#ffffff", markeredgecolor=VERMILLION, zorder=6,
            label="published outlook",
        )  # fmt: skip


def _ends(chart: Chart) -> tuple[float, float]:
    xs = [m.x for m in (*chart.believed, *chart.outlooks)] + [p.x for p in chart.fan]
    return min(xs), max(xs)


def limits(chart: Chart) -> tuple[float, float]:
    """Where the time axis of a fan chart begins and ends, in years."""
    first, last = _ends(chart)
    return first - 0.6, last + 0.25 + 0.02 * (last - first)


def pixel(chart: Chart, x: float) -> float:
    """Where a time stands in the drawing, in units of its view box."""
    low, high = limits(chart)
    return round(72 * WIDTH * (AXES[0] + AXES[2] * (x - low) / (high - low)), 1)


def _frame(axes: Any, chart: Chart) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    numbers = Numbers("indian" if chart.indian else "international")
    first, last = _ends(chart)
    axes.set_xlim(*limits(chart))
    low = min(0.0, *(p.at(0.025) for p in chart.fan), *(m.value for m in chart.believed), 0.0)
    axes.set_ylim(low * 1.05, chart.top if chart.top else axes.get_ylim()[1])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, min_n_ticks=3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.observed(round(float(value), 10))))
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", length=0, pad=5)
    if low < 0:
        axes.axhline(0, color=QUIET, linewidth=0.8)
    _time_axis(axes, chart.kind, first, last)
    axes.set_xlabel(TIME_WORDS[chart.kind], fontsize=8, color=QUIET, loc="left", labelpad=2)
    axes.set_title(chart.axis, loc="left", fontsize=9, color=INK, x=-0.09, pad=10)
    if chart.top:
        axes.annotate(
            "axis cut: the 95% band goes higher", (1.0, 1.0), xycoords="axes fraction", ha="right",
            va="bottom", fontsize=8, color=INK,
        )  # fmt: skip


def _time_axis(axes: Any, kind: Kind, first: float, last: float) -> None:
    years = range(math.floor(first), math.ceil(last) + 1)
    step = next(s for s in (1, 2, 5, 10, 20, 50) if len(years) / s <= (9 if kind is Kind.FY else 13))
    chosen = [y for y in years if (y - 2030) % step == 0]
    if kind is Kind.FY:
        places = [(Period(Kind.FY, y), f"FY{y}") for y in chosen]
        ticks = [(p.start.year + 0.75, label) for p, label in places]
    elif kind is Kind.CY:
        ticks = [(y + 0.5, str(y)) for y in chosen]
    else:
        ticks = [(float(y), f"Jan {y}" if step > 1 or len(years) < 9 else str(y)) for y in chosen]
    inside = [(x, label) for x, label in ticks if first - 0.6 <= x <= last + 0.5]
    axes.set_xticks([x for x, _ in inside], [label for _, label in inside])


def _events(axes: Any, chart: Chart) -> None:
    last, row = -math.inf, 0
    low, high = axes.get_xlim()
    for event in chart.events:
        row = (row + 1) % 4 if event.x - last < (high - low) * 0.025 else 0
        last = event.x
        axes.axvline(event.x, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
        axes.plot(
            [event.x], [1 - 0.055 * row], transform=axes.get_xaxis_transform(), marker="o", markersize=10,
            markerfacecolor="white", markeredgecolor=QUIET, markeredgewidth=0.6, clip_on=False, zorder=7,
        )  # fmt: skip
        axes.annotate(
            event.letter, (event.x, 1 - 0.055 * row), xycoords=("data", "axes fraction"), ha="center",
            va="center", fontsize=8, fontweight="bold", color=INK, zorder=8,
        )  # fmt: skip


def _end_labels(axes: Any, chart: Chart) -> None:
    """Labels at the end of the fan: the median with its value, each band at its upper and lower edge."""
    if not chart.fan:
        return
    end: FanPoint = chart.fan[-1]
    shown = dict(chart.labels)
    wanted = [(0.5, "median", True)]
    for low, high, _, name in BANDS:
        if name != "50%":
            wanted += [(low, name, False), (high, name, False)]
    low_limit, high_limit = axes.get_ylim()
    height = high_limit - low_limit
    places = sorted((min(end.at(level), high_limit), level, name, bold) for level, name, bold in wanted)
    gap = 0.052 * height
    ys = [y for y, *_ in places]
    for i in range(1, len(ys)):
        ys[i] = max(ys[i], ys[i - 1] + gap)
    over = max(0.0, ys[-1] - high_limit) if ys else 0.0
    for i in range(len(ys) - 1, -1, -1):
        ceiling = high_limit if i == len(ys) - 1 else ys[i + 1] - gap
        ys[i] = min(ys[i], ceiling) if over else ys[i]
    x = axes.get_xlim()[1]
    for y, (_, level, name, bold) in zip(ys, places, strict=True):
        axes.annotate(
            f"{name} {shown.get(str(level), '')}", (x, y), fontsize=8, va="center", ha="left",
            color="#004b76" if bold else INK, fontweight="bold" if bold else "normal", annotation_clip=False,
        )  # fmt: skip
    when = period_text(Period.parse(end.period))
    axes.annotate(
        when, (1.0, ys[-1] + gap * 1.05), xycoords=("axes fraction", "data"), fontsize=8, va="center",
        ha="left", color=QUIET, annotation_clip=False,
    )  # fmt: skip
