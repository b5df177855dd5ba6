"""Builders see what was known on a day, leave gaps open, and know the future only of what is certain."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.features import BUILDERS, covariates
from forecasting.features.adoption import market_path, shares
from forecasting.features.events import event_regressors
from forecasting.features.panels import believed_panel, totals
from forecasting.frames import Observations, Panel
from forecasting.periods import Kind, Period

GROUPS = {
    "ev_sales": (["in.ev.2w", "in.ev.3w", "in.ev.pv"], "2030-12"),
    "markets": (["in.market.2w", "in.market.pv"], "2030-12"),
    "magnet_imports": (["in.magnets.value.85051110", "in.magnets.value.85051190"], "2030-12"),
    "production": (["in.reo"], "CY2030"),
    "prices": (["price.nd_oxide.month"], "2030-12"),
}


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=12)
@given(day=st.dates(date(2020, 6, 1), date(2026, 3, 1)))
def test_nothing_known_later_changes_a_panel(name: str, store: Store, day: date) -> None:
    ids, horizon = GROUPS[name]
    known = store.observations.frame["available_at"] <= pd.Timestamp(day)
    scrambled = store.observations.frame.copy()
    scrambled.loc[~known, "value"] *= 7.0
    end = Period.parse(horizon)
    try:
        panel = BUILDERS[name](store.observations, store.catalogue, day, ids, end)
    except DataError:
        return
    assert BUILDERS[name](Observations(scrambled), store.catalogue, day, ids, end).digest() == panel.digest()


def test_gaps_stay_gaps(store: Store) -> None:
    panel = believed_panel(store.observations, store.catalogue, ["in.ev.3w", "in.ev.2w"])
    gap = Period.parse("2025-08").ordinal
    assert np.isnan(panel.values.at[gap, "in.ev.3w"])
    assert panel.values.at[gap, "in.ev.2w"] > 0


def test_a_fiscal_year_with_a_gap_has_no_total(store: Store) -> None:
    years = totals(believed_panel(store.observations, store.catalogue, ["in.ev.3w", "in.ev.2w"]), Kind.FY)
    year = Period.parse("FY2026").ordinal
    assert np.isnan(years.values.at[year, "in.ev.3w"])
    assert years.values.at[year, "in.ev.2w"] > 1e6


def test_monthly_registrations_add_to_the_ministrys_fiscal_year(store: Store) -> None:
    """The VAHAN months of FY2023 add to the 1,183,341 of the ministry, to the unit."""
    total = totals(believed_panel(store.observations, store.catalogue, ["in.ev.total"]), Kind.FY)
    assert total.values.at[Period.parse("FY2023").ordinal, "in.ev.total"] == 1_183_341


def test_the_ceiling_reaches_the_horizon_above_every_registration(store: Store) -> None:
    ids, horizon = GROUPS["ev_sales"]
    panel = BUILDERS["ev_sales"](
        store.observations, store.catalogue, date(2026, 11, 22), ids, Period.parse(horizon)
    )
    assert panel.ceilings is not None
    assert int(panel.ceilings.index[-1]) == Period.parse(horizon).ordinal
    known = panel.values[ids]
    assert (known <= panel.ceilings.loc[known.index, ids]).where(known.notna(), other=True).to_numpy().all()


def test_shares_are_part_over_market(store: Store) -> None:
    parts = believed_panel(store.observations, store.catalogue, ["in.ev.2w"])
    markets = believed_panel(store.observations, store.catalogue, ["in.market.2w"])
    share = shares(parts, markets, {"in.ev.2w": "in.market.2w"}).values["in.ev.2w"].dropna()
    assert share.between(0, 0.2).all()
    assert len(share) > 50


def test_a_completed_market_keeps_what_is_known() -> None:
    index = pd.RangeIndex(24000, 24060)
    known = pd.Series(100.0, index=index[12:40])
    path = market_path(known, index)
    assert (path.loc[known.index] == known).all()
    assert path.notna().all()
    np.testing.assert_allclose(path.iloc[:12], 100.0)


def test_events_are_unknown_before_they_happen(store: Store) -> None:
    first, last = Period.parse("2024-01"), Period.parse("2026-12")
    before = event_regressors(store.catalogue, ["in.magnets.value.85051190"], first, last, date(2025, 1, 1))
    after = event_regressors(store.catalogue, ["in.magnets.value.85051190"], first, last, date(2026, 1, 1))
    assert len(after.columns) > len(before.columns)
    assert all(
        store.catalogue.events[c.removeprefix("event.")].date <= date(2025, 1, 1) for c in before.columns
    )


def test_covariates_reach_the_horizon(store: Store) -> None:
    ids, horizon = GROUPS["ev_sales"]
    end = Period.parse(horizon)
    panel = BUILDERS["ev_sales"](store.observations, store.catalogue, date(2026, 11, 22), ids, end)
    found = covariates(
        store.observations, store.catalogue, date(2026, 11, 22), panel, end, ["events", "calendar"]
    )
    assert found is not None
    assert found.last == end
    assert found.values.notna().to_numpy().all()
    assert (
        found.values["calendar.festive"].groupby(found.values.index // 12).sum().iloc[:-1].round(9) == 1
    ).all()


def test_the_plan_holds_targets_and_nothing_else(store: Store) -> None:
    panel = Panel.of({"in.ndpr.oxide": {Period.parse("FY2025"): 1.0}}, {"in.ndpr.oxide": "t NdPr oxide"})
    end = Period.parse("FY2030")
    day = store.last_known(date(2026, 11, 22)) + timedelta(days=1)
    found = covariates(store.observations, store.catalogue, day, panel, end, ["plan"])
    targets = store.observations.of("in.ndpr.oxide").frame.query("status == 'target'")
    assert found is not None
    assert found.values["in.ndpr.oxide"].notna().sum() == targets["period"].nunique()
