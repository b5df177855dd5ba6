"""Path arithmetic adds up draw by draw, and sums refuse what is not whole."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forecasting.errors import DataError, PeriodError, UnitError
from forecasting.frames import LEVELS, OBSERVATION_COLUMNS, Forecast, Observations, Panel
from forecasting.periods import Kind, Period

paths = arrays.arrays(float, (2, 30, 7), elements=st.floats(0, 1e9))


def monthly(values: np.ndarray, first: str = "2026-04") -> Forecast:
    return Forecast(("a", "b"), Period.parse(first), values, {"a": "vehicles", "b": "vehicles"})


@given(paths)
def test_months_add_to_fiscal_years_and_parts_to_totals_draw_by_draw(values: np.ndarray) -> None:
    forecast = monthly(values)
    years = forecast.to(Kind.FY)
    assert [str(p) for p in years.periods] == ["FY2027", "FY2028"]
    np.testing.assert_allclose(years.paths[:, 0], values[:, :12].sum(axis=1), rtol=1e-12)
    both = forecast.total("ab", ["a", "b"])
    np.testing.assert_allclose(both.to(Kind.FY).of("ab"), years.of("a") + years.of("b"), rtol=1e-12)


@given(paths)
def test_quantiles_do_not_cross_and_are_all_there(values: np.ndarray) -> None:
    table = monthly(values).quantiles()
    wide = table.pivot(index=["series", "period"], columns="quantile", values="value")
    assert list(wide.columns) == list(LEVELS)
    assert (np.diff(wide.to_numpy(), axis=1) >= 0).all()


def test_a_year_begun_in_the_past_takes_its_observed_months() -> None:
    forecast = monthly(np.ones((2, 20, 3)), "2026-07")
    known = {Period.month(2026, m): 10.0 for m in (4, 5, 6)}
    history = Panel.of({"a": known, "b": known})
    assert forecast.to(Kind.FY, history).of("a")[0].tolist() == [39.0, 39.0, 39.0]


def test_a_year_with_an_unknown_month_has_no_total() -> None:
    forecast = monthly(np.ones((2, 30, 3)), "2026-07")
    gap = {Period.month(2026, 4): 10.0, Period.month(2026, 6): 10.0}
    assert str(forecast.to(Kind.FY, Panel.of({"a": gap, "b": gap})).first) == "FY2028"
    with pytest.raises(PeriodError, match="holds no whole FY year"):
        forecast.between(Period.parse("2026-07"), Period.parse("2026-12")).to(Kind.FY)


def test_units_multiply_and_refuse() -> None:
    first = Period.parse("FY2027")
    sales = Forecast(("x",), first, np.full((1, 2, 3), 1000.0), {"x": "vehicles"})
    mass = Forecast(("x",), first, np.full((1, 2, 3), 0.001), {"x": "t magnet / vehicles"})
    demand = sales * mass
    assert demand.units["x"] == "t magnet"
    assert demand.paths[0, 0, 0] == 1.0
    with pytest.raises(UnitError, match="cannot add t magnet and vehicles"):
        demand + sales
    with pytest.raises(UnitError, match="no factor"):
        sales * demand
    assert (demand / demand).units["x"] == "1"
    assert (demand / sales).units["x"] == "t magnet / vehicles"


def test_unlike_ranges_and_draws_do_not_align() -> None:
    forecast = monthly(np.ones((2, 5, 3)))
    with pytest.raises(PeriodError, match="use between"):
        forecast + monthly(np.ones((2, 6, 3)))
    with pytest.raises(DataError, match="draws cannot be aligned"):
        forecast + monthly(np.ones((2, 5, 4)))


def test_a_panel_refuses_mixed_kinds_and_broken_runs() -> None:
    with pytest.raises(PeriodError, match="cannot hold"):
        Panel.of({"a": {Period.parse("CY2024"): 1.0}, "b": {Period.parse("FY2024"): 1.0}})
    with pytest.raises(PeriodError, match="consecutive"):
        Panel(Kind.CY, pd.DataFrame({"a": [1.0, 2.0]}, index=[2020, 2022]))


rows = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["x", "y"]), st.floats(0, 1e6), st.integers(0, 400)),
    max_size=40,
)


@given(rows, st.integers(0, 400))
def test_as_of_never_shows_what_became_known_later(raw: list[tuple[int, str, float, int]], cut: int) -> None:
    start = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(
        [
            (str(Period.parse("2020-01") + m), s, v, "t", s, "actual", start + pd.Timedelta(days=d), "")
            for m, s, v, d in raw
        ],
        columns=list(OBSERVATION_COLUMNS),
    )
    frame["available_at"] = pd.to_datetime(frame["available_at"])
    day = (start + pd.Timedelta(days=cut)).date()
    known = Observations(frame).as_of(day)
    later = Observations(frame[frame["available_at"] <= pd.Timestamp(day)])
    assert known.digest() == later.digest()
    assert all(d.date() <= day for d in known.frame["available_at"])
    assert isinstance(day, date)
