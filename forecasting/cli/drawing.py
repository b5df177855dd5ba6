"""A series drawn in characters: believed points as dots, rivals as commas, on a plain grid any terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecasting.periods import Period

if TYPE_CHECKING:
    from forecasting.data.view import SeriesView

WIDTH, HEIGHT = 72, 14


def chart(view: SeriesView) -> str:
    """The drawing, a line of text for each row; logarithmic when the figures span more than two powers of ten."""
    import math

    rows = view.rows[view.rows["status"] != "target"]
    if rows.empty:
        return "nothing to draw"
    values = [float(v) for v in rows["value"]]
    positive = [v for v in values if v > 0]
    steep = bool(positive) and max(positive) > 100 * min(positive)
    heights = [math.log10(max(v, min(positive))) if steep else v for v in values]
    ordinals = [Period.parse(label).ordinal for label in rows["period"]]
    left, right, low, high = min(ordinals), max(ordinals), min(heights), max(heights)
    grid = [[" "] * WIDTH for _ in range(HEIGHT)]
    for ordinal, height, chosen in sorted(
        zip(ordinals, heights, rows["believed"], strict=True), key=lambda one: one[2]
    ):
        column = round((ordinal - left) / max(right - left, 1) * (WIDTH - 1))
        line = HEIGHT - 1 - round((height - low) / ((high - low) or 1.0) * (HEIGHT - 1))
        grid[line][column] = "•" if chosen else ","
    top, bottom = max(values), (min(positive) if steep else min(values))
    lines = [
        f"{(f'{top:,.4g}' if i == 0 else f'{bottom:,.4g}' if i == HEIGHT - 1 else ''):>12} │{''.join(row)}"
        for i, row in enumerate(grid)
    ]
    kind = view.entry.kind
    ends = f"{Period(kind, left)!s}{Period(kind, right)!s:>{WIDTH - len(str(Period(kind, left)))}}"
    scale = "logarithmic" if steep else "linear"
    return "\n".join(
        [
            *lines,
            f"{'':>12} └{'─' * WIDTH}",
            f"{'':>14}{ends}",
            f"{'':>14}• believed  , rival  ({view.entry.unit}, {scale})",
        ]
    )
