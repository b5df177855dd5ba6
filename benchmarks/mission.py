"""How well a model forecasts the mission's own series, from what was known at each origin.

    python benchmarks/mission.py [--model auto] [--data data]

Electric registrations (two-wheelers, three-wheelers, cars, total): origins every six months from December 2019, 12 and
48 months ahead, each below its market as known then. Magnet imports (three tariff lines and HS 850511): origins every
three months from March 2022 to March 2025, 12 months ahead. MASE is in units of the seasonal naive error of the part
before the origin. Values are judged against what is believed today; a month nobody published is not judged, and a
four-year total leaves such months out of both sides.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.data.store import Store
from forecasting.evaluation.metrics import scale
from forecasting.features import BUILDERS
from forecasting.frames import Panel
from forecasting.models import build
from forecasting.periods import Period

EV = ("in.ev.2w", "in.ev.3w", "in.ev.pv", "in.ev.total")
LINES = ("in.magnets.value.85051110", "in.magnets.value.85051190", "in.magnets.value.85051900")
HEADLINE = "in.magnets.value.850511"


def panel_of(store: Store, group: str, ids: tuple[str, ...], day: date, horizon: Period) -> Panel:
    panel = BUILDERS[group](store.observations, store.catalogue, day, ids, horizon)
    if group == "magnet_imports":
        values = panel.values.assign(**{HEADLINE: panel.values[LINES[0]] + panel.values[LINES[1]]})
        panel = Panel(panel.kind, values, {**panel.units, HEADLINE: "USD m"})
    return panel


def judged(
    store: Store, model: str, group: str, ids: tuple[str, ...], first: str, every: int, steps: int, lag: int
) -> tuple[pd.DataFrame, list[tuple[float, bool]]]:
    """Errors by month, and the relative error and 80 % hit of whole-horizon totals."""
    now = panel_of(store, group, ids, date(2100, 1, 1), Period.parse("2030-12"))
    rows, sums = [], []
    cutoff = Period.parse(first)
    while cutoff < now.last:
        known = panel_of(store, group, ids, cutoff.end + timedelta(days=lag), cutoff + steps).until(cutoff)
        for id in known.ids:
            forecast = build(model, {}).fit(known.only(id)).predict(cutoff + steps, paths=1000, seed=1)
            paths = forecast.between(cutoff + 1, cutoff + steps).of(id)
            actual = now.values[id].reindex(range(cutoff.ordinal + 1, cutoff.ordinal + steps + 1)).to_numpy()
            unit = scale(known.trimmed(id).to_numpy(dtype=float), 12)
            low, middle, high = np.quantile(paths, [0.1, 0.5, 0.9], axis=1)
            held = (actual >= low) & (actual <= high)
            seen = np.isfinite(actual)
            error = np.abs(actual - middle)[seen].mean() / unit if seen.any() else np.nan
            rows.append((id, str(cutoff), error, held[seen]))
            if seen.sum() >= steps - 6 and len(actual) == steps:
                total = paths[seen].sum(axis=0)
                bottom, centre, top = np.quantile(total, [0.1, 0.5, 0.9])
                truth = actual[seen].sum()
                sums.append((abs(centre / truth - 1), bool(bottom <= truth <= top)))
        cutoff += every
    return pd.DataFrame(rows, columns=["series", "origin", "mase", "held"]), sums


def say(what: str, table: pd.DataFrame) -> None:
    table = table.dropna()
    held = np.concatenate(table["held"].to_list())
    print(f"{what}: MASE {table['mase'].mean():.2f}, 80 % bands held {held.mean():.1%} of {len(held)} months")
    for series, rows in table.groupby("series"):
        inside = np.concatenate(rows["held"].to_list()).mean()
        print(f"  {series:28} MASE {rows['mase'].mean():6.2f}  held {inside:.0%}  origins {len(rows)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="auto")
    parser.add_argument("--data", type=Path, default=Path("data"))
    given = parser.parse_args()
    store = Store.open(given.data)
    near, _ = judged(store, given.model, "ev_sales", EV, "2019-12", 6, 12, 10)
    far, sums = judged(store, given.model, "ev_sales", EV, "2019-12", 6, 48, 10)
    say("electric registrations, 12 months", near[near["origin"] <= "2024-12"])
    say("electric registrations, 48 months", far[far["origin"] <= "2021-12"])
    errors, hits = zip(*sums, strict=True)
    held = f"80 % bands held {np.mean(hits):.0%} of {len(hits)}"
    print(f"  four-year totals: mean absolute error {np.mean(errors):.1%}, {held}")
    magnets, _ = judged(store, given.model, "magnet_imports", LINES, "2022-03", 3, 12, 60)
    say("magnet imports, 12 months", magnets[magnets["origin"] <= "2025-03"])


if __name__ == "__main__":
    main()
