"""Waterfalls as SVG: from the number of the last edition, cause by cause, to the number of this one."""

from __future__ import annotations

from itertools import pairwise

from forecasting.reports.drawing import GRID, INK, QUIET, ROW, bar_chart, steps, svg_head, svg_text
from forecasting.reports.format import Numbers
from forecasting.reports.model import BarChart

NAMES, RIGHT, TOP = 160.0, 450.0, 20.0
# What a cause does: edge, fill, and the sign told in words beside the bar.
UP, DOWN = ("#0072B2", "#b3d1e8"), ("#a13c00", "#f6d3bd")
HATCH = "waterfall-down"


def rows_chart(chart: BarChart) -> str:
    """A chart of rows as SVG: ranges on one axis, or a waterfall."""
    return waterfall_chart(chart) if chart.waterfall else bar_chart(chart)


def waterfall_chart(chart: BarChart) -> str:
    """The chart as SVG: levels as strokes, causes as bars; those that take away are hatched and of another colour."""
    numbers = Numbers("indian" if chart.indian else "international")
    low, high = _axis(chart)
    left, bottom = NAMES + 10.0, TOP + ROW * len(chart.bars)

    def x(value: float) -> float:
        return round(left + (RIGHT - left) * (value - low) / ((high - low) or 1.0), 1)

    hatch = f"{chart.id}-{HATCH}"
    parts = [svg_head(chart.id, chart.title, chart.description, bottom + 34)]
    parts.append(
        f'<defs><pattern id="{hatch}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="5" height="5" fill="{DOWN[1]}"/>'
        f'<path d="M0 0V5" stroke="{DOWN[0]}" stroke-width="1.4"/></pattern></defs>'
    )
    for value in steps(low, high, 5):
        weight, colour = (1.2, QUIET) if value == 0 else (0.6, GRID)
        parts.append(
            f'<path d="M{x(value):g} {TOP:g}V{bottom:g}" stroke="{colour}" stroke-width="{weight}"/>'
        )
        shown = numbers.observed(round(value, 10))
        parts.append(svg_text(x(value), bottom + 12, shown, fill=QUIET, text_anchor="middle"))
    rows = [TOP + ROW * (i + 0.5) for i in range(len(chart.bars))]
    for (before, one), (after, _) in pairwise(zip(rows, chart.bars, strict=True)):
        parts.append(
            f'<path d="M{x(one.middle):g} {before:g}V{after:g}" stroke="{QUIET}" stroke-width=".8" '
            'stroke-dasharray="2 2"/>'
        )
    for y, bar in zip(rows, chart.bars, strict=True):
        level = bar.low == bar.high == bar.middle
        edge, fill = UP if bar.middle == bar.high else (DOWN[0], f"url(#{hatch})")
        bold = ' font-weight="bold"' if level and bar in (chart.bars[0], chart.bars[-1]) else ""
        parts.append(f"<g{bold}>{svg_text(NAMES, y + 3, bar.name, fill=INK, text_anchor='end')}")
        if level:
            parts.append(f'<path d="M{x(bar.middle):g} {y - 8:g}V{y + 8:g}" stroke="#000" stroke-width="3"/>')
        else:
            width = max(x(bar.high) - x(bar.low), 0.8)
            parts.append(
                f'<rect x="{x(bar.low):g}" y="{y - 6:g}" width="{width:.1f}" height="12" fill="{fill}" stroke="{edge}" '
                'stroke-width=".9"/>'
            )
        parts.append(f"{svg_text(RIGHT + 8, y + 3, bar.text, fill=INK)}</g>")
    cut = "" if low <= 0 <= high else "; the axis does not begin at zero"
    parts.append(svg_text(8, bottom + 27, f"{chart.axis}{cut}", fill=QUIET))
    return "".join([*parts, "</svg>\n"])


def _axis(chart: BarChart) -> tuple[float, float]:
    """The levels and some room, to zero when that is near: no further from them than they lie apart."""
    low = min(bar.low for bar in chart.bars)
    high = max(bar.high for bar in chart.bars)
    wide = (high - low) or abs(high) or 1.0
    if 0 < low <= wide:
        low = 0.0
    if -wide <= high < 0:
        high = 0.0
    return low - 0.08 * wide, high + 0.08 * wide
