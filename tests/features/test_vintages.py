"""A backtest on final data flatters: on a series that was revised the two differ, measurably."""

from __future__ import annotations

from datetime import date

import numpy as np

from forecasting.data.store import Store
from forecasting.features import BUILDERS, known_on
from forecasting.models import build
from forecasting.periods import Period

SERIES = "in.market.pv"
TODAY = date(2026, 6, 30)


def test_vintages_and_final_data_give_unlike_errors(store: Store) -> None:
    last = Period.parse("2025-04")
    today = BUILDERS["markets"](store.observations, store.catalogue, TODAY, [SERIES], last)
    errors: dict[str, list[float]] = {"vintages": [], "final": []}
    for origin in (Period.parse("2023-01") + i for i in range(0, 24, 3)):
        day = known_on(store.catalogue, [SERIES], origin)
        then = BUILDERS["markets"](store.observations, store.catalogue, day, [SERIES], origin).until(origin)
        if then.last != origin:  # one release came a day after the declared lag
            continue
        for name, panel in (("vintages", then), ("final", today.until(origin))):
            forecast = build("seasonal_naive", {}).fit(panel).predict(origin + 1, paths=200, seed=1)
            actual = today.values[SERIES][(origin + 1).ordinal]
            errors[name].append(abs(float(np.median(forecast.of(SERIES)[0])) / actual - 1))
    assert len(errors["final"]) >= 6
    assert np.mean(errors["vintages"]) > np.mean(errors["final"]) + 0.01
