"""Does a backtest on today's data flatter a forecast? The same model on vintages and on final data, side by side.

    python benchmarks/vintages.py            prints the tables and writes docs/data/vintages.md
    python benchmarks/vintages.py --check    fails when the page is out of date

At each origin a model is fitted twice: on what was known on the day by which the month was published
(``as_of``), and on what is known today about the same months. Both are judged by today's figures. A third fit starts
from the vintage and widens its band by the revisions learnt up to that day.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.data.revisions import jump_off, learn, widen
from forecasting.data.store import Store
from forecasting.features import BUILDERS, known_on
from forecasting.frames import Panel
from forecasting.models import build
from forecasting.periods import Period

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data" / "vintages.md"
SERIES = ("in.market.pv", "in.market.3w", "in.market.2w", "in.market.total")
MODEL, PARAMETERS = "seasonal_naive", {}
FIRST, LAST, STEPS = Period.parse("2022-12"), Period.parse("2025-01"), 3
PATHS, SEED, TODAY = 1000, 2026, pd.Timestamp("2026-06-30").date()


def one(store: Store, id: str, today: Panel) -> list[dict[str, object]]:
    """The errors of one series at every origin, by what the model saw."""
    rows: list[dict[str, object]] = []
    for origin in (FIRST + i for i in range(LAST - FIRST + 1)):
        day = known_on(store.catalogue, [id], origin)
        known = store.as_of(day)
        then = BUILDERS["markets"](store.observations, store.catalogue, day, [id], origin).until(origin)
        now = today.only(id).until(origin)
        if then.last != origin:
            continue
        size = jump_off(learn(known, store.catalogue), known, store.catalogue, [id], day)
        for saw, panel in (("vintages", then), ("final data", now), ("vintages, widened", then)):
            forecast = build(MODEL, PARAMETERS).fit(panel).predict(origin + STEPS, paths=PATHS, seed=SEED)
            if saw.endswith("widened"):
                forecast = widen(forecast, size, seed=SEED, recentre=True)
            for step, period in enumerate(forecast.periods):
                actual = today.values[id].get(period.ordinal, np.nan)
                if np.isnan(actual):
                    continue
                draws = forecast.of(id)[step]
                low, middle, high = np.quantile(draws, (0.1, 0.5, 0.9))
                rows.append(
                    {
                        "series": id,
                        "saw": saw,
                        "error": abs(float(middle) / actual - 1),
                        "bias": float(middle) / actual - 1,
                        "inside": bool(low <= actual <= high),
                    }
                )
    return rows


def table(store: Store) -> pd.DataFrame:
    """Mean absolute error, bias and coverage of the 80 % band, by series and by what the model saw."""
    today = BUILDERS["markets"](store.observations, store.catalogue, TODAY, SERIES, LAST + STEPS)
    rows = [row for id in SERIES for row in one(store, id, today)]
    frame = pd.DataFrame(rows)
    shown = frame.groupby(["series", "saw"], sort=False).agg(
        forecasts=("error", "size"), error=("error", "mean"), bias=("bias", "mean"), inside=("inside", "mean")
    )
    return shown.reset_index()


def revision_lines(store: Store) -> list[str]:
    """How far the last figure lay below today's, at the origins of the backtest."""
    today = BUILDERS["markets"](store.observations, store.catalogue, TODAY, SERIES, LAST)
    lines = []
    for id in SERIES:
        ratios = []
        for origin in (FIRST + i for i in range(LAST - FIRST + 1)):
            day = known_on(store.catalogue, [id], origin)
            then = BUILDERS["markets"](store.observations, store.catalogue, day, [id], origin)
            values = then.values[id]
            if origin.ordinal in values.index and np.isfinite(values[origin.ordinal]):
                ratios.append(today.values[id][origin.ordinal] / values[origin.ordinal] - 1)
        lines.append(f"| `{id}` | {len(ratios)} | {np.mean(ratios):+.1%} | {np.max(np.abs(ratios)):.1%} |")
    return lines


def page(store: Store) -> str:
    """The whole page."""
    found = table(store)
    lines = [
        "<!-- Written by benchmarks/vintages.py -->",
        "",
        "# A backtest with vintages is not one on final data",
        "",
        "FADA prints a month about a week after its end and prints it again, restated, a year later. A backtest on",
        "today's data gives the model figures nobody had. All rows below are judged by today's figures.",
        "",
        "How far the last known month was restated afterwards:",
        "",
        "| series | origins | mean restatement | largest |",
        "|---|---|---|---|",
        *revision_lines(store),
        "",
        f"One to {STEPS} months ahead, {FIRST} to {LAST}, {MODEL}:",
        "",
        "| series | the model saw | forecasts | mean absolute error | bias | inside the 80 % band |",
        "|---|---|---|---|---|---|",
    ]
    for row in found.itertuples():
        lines.append(
            f"| `{row.series}` | {row.saw} | {row.forecasts} | {row.error:.2%} | {row.bias:+.2%} | {row.inside:.0%} |"
        )
    lines += [
        "",
        "*Vintages, widened* starts the band from the revisions learnt up to that day",
        "(`forecasting/data/revisions.py`). First releases before November 2022 lack two states: part of the",
        "difference is coverage, which no revision size can repair and the break register names.",
        "",
        "Run `python benchmarks/vintages.py` to make this page again.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    warnings.simplefilter("ignore")
    text = page(Store.open(ROOT / "data"))
    if "--check" in sys.argv:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text)
    print(text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
