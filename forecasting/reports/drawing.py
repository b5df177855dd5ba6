"""Charts of the balance as small SVG written by hand, so that a page can move them from scenario to scenario.

Lines differ by dash and by the label at their end, not by colour alone. Every text is ready: nothing is formatted
in the browser.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from xml.sax.saxutils import escape

from forecasting.reports.format import Numbers
from forecasting.reports.model import BalanceChart, Bar, BarChart

WIDTH = 547
LEFT, RIGHT, TOP, BOTTOM = 62.0, 408.0, 24.0, 238.0
INK, QUIET, GRID = "#1a1a1a", "#595959", "#d9d9d9"
# Key -> line colour, label colour, band fill, dash.
LINES = {
    "demand": ("#0072B2", "#004b76", "#b3d1e8", ""),
    "available": ("#00714f", "#00563f", "#bfe3d6", "7 3"),
    "made": ("#D55E00", "#a13c00", "", "2 2"),
}
NAME_WIDTH, ROW = 222.0, 24.0
FONT = "DejaVu Sans, Noto Sans, Verdana, sans-serif"


def steps(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers on an axis.

    >>> steps(-300, 1000)
    [0, 500, 1000]
    """
    width = (high - low) or 1.0
    unit: float = 10 ** math.floor(math.log10(width / most))
    step = next(unit * m for m in (1, 2, 5, 10) if width / (unit * m) <= most)
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)]


def svg_head(id: str, title: str, description: str, height: float) -> str:
    """The opening of a chart with its role, title and description; closing it is the caller's."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" font-family="{FONT}" '
        f'font-size="9" aria-labelledby="{id}-title {id}-desc">'
        f'<title id="{id}-title">{escape(title)}</title><desc id="{id}-desc">{escape(description)}</desc>'
    )


def svg_text(x: float, y: float, text: str, **attributes: str) -> str:
    """A text element; an attribute ``text_anchor`` is written ``text-anchor``."""
    named = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:g}" y="{round(y, 1):g}"{named}>{escape(text)}</text>'


def moving(chart: BalanceChart) -> dict[str, dict[str, str]]:
    """What differs between scenarios: attributes and texts by element id (``text`` is the element's text)."""

    def y(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * min(max(value, 0.0), chart.top) / chart.top, 1)

    xs = _xs(chart)
    found: dict[str, dict[str, str]] = {
        f"{chart.id}-title": {"text": chart.title},
        f"{chart.id}-desc": {"text": chart.description},
    }
    places = _spread([y(line.median[-1]) for line in chart.lines])
    for line, place in zip(chart.lines, places, strict=True):
        known = [i for i, value in enumerate(line.median) if value == value]
        points = [f"{xs[i]:g} {y(line.median[i]):g}" for i in known]
        edge = [f"{xs[i]:g} {y(line.high[i]):g}" for i in known]
        edge += [f"{xs[i]:g} {y(line.low[i]):g}" for i in reversed(known)]
        found[f"{chart.id}-{line.key}-line"] = {"d": f"M{'L'.join(points)}" if points else "M0 0"}
        if LINES[line.key][2]:
            found[f"{chart.id}-{line.key}-band"] = {"d": f"M{'L'.join(edge)}Z" if edge else "M0 0"}
        found[f"{chart.id}-{line.key}-label"] = {"y": f"{place:g}", "text": f"{line.name} {line.label}"}
    return found


def _xs(chart: BalanceChart) -> list[float]:
    count = max(len(chart.periods) - 1, 1)
    return [round(LEFT + 8 + (RIGHT - LEFT - 16) * i / count, 1) for i in range(len(chart.periods))]


def _spread(ys: list[float], gap: float = 12.0) -> list[float]:
    """Label heights kept apart, in the order of the lines."""
    order = sorted(range(len(ys)), key=lambda i: ys[i])
    placed = list(ys)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + gap)
    over = max(0.0, max(placed, default=0.0) - BOTTOM)
    return [round(y - over + 3, 1) for y in placed]


def balance_chart(chart: BalanceChart) -> str:
    """Demand, what can be had and what is made in India over the years, with 80% bands, as SVG."""
    numbers = Numbers("indian" if chart.indian else "international")
    moved, xs = moving(chart), _xs(chart)
    parts = [svg_head(chart.id, chart.title, chart.description, 290)]
    parts.append(svg_text(8, 13, chart.axis, fill=INK))
    for value in steps(0, chart.top):
        y = BOTTOM - (BOTTOM - TOP) * value / chart.top
        parts.append(f'<path d="M{LEFT:g} {y:.1f}H{RIGHT:g}" stroke="{GRID}" stroke-width=".6"/>')
        parts.append(svg_text(LEFT - 5, y + 3, numbers.observed(value), fill=QUIET, text_anchor="end"))
    if 0 < chart.ahead < len(xs):
        x = (xs[chart.ahead - 1] + xs[chart.ahead]) / 2
        parts.append(f'<path d="M{x:.1f} {TOP:g}V{BOTTOM:g}" stroke="{QUIET}" stroke-dasharray="1 2"/>')
        parts.append(svg_text(x + 3, TOP + 6, "forecast", fill=QUIET))
    every = 1 if len(xs) <= 8 else 2
    for i, (x, period) in enumerate(zip(xs, chart.periods, strict=True)):
        if (len(xs) - 1 - i) % every == 0:
            parts.append(svg_text(x, BOTTOM + 14, period, fill=QUIET, text_anchor="middle"))
    for line in chart.lines:
        stroke, _, fill, dash = LINES[line.key]
        if fill:
            d = moved[f"{chart.id}-{line.key}-band"]["d"]
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            parts.append(
                f'<path id="{chart.id}-{line.key}-band" d="{d}" fill="{fill}" fill-opacity=".7" stroke="{stroke}" '
                f'stroke-width=".6"{dashed}/>'
            )
    for line in chart.lines:
        stroke, ink, _, dash = LINES[line.key]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        d, label = moved[f"{chart.id}-{line.key}-line"]["d"], moved[f"{chart.id}-{line.key}-label"]
        parts.append(
            f'<path id="{chart.id}-{line.key}-line" d="{d}" fill="none" stroke="{stroke}" stroke-width="2"{dashed}/>'
        )
        parts.append(
            svg_text(RIGHT + 3, float(label["y"]), label["text"], id=f"{chart.id}-{line.key}-label", fill=ink,
                  font_weight="bold")
        )  # fmt: skip
    parts.append(
        svg_text(LEFT, BOTTOM + 30, "Fiscal years, April to March, named by the year they end.", fill=QUIET)
    )
    parts.append(
        svg_text(
            LEFT,
            BOTTOM + 43,
            "Lines: medians. Areas: 80% bands of demand and of what can be had;",
            fill=QUIET,
        )
    )
    parts.append(
        svg_text(LEFT, BOTTOM + 54, "a band that reaches the top edge goes on beyond it.", fill=QUIET)
    )
    return "".join([*parts, "</svg>\n"]).replace('viewBox="0 0 547 290"', 'viewBox="0 0 547 298"')


def bar_chart(chart: BarChart) -> str:
    """Ranges with a point each, one a row, on one axis, as SVG."""
    numbers = Numbers("indian" if chart.indian else "international")
    low, high = _span(chart.bars)
    left, right = NAME_WIDTH + 10.0, 440.0
    top = 22.0
    bottom = top + ROW * len(chart.bars)

    def x(value: float) -> float:
        return round(left + (right - left) * (min(max(value, low), high) - low) / ((high - low) or 1.0), 1)

    parts = [svg_head(chart.id, chart.title, chart.description, bottom + 34)]
    for value in steps(low, high, 5):
        weight, colour = (1.2, QUIET) if value == 0 else (0.6, GRID)
        parts.append(
            f'<path d="M{x(value):g} {top:g}V{bottom:g}" stroke="{colour}" stroke-width="{weight}"/>'
        )
        shown = numbers.observed(round(value, 10))
        parts.append(svg_text(x(value), bottom + 12, shown, fill=QUIET, text_anchor="middle"))
    for i, bar in enumerate(chart.bars):
        y = top + ROW * (i + 0.5)
        lines = list(_wrapped(bar.name))
        for j, line in enumerate(lines):
            shift = 3.0 if len(lines) == 1 else (-2.5 if j == 0 else 7.5)
            parts.append(svg_text(NAME_WIDTH, y + shift, line, fill=INK, text_anchor="end"))
        a, b = x(min(bar.low, bar.high)), x(max(bar.low, bar.high))
        parts.append(
            f'<rect x="{a:g}" y="{y - 5:g}" width="{max(b - a, 0.8):.1f}" height="10" fill="#b3d1e8" stroke="#0072B2" '
            'stroke-width=".8"/>'
        )
        parts.append(f'<path d="M{x(bar.middle):g} {y - 7:g}V{y + 7:g}" stroke="#000" stroke-width="2.2"/>')
        parts.append(svg_text(right + 6, y + 3, bar.text, fill=INK))
    beyond = any(bar.high > high or bar.low < low for bar in chart.bars)
    axis = f"{chart.axis}{'; a bar at the edge goes on beyond it' if beyond else ''}"
    parts.append(svg_text(8, bottom + 27, axis, fill=QUIET))
    return "".join([*parts, "</svg>\n"])


def _span(bars: Iterable[Bar]) -> tuple[float, float]:
    """The axis: everything, but no further than three times what the points and most ends need."""
    ends = sorted(value for bar in bars for value in (bar.low, bar.middle, bar.high))
    if not ends:
        return 0.0, 1.0
    low, high = min(0.0, ends[0]), max(0.0, ends[-1])
    usual = ends[int(0.9 * (len(ends) - 1))]
    high = 1.6 * usual if high > 3 * usual > 0 else high
    margin = 0.02 * ((high - low) or 1.0)
    return low - margin, high + margin


def _wrapped(name: str, width: int = 40) -> Iterable[str]:
    """A name on one or two lines, cut with an ellipsis beyond; the table has it whole.

    >>> list(_wrapped("Rare earths kept, IREL doubled, scheme built, all on time"))
    ['Rare earths kept, IREL doubled, scheme', 'built, all on time']
    """
    import textwrap

    lines = textwrap.wrap(name, width) or [""]
    if len(lines) <= 2:
        return lines
    return [lines[0], f"{lines[1][: width - 1]}…"]
