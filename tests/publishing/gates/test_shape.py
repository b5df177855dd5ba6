"""Finite, ordered, above the floor, whole: what no override opens, told series by series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.frames import LEVELS
from forecasting.publishing.candidate import State
from tests.publishing.gates.made import FAN, after, candidate, catalogue, rows, said

TO_2030 = ("CY2026", [10.0, 11.0, 12.0, 13.0, 14.0])


def whole(series: str = "a") -> pd.DataFrame:
    return rows(series, *TO_2030)


def test_sound_tables_pass() -> None:
    for gate in ("finite", "ordered", "non_negative", "complete", "ceiling"):
        assert said(gate, candidate(whole())) == []


@pytest.mark.parametrize(("value", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_every_value_is_finite(value: float, shown: str) -> None:
    table = whole()
    table.loc[[12, 22], "value"] = value
    text = f"2 value(s), first CY2027 quantile 0.25: {shown}; every value must be a finite number"
    assert said("finite", candidate(table)) == [("block", "a", text)]


def test_crossing_is_counted_and_placed_and_equal_quantiles_may_stand() -> None:
    table = whole()
    table.loc[[11, 20], "value"] = table.loc[[10, 19], "value"].to_numpy()
    assert said("ordered", candidate(table)) == []
    table.loc[[11, 20], "value"] -= 1e-9
    text = "quantiles cross in 2 period(s), first CY2027"
    assert said("ordered", candidate(table)) == [("block", "a", text)]


def test_every_level_stands_once() -> None:
    table = whole()
    doubled = pd.concat([table, table.iloc[[9, 30]]], ignore_index=True)
    assert said("ordered", candidate(doubled)) == [
        ("block", "a", "CY2027 quantile 0.025 stands more than once")
    ]
    short = table.drop(index=[9, 30])
    assert said("ordered", candidate(short)) == [("block", "a", "CY2027 has 8 of 9 quantile levels")]
    strange = pd.concat([table, table.iloc[[9]].assign(quantile=0.2)], ignore_index=True)
    assert said("ordered", candidate(strange)) == [("block", "a", "quantile 0.2 is no level of an edition")]
    assert len(LEVELS) == 9


def test_the_floor_is_the_least_that_stands() -> None:
    of = catalogue(a={"floor": 5.0})
    table = whole()
    assert said("non_negative", candidate(table, of)) == []
    table.loc[0, "value"] = 4.5
    text = "1 value(s), first CY2026 quantile 0.025: 4.5; the floor is 5"
    assert said("non_negative", candidate(table, of)) == [("block", "a", text)]


def test_a_target_without_forecast_is_missed_unless_withheld() -> None:
    of = catalogue(a={"target": True}, b={"target": True}, c={})
    missed = [("hold", "b", "has no forecast and is not withheld")]
    assert said("complete", candidate(whole(), of)) == missed
    gone = {"b": State("b", "withheld", "")}
    assert said("complete", candidate(whole(), of, states=gone)) == []
    assert said("complete", candidate(whole(), of, states={"b": State("b", "stale", "")})) == missed


def test_what_the_states_name_must_be_there() -> None:
    of = catalogue(a={}, b={})
    missed = [("hold", "b", "has no forecast and is not withheld")]
    assert said("complete", candidate(whole(), of, states={"b": State("b", "ok", "ets")})) == missed
    assert said("complete", candidate(whole(), of, states={"b": State("b", "withheld", "")})) == []


def test_what_the_previous_edition_had_goes_on_or_is_said_to_be_retired() -> None:
    """In the catalogue or not; a target or what has a state is held by ``complete``, which nobody overrides."""
    gone = [("hold", "b", "was in the previous edition, and nothing forecasts it any more")]
    for of in (catalogue(a={}), catalogue(a={}, b={})):
        followed = after(candidate(whole(), of), [whole(), whole("b")])
        assert (said("retired", followed), said("complete", followed)) == (gone, [])
        assert said("retired", after(candidate([whole(), whole("b")], of), [whole(), whole("b")])) == []
    missed = [("hold", "b", "has no forecast and is not withheld")]
    targeted = after(candidate(whole(), catalogue(a={}, b={"target": True})), [whole(), whole("b")])
    assert (said("retired", targeted), said("complete", targeted)) == ([], missed)
    withheld = candidate(whole(), catalogue(a={}, b={}), states={"b": State("b", "withheld", "")})
    for gate in ("retired", "complete"):
        assert said(gate, after(withheld, [whole(), whole("b")])) == []


def test_withheld_means_absent_and_takes_its_aggregates_along() -> None:
    of = catalogue(a={}, b={}, all={"sum_of": ["a", "b"]})
    states = {"a": State("a", "withheld", "")}
    assert said("complete", candidate([whole(), whole("b")], of, states=states)) == [
        ("hold", "a", "is withheld and yet has a forecast")
    ]
    assert said("complete", candidate([whole("b"), whole("all")], of, states=states)) == [
        ("hold", "all", "is an aggregate of a, which is withheld")
    ]
    states["all"] = State("all", "withheld", "")
    assert said("complete", candidate(whole("b"), of, states=states)) == []


def test_every_period_to_the_end_of_2030() -> None:
    short = rows("a", "CY2026", [10.0, 11.0, 12.0, 13.0])
    assert said("complete", candidate(short)) == [("block", "a", "CY ends at CY2029, must end at CY2030")]
    long = rows("a", "CY2026", [10.0] * 6)
    assert said("complete", candidate(long)) == [("block", "a", "CY ends at CY2031, must end at CY2030")]
    holed = whole()[lambda t: ~t["period"].isin(["CY2028", "CY2029"])]
    assert said("complete", candidate(holed)) == [("block", "a", "CY2028 is missing")]
    for kind, first, last in (
        ("month", "2030-11", "2030-12"),
        ("quarter", "2030-Q3", "2030-Q4"),
        ("FY", "FY2029", "FY2030"),
    ):
        of = catalogue(a={"kind": kind})
        assert said("complete", candidate(rows("a", first, [1.0, 1.0]), of)) == []
        found = said("complete", candidate(rows("a", first, [1.0]), of))
        assert found == [("block", "a", f"{kind} ends at {first}, must end at {last}")]


def test_a_series_is_there_in_its_own_kind_of_period() -> None:
    of = catalogue(a={"kind": "month"})
    assert said("complete", candidate(whole(), of, states={"a": State("a", "ok", "")})) == [
        ("block", "a", "has no forecast by month")
    ]


def test_strange_series_and_periods_are_named() -> None:
    assert said("complete", candidate([whole(), whole("b")])) == [
        ("hold", "b", "the catalogue has no such series")
    ]
    table = whole()
    table.loc[table["period"] == "CY2030", "kind"] = "FY"
    assert said("complete", candidate(table)) == [
        ("block", "a", "9 row(s) name a period that is none of their kind, first FY CY2030"),
        ("block", "a", "CY ends at CY2029, must end at CY2030"),
    ]
    table = whole().replace({"period": {"CY2030": "2030-13"}})
    assert ("block", "a", "9 row(s) name a period that is none of their kind, first CY 2030-13") in said(
        "complete", candidate(table)
    )


def test_nothing_stands_above_its_ceiling() -> None:
    at = catalogue(a={"ceiling": 14.0 * FAN[-1]})
    assert said("ceiling", candidate(whole(), at)) == []
    table = whole()
    table.loc[44, "value"] *= 1 + 2e-9
    text = "CY2030 quantile 0.975: 21 is above the ceiling of 21"
    assert said("ceiling", candidate(table, at)) == [("block", "a", text)]
    loose = catalogue({"ceiling": {"slack": 0.01, "severity": "hold"}}, a={"ceiling": 20.8})
    assert said("ceiling", candidate(table, loose)) == []
    tight = catalogue({"ceiling": {"slack": 0.009, "severity": "hold"}}, a={"ceiling": 20.8})
    text = "CY2030 quantile 0.975: 21 is above the ceiling of 20.8"
    assert said("ceiling", candidate(table, tight)) == [("hold", "a", text)]


def test_no_quantile_of_a_part_stands_above_its_market() -> None:
    of = catalogue(a={"within": "m"}, m={})
    market = rows("m", *TO_2030)
    assert said("ceiling", candidate([whole(), market], of)) == []
    part = whole()
    part.loc[21, "value"] += 0.1
    text = "CY2028 quantile 0.25: 10.3 is above its market m with 10.2"
    assert said("ceiling", candidate([part, market], of)) == [("block", "a", text)]
    later = market[market["period"] != "CY2028"]
    assert said("ceiling", candidate([part, later], of)) == []
    assert said("ceiling", candidate(part, of)) == []
