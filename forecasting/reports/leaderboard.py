"""The leaderboard of models as a small, deterministic SVG."""

from __future__ import annotations

import pandas as pd

from forecasting.reports.charts import BLUE, QUIET, STYLE, WIDTH, as_svg
from forecasting.reports.format import Numbers


def leaderboard_chart(scores: pd.DataFrame, metric: str = "mase") -> bytes:
    """Mean error by model as SVG, best first; ``scores`` has columns ``model``, ``series`` and the metric.

    Every series weighs the same. Models that failed everywhere are left out of the picture and named in its
    description.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    numbers = Numbers()
    known = scores[scores[metric].notna()]
    keys = ["model", "series"] if "series" in known.columns else ["model"]
    each = known.groupby(keys)[metric].mean().groupby(level="model").mean()
    means = {
        str(model): float(value) for model, value in sorted(each.items(), key=lambda i: (i[1], str(i[0])))
    }
    failed = sorted({str(m) for m in scores["model"]} - set(means))
    parts = [f"{model} {numbers.forecast(value)}" for model, value in means.items()]
    description = f"Mean {metric.upper()} by model, best first: {'; '.join(parts) or 'no scores'}."
    if failed:
        description += f" No score: {', '.join(failed)}."
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.9 + 0.26 * max(1, len(means))))
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        rows = list(range(len(means)))
        axes.hlines(rows, 0, list(means.values()), color=BLUE, linewidth=1.2)
        axes.plot(list(means.values()), rows, "o", color=BLUE, markersize=5)
        for row, value in zip(rows, means.values(), strict=True):
            axes.annotate(
                numbers.forecast(value), (value, row), xytext=(7, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(rows, list(means))
        axes.set_ylim(max(len(means), 1) - 0.4, -0.6)
        axes.set_xlim(0, 1.15 * max([*means.values(), 1.0 if metric == "mase" else 0.0]) or 1)
        if metric == "mase":
            axes.axvline(1.0, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.set_xlabel(
            f"mean {metric.upper()} (smaller is better{'; 1 = naive' if metric == 'mase' else ''})"
        )
        figure.subplots_adjust(left=0.27, right=0.97, bottom=0.5 / figure.get_figheight(), top=0.97)
        return as_svg(figure, f"leaderboard-{metric}", f"Leaderboard by {metric.upper()}", description)
