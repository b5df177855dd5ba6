"""Calendars round-trip, and unlike periods never meet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import PeriodError
from forecasting.periods import Kind, Period, span

kinds = st.sampled_from(list(Kind))
years = st.integers(1900, 2200)
periods = st.builds(
    lambda kind, year, part: Period(kind, year * kind.per_year + part % kind.per_year),
    kinds,
    years,
    st.integers(0, 11),
)


@given(periods)
def test_a_label_reads_back_to_its_period(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(periods, st.integers(-500, 500))
def test_steps_there_and_back(period: Period, steps: int) -> None:
    assert (period + steps) - period == steps


@given(st.dates(date(1950, 1, 1), date(2100, 12, 31)), kinds)
def test_every_day_lies_in_the_period_that_contains_it(day: date, kind: Kind) -> None:
    period = Period.containing(day, kind)
    assert period.start <= day <= period.end


@given(periods)
def test_periods_follow_one_another_without_a_day_between(period: Period) -> None:
    assert period.end + timedelta(days=1) == (period + 1).start


@given(st.integers(1950, 2100))
def test_a_fiscal_year_is_named_by_the_year_it_ends(year: int) -> None:
    months = Period.parse(f"FY{year}").months()
    assert (str(months[0]), str(months[-1]), len(months)) == (f"{year - 1}-04", f"{year}-03", 12)


@given(periods, periods)
def test_unlike_periods_raise_and_like_ones_compare(a: Period, b: Period) -> None:
    if a.kind is b.kind:
        assert (a < b) == (a.start < b.start)
        assert a - b == a.ordinal - b.ordinal
    else:
        for compare in (lambda: a < b, lambda: a <= b, lambda: a > b, lambda: a >= b, lambda: a - b):
            with pytest.raises(PeriodError, match="unlike periods"):
                compare()


@pytest.mark.parametrize("label", ["2025", "2025-13", "FY25", "CY 2024", "2024-25", "2025-3", "", "2025-Q5"])
def test_what_is_no_label_is_refused_with_the_forms_that_are(label: str) -> None:
    with pytest.raises(PeriodError, match="fiscal year as FY2025"):
        Period.parse(label)


def test_a_longer_period_does_not_fit_into_a_shorter_one() -> None:
    with pytest.raises(PeriodError, match="does not lie inside"):
        Period.parse("FY2025").to(Kind.CY)


def test_span_counts_both_ends() -> None:
    assert len(list(span(Period.parse("2019-01"), Period.parse("2026-03")))) == 87
