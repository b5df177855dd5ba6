"""A part stays below its market, also in months whose market is known before the part is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.balance.joint import below_market
from forecasting.data.store import Store
from forecasting.errors import PeriodError
from forecasting.frames import Forecast
from forecasting.periods import Period

EV, MARKET = "in.ev.2w", "in.market.2w"
FIRST = Period.parse("2026-04")


def made(id: str, first: Period, steps: int, level: float) -> Forecast:
    paths = level * np.linspace(0.8, 1.2, 50)[None, None, :] * np.ones((1, steps, 1))
    return Forecast((id,), first, paths, {id: "vehicles"}, {id: "made up"})


@pytest.fixture
def ceilings() -> pd.DataFrame:
    index = pd.RangeIndex(FIRST.ordinal, FIRST.ordinal + 12)
    return pd.DataFrame({EV: np.linspace(900.0, 1100.0, 12)}, index=index)


def test_a_market_printed_a_month_earlier_bounds_by_what_was_observed(
    store: Store, ceilings: pd.DataFrame
) -> None:
    part = made(EV, FIRST, 12, 500.0)
    ahead = below_market(part, made(MARKET, FIRST + 2, 10, 1000.0), ceilings, store.catalogue)
    np.testing.assert_allclose(ahead.of(EV)[:2], part.of(EV)[:2])
    level = below_market(part, made(MARKET, FIRST, 12, 1000.0), ceilings, store.catalogue)
    np.testing.assert_array_equal(ahead.of(EV)[2:], level.of(EV)[2:])


def test_held_paths_are_cut_at_the_observed_market(store: Store, ceilings: pd.DataFrame) -> None:
    part = made(EV, FIRST, 12, 2000.0)
    cut = below_market(part, made(MARKET, FIRST + 1, 11, 1000.0), ceilings, store.catalogue, frozenset({EV}))
    assert cut.of(EV)[0].tolist() == [900.0] * 50


def test_a_market_that_ends_too_early_is_an_error(store: Store, ceilings: pd.DataFrame) -> None:
    with pytest.raises(PeriodError, match="not inside"):
        below_market(made(EV, FIRST, 12, 500.0), made(MARKET, FIRST, 11, 1000.0), ceilings, store.catalogue)
