"""What was due on a day, by the calendar of its source."""

from __future__ import annotations

from datetime import date

import pytest

from forecasting.catalogue import Expectation
from forecasting.catalogue.gating import ReleaseCalendar
from forecasting.data.expected import due, due_on, expected_dates, newest_due
from forecasting.data.store import Store
from forecasting.periods import Kind, Period


def test_real_series_tell_what_is_due(store: Store) -> None:
    day = date(2026, 5, 7)
    known = store.as_of(day)
    found = {
        one.series: one
        for one in expected_dates(store.catalogue, known, ["in.ev.2w", "in.reo", "in.ev.2w3w"], day)
    }
    assert set(found) == {"in.ev.2w", "in.reo"}
    vehicles = found["in.ev.2w"]
    assert (str(vehicles.last), str(vehicles.expected), vehicles.on, vehicles.late) == (
        "2026-03",
        "2026-04",
        day,
        1,
    )
    assert (str(vehicles.following), vehicles.next_on) == ("2026-04", day)
    earths = found["in.reo"]
    assert (earths.family, str(earths.last), str(earths.expected)) == ("ei", "CY2021", "CY2024")
    assert earths.late == 3
    assert (earths.on, earths.next_on) == (date(2025, 6, 29), date(2023, 6, 29))


def test_a_family_with_its_own_calendar_goes_before_the_lag_of_the_series(store: Store) -> None:
    source = next(id for id, one in store.catalogue.sources.items() if one.family == "usgs")
    early = due(store.catalogue, "us.reo", Period.parse("CY2025"), source, date(2026, 2, 6))
    assert (str(early.expected), early.on, early.late) == ("CY2025", date(2026, 2, 6), 0)
    source = next(id for id, one in store.catalogue.sources.items() if one.family == "ei")
    late = due(store.catalogue, "us.reo", Period.parse("CY2025"), source, date(2026, 2, 6))
    assert (str(late.expected), late.late) == ("CY2024", 0)


@pytest.mark.parametrize(
    ("day", "newest"),
    [(date(2026, 5, 6), "2026-03"), (date(2026, 5, 7), "2026-04"), (date(2026, 5, 31), "2026-04")],
)
def test_a_figure_is_due_on_its_day(day: date, newest: str) -> None:
    promised = Expectation(every=Kind.MONTH, lag_days=7)
    assert str(newest_due(Period.parse("2020-01"), promised, day)) == newest


def test_months_printed_by_the_year_are_due_together() -> None:
    promised = Expectation(every=Kind.CY, lag_days=10)
    assert due_on(Period.parse("2025-02"), promised) == date(2026, 1, 10)
    assert due_on(Period.parse("FY2025"), promised) == date(2025, 4, 10)
    assert str(newest_due(Period.parse("2020-01"), promised, date(2026, 1, 10))) == "2025-12"
    assert str(newest_due(Period.parse("2020-01"), promised, date(2026, 1, 9))) == "2024-12"


@pytest.mark.parametrize(
    ("day", "released", "following"),
    [
        (20, date(2026, 11, 19), date(2026, 11, 20)),
        (20, date(2026, 11, 20), date(2026, 12, 20)),
        (20, date(2026, 12, 20), date(2027, 1, 20)),
        (31, date(2027, 1, 31), date(2027, 2, 28)),
        (31, date(2028, 2, 28), date(2028, 2, 29)),
        (1, date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_the_next_release_follows_the_calendar(day: int, released: date, following: date) -> None:
    assert ReleaseCalendar(day=day).next_release(released) == following
