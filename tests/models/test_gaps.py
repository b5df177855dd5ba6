"""Gaps with a known sum: possible pasts keep it, nothing is filled in, and the doubt stays in the band."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.features import BUILDERS
from forecasting.frames import KnownSum, Panel
from forecasting.models import build
from forecasting.models.gaps import PASTS, possible_pasts
from forecasting.periods import Period

START = Period.parse("2020-01")


def gapped(total: float | None) -> Panel:
    values = {START + i: 100.0 + 5 * np.sin(i) for i in range(60) if i not in (50, 51, 56)}
    panel = Panel.of({"a": values}, {"a": "vehicles"})
    ordinals = (START.ordinal + 50, START.ordinal + 51)
    sums = () if total is None else (KnownSum("a", ordinals, total, 0.0),)
    return Panel(panel.kind, panel.values, panel.units, None, sums)


def test_possible_pasts_keep_the_sum_differ_and_leave_other_gaps_open() -> None:
    panel = gapped(500.0)
    pasts = possible_pasts(panel, seed=1)
    assert len(pasts) == PASTS
    drawn = np.array([past.values["a"].loc[list(panel.sums[0].ordinals)] for past in pasts])
    np.testing.assert_allclose(drawn.sum(axis=1), 500.0)
    assert np.ptp(drawn[:, 0]) > 0
    assert all(np.isnan(past.values["a"].iloc[56]) for past in pasts)
    assert np.isnan(panel.values["a"].iloc[50])


def test_a_gap_at_the_end_of_what_is_known_is_no_gap() -> None:
    panel = gapped(500.0).until(START + 51)
    assert possible_pasts(panel, seed=1) == [panel]


@pytest.mark.parametrize("name", ["auto", "ets", "structural", "drift", "median"])
def test_a_model_hears_of_the_sum(name: str) -> None:
    def level(total: float | None) -> float:
        forecast = build(name, {}).fit(gapped(total)).predict(START + 63, paths=203, seed=1)
        assert forecast.paths.shape == (1, 4, 203)
        return float(np.median(forecast.paths))

    assert level(None) == pytest.approx(100.0, rel=0.1)
    assert level(202.0) == pytest.approx(level(None), rel=0.1)
    assert level(900.0) != level(202.0)
    again = build(name, {}).fit(gapped(202.0)).predict(START + 63, paths=203, seed=1)
    twice = build(name, {}).fit(gapped(202.0)).predict(START + 63, paths=203, seed=1)
    np.testing.assert_array_equal(again.paths, twice.paths)


def test_the_projects_three_wheelers_know_their_missing_quarter(store: Store) -> None:
    day, end = date(2026, 11, 22), Period.parse("2030-12")
    panel = BUILDERS["ev_sales"](store.observations, store.catalogue, day, ["in.ev.3w"], end)
    quarter = tuple(Period.parse(m).ordinal for m in ("2025-07", "2025-08", "2025-09"))
    known = {one.ordinals: one.total for one in panel.sums}
    assert known[quarter] == pytest.approx(193_434, abs=1)
    assert panel.values["in.ev.3w"].loc[list(quarter)].isna().all()
    before = BUILDERS["ev_sales"](store.observations, store.catalogue, date(2025, 12, 1), ["in.ev.3w"], end)
    assert quarter not in {one.ordinals for one in before.sums}
