"""Every gate lets a sound table through and objects to the defect it exists for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from forecasting.catalogue import Catalogue
from forecasting.data.store import Store
from forecasting.frames import Forecast
from forecasting.periods import Kind, Period
from forecasting.publishing.gates import GATES, LAST, objections
from forecasting.publishing.job import tabulate


def sound(catalogue: Catalogue) -> pd.DataFrame:
    """A made-up table: every target and market flat around a level below its market."""
    forecasts = []
    wanted = [*catalogue.targets, *{s.within for s in catalogue.series.values() if s.within}]
    for id in dict.fromkeys(wanted):
        series = catalogue.series[id]
        steps = 3
        level = 1e6 if id.startswith("in.market") else 100.0
        paths = level * np.exp(np.random.default_rng(1).normal(0, 0.1, (1, steps, 200)))
        first = LAST[Kind(series.kind)] + (1 - steps)
        forecasts.append(Forecast((id,), first, paths, {id: series.unit}, {id: "made up"}))
    return tabulate(forecasts)


def set_value(quantile: float, value: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        rows = (
            (table["series"] == "in.ev.2w") & (table["quantile"] == quantile) & (table["period"] == "2030-12")
        )
        assert rows.sum() == 1
        return table.assign(value=table["value"].where(~rows, value))

    return change


DEFECTS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "finite": set_value(0.5, float("nan")),
    "ordered": set_value(0.1, 1e5),
    "non_negative": set_value(0.025, -1.0),
    "ceiling": lambda t: t.assign(
        value=t["value"].where(~t["series"].str.startswith("in.market"), t["value"] / 1e6)
    ),
    "complete": lambda t: t[(t["series"] != "in.ev.2w") | (t["period"] < "2030-12")],
}


def test_a_sound_table_passes(store: Store) -> None:
    assert objections(sound(store.catalogue), store.catalogue) == {}


@pytest.mark.parametrize("name", GATES)
def test_each_gate_objects_to_its_defect(name: str, store: Store) -> None:
    broken = DEFECTS[name](sound(store.catalogue))
    assert name in objections(broken, store.catalogue)


def test_a_target_nobody_forecast_is_missed(store: Store) -> None:
    table = sound(store.catalogue)
    said = objections(table[table["series"] != "in.reo"], store.catalogue)
    assert said == {"complete": ["in.reo has no forecast and is not withheld"]}


def test_the_last_periods_end_in_2030() -> None:
    assert {str(p) for p in LAST.values()} == {"2030-12", "2030-Q4", "FY2030", "CY2030"}
    assert LAST[Kind.FY] == Period.parse("FY2030")
