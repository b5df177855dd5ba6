"""Events as regressors: at an origin nothing is known of them that became known later, today everything is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.catalogue import Catalogue, Event
from forecasting.data.store import Store
from forecasting.errors import ConfigError
from forecasting.features import BUILDERS, covariates
from forecasting.features.events import event_regressors
from forecasting.periods import Period

FIRST, LAST = Period.parse("2019-01"), Period.parse("2030-12")
TOUCHED = ["in.ev.2w", "in.ev.3w", "in.market.pv", "in.magnets.value.85051190", "cn.magnets.exports"]
FIELDS = {"title": "t", "date": date(2024, 10, 1), "touches": ["x"], "start": "2024-10", "source": "s"}


def event(**more: Any) -> Event:
    return Event.model_validate({**FIELDS, "direction": "up", **more})


def in_force(store: Store, id: str, day: date) -> pd.Series:
    """The months in which an event is in force, as seen on a day, by label."""
    frame = event_regressors(store.catalogue, TOUCHED, FIRST, LAST, day)
    column = frame[f"event.{id}"]
    return pd.Series(column.to_numpy(), index=[str(Period(FIRST.kind, int(o))) for o in column.index])


def overtaken(record: dict[str, Any], day: date, end: str) -> dict[str, Any]:
    """An event of the file as the future could also have turned out: all that became known after a day is other."""

    def over(label: str) -> date:
        return Period.parse(label).end

    ends = [one for one in record.pop("ends", []) if one["known"] <= day]
    if (bare := record.pop("end", None)) is not None and over(bare) < day:
        ends = [{"end": bare}]
    return {**record, "ends": [*ends, {"known": date(2026, 11, 1), "end": end}]}


@settings(max_examples=30)
@given(day=st.dates(date(2020, 4, 1), date(2026, 6, 1)), end=st.integers(2027, 2030).map(lambda y: f"{y}-06"))
def test_no_end_that_became_known_later_changes_a_regressor(store: Store, day: date, end: str) -> None:
    text = (store.catalogue.root / "events.yaml").read_text(encoding="utf-8")
    records = yaml.safe_load(text)["events"]
    other = {
        id: Event.model_validate(overtaken(record, day, end))
        for id, record in records.items()
        if record["start"] < end
    }
    later = replace(store.catalogue, events={**store.catalogue.events, **other})
    seen = event_regressors(store.catalogue, TOUCHED, FIRST, LAST, day)
    pd.testing.assert_frame_equal(event_regressors(later, TOUCHED, FIRST, LAST, day), seen)


def test_the_extension_of_pm_edrive_is_known_from_its_day(store: Store) -> None:
    before = in_force(store, "pm_edrive_start", date(2025, 8, 6))
    after = in_force(store, "pm_edrive_start", date(2025, 8, 7))
    assert before["2030-12"] == 1.0, "the end before the extension is in no source: it goes on"
    assert after["2028-03"] == 1.0
    assert after["2028-04"] == 0.0
    assert before[:"2028-03"].equals(after[:"2028-03"])


def test_fame2_had_no_end_in_2020(store: Store) -> None:
    assert in_force(store, "fame2_start", date(2020, 12, 31))["2024-04":].eq(1.0).all()
    assert in_force(store, "fame2_start", date(2024, 4, 1))["2024-04":].eq(0.0).all()


def test_an_end_whose_day_is_not_documented_is_known_the_day_after_it(store: Store) -> None:
    assert in_force(store, "covid_lockdown", date(2020, 5, 31))["2020-06"] == 1.0
    assert in_force(store, "covid_lockdown", date(2020, 6, 1))["2020-06"] == 0.0


@pytest.mark.parametrize(
    ("id", "day"),
    [
        ("covid_lockdown", date(2020, 4, 30)),
        ("hs_break_2022", date(2022, 9, 14)),
        ("us_china_truce_2025", date(2025, 6, 27)),
        ("repm_scheme", date(2026, 5, 15)),
    ],
)
def test_an_event_is_known_once_its_record_could_be_written(store: Store, id: str, day: date) -> None:
    found = store.catalogue.events[id]
    assert found.as_of(date.fromordinal(day.toordinal() - 1)) is None
    assert found.as_of(day) is not None


def test_dates_that_are_not_days_count_from_their_last() -> None:
    assert event(precision="month").since == date(2024, 10, 31)
    assert event(precision="approx_month").since == date(2024, 10, 31)
    assert event(precision="year").since == date(2025, 9, 30)
    assert event(precision="reported").since == date(2024, 10, 1)
    assert event(precision="month", known=date(2024, 9, 1)).since == date(2024, 9, 1)


def test_ends_are_chosen_by_the_day() -> None:
    one = event(
        ends=[
            {"known": date(2024, 12, 1), "end": "2025-03"},
            {"known": date(2025, 2, 1), "end": "2026-03", "note": "extended"},
            {"known": date(2025, 6, 1), "end": None, "note": "for good"},
        ]
    )
    told = {
        day: one.as_of(day).end
        for day in (date(2024, 11, 30), date(2025, 1, 31), date(2025, 2, 1), date(2025, 6, 1))
    }
    assert list(told.values()) == [None, "2025-03", "2026-03", None]
    assert one.end is None
    assert event(end="2025-03").ends[0].since == date(2025, 4, 1)
    assert event(end=None) == event()
    assert Event.model_validate(one.model_dump(mode="json")) == one


def test_todays_covariates_are_those_of_the_whole_register(store: Store) -> None:
    """On the last day known every end of the file is known, so the forecasts that are published see all of them."""
    day = store.last_known(date(2026, 11, 22))
    for id, one in store.catalogue.events.items():
        known = one.as_of(day)
        assert known is None or known.end == one.end, id
    panel = BUILDERS["ev_sales"](store.observations, store.catalogue, day, ["in.ev.2w"], LAST)
    found = covariates(store.observations, store.catalogue, day, panel, LAST, ["events"])
    assert found is not None
    column = found.values["event.pm_edrive_start"]
    assert column[Period.parse("2028-03").ordinal] == 1.0
    assert column[Period.parse("2028-04").ordinal] == 0.0
    assert np.isfinite(found.values.to_numpy()).all()


@pytest.mark.parametrize(
    ("change", "into", "said"),
    [
        ("- known: 2025-08-07\n        end: 2028-03", "- end: null", "an end that is null needs the day"),
        ("end: 2028-03", "end: FY2028", "FY2028 is not a month"),
        ("end: 2028-03", "end: 2024-09", "it ends in 2024-09, before it starts in 2024-10"),
        ("    end: 2021-06", "    end: 2021-06\n    ends: []", "`end` and `ends` say the same; keep `ends`"),
        ("    end: 2021-06", "    ende: 2021-06", "did you mean 'ends'"),
        (
            "    end: 2021-06",
            "    ends: [{end: 2021-06}, {known: 2021-06-01, end: 2021-07}]",
            "ends became known on 2021-07-01, 2021-06-01; put them in the order they became known",
        ),
        ("precision: scheduled", "precision: planned", "found 'planned'"),
        ("        source: republic_2025_08", "        source: republic_2025_8", "did you mean 'republic_2025_08'"),
        ("    source: gazette_repm", "    source: gazette_rempm", "did you mean 'gazette_repm'"),
    ],
)  # fmt: skip
def test_a_faulty_event_says_what_is_wrong(data_copy: Path, change: str, into: str, said: str) -> None:
    path = data_copy / "events.yaml"
    text = path.read_text()
    assert change in text
    path.write_text(text.replace(change, into, 1))
    with pytest.raises(ConfigError) as caught:
        Catalogue.read(data_copy)
    assert said in f"{caught.value} {caught.value.faults}"
