"""Aggregates against parts, years against months: exact where paths bound quantiles, near where they do not."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.publishing.gates.made import FAN, candidate, catalogue, rows, said, years

OF = catalogue(a={}, b={}, all={"sum_of": ["a", "b"]})
A, B = rows("a", "CY2026", [10.0, 20.0]), rows("b", "CY2026", [30.0, 40.0])


def whole(*medians: float, fan: Any = FAN) -> pd.DataFrame:
    return rows("all", "CY2026", medians, fan)


def test_a_whole_near_its_parts_passes() -> None:
    assert said("sums", candidate([A, B, whole(40.0, 60.0)], OF)) == []
    assert said("sums", candidate([A, B, whole(51.9, 60.0)], OF)) == []
    assert said("sums", candidate([A, whole(400.0, 60.0)], OF)) == []


@pytest.mark.parametrize(
    ("medians", "fan", "text"),
    [
        ((52.1, 60.0), FAN, "CY2026 quantile 0.5 is 1.3 times the sum of its parts; it may differ by 30%"),
        ((40.0, 41.9), FAN, "CY2027 quantile 0.5 is 0.698 times the sum of its parts; it may differ by 30%"),
        (
            (40.0, 60.0),
            FAN * [1, 1, 1, 1, 1, 1, 1.31, 1.31, 1.31],
            "CY2026 quantile 0.9 is 1.31 times the sum of its parts; it may differ by 30%",
        ),
    ],
)
def test_a_whole_far_from_its_parts_is_held(medians: tuple[float, ...], fan: Any, text: str) -> None:
    assert said("sums", candidate([A, B, whole(*medians, fan=fan)], OF)) == [("hold", "all", text)]


def test_the_lower_end_is_not_far_below_the_parts() -> None:
    equal = rows("b", "CY2026", [10.0, 20.0])
    low = FAN * [0.69, 0.69, 0.69, 1, 1, 1, 1, 1, 1]
    text = "CY2026 quantile 0.1 is 0.69 times the sum of its parts; it may differ by 30%"
    assert said("sums", candidate([A, equal, whole(20.0, 40.0, fan=low)], OF)) == [("hold", "all", text)]
    low = FAN * [0.71, 0.71, 0.71, 1, 1, 1, 1, 1, 1]
    assert said("sums", candidate([A, equal, whole(20.0, 40.0, fan=low)], OF)) == []


def test_far_out_in_heavy_tails_nothing_is_asked() -> None:
    heavy = FAN * [1, 1, 1, 1, 1, 1, 1, 1, 3.0]
    assert said("sums", candidate([A, B, whole(40.0, 60.0, fan=heavy)], OF)) == []


def test_a_whole_is_at_least_each_part_level_by_level() -> None:
    narrow = rows("b", "CY2026", [1.0, 1.0])
    at = [A, narrow, whole(10.0, 20.0)]
    assert said("sums", candidate(at, OF)) == []
    under = rows("all", "CY2026", [10.0, 20.0], FAN * [1, 1, 1, 1, 1, 1, 1, 0.999, 1])
    text = "CY2026 quantile 0.95: 13.986 is less than its part with 14"
    assert said("sums", candidate([A, narrow, under], OF)) == [("hold", "all", text)]
    loose = catalogue({"sums": {"slack": 0.0011}}, a={}, b={}, all={"sum_of": ["a", "b"]})
    assert said("sums", candidate([A, narrow, under], loose)) == []
    signed = catalogue(a={}, b={"floor": None}, all={"sum_of": ["a", "b"]})
    assert said("sums", candidate([A, narrow, under], signed)) == []
    below = catalogue(a={}, b={"floor": -1.0}, all={"sum_of": ["a", "b"]})
    assert said("sums", candidate([A, narrow, under], below)) == []


def test_a_whole_has_no_period_its_parts_lack() -> None:
    short = rows("b", "CY2027", [40.0])
    text = "by CY has periods that its part b lacks"
    assert said("sums", candidate([A, short, whole(40.0, 60.0)], OF)) == [("hold", "all", text)]
    assert said("sums", candidate([A, B, rows("all", "CY2027", [60.0])], OF)) == []


def test_shares_and_severity_are_configured() -> None:
    of = catalogue({"sums": {"parts": 0.5, "severity": "warn"}}, a={}, b={}, all={"sum_of": ["a", "b"]})
    assert said("sums", candidate([A, B, whole(60.0, 60.0)], of)) == []
    text = "CY2026 quantile 0.5 is 1.52 times the sum of its parts; it may differ by 50%"
    assert said("sums", candidate([A, B, whole(61.0, 60.0)], of)) == [("warn", "all", text)]


MONTHLY = catalogue(a={"kind": "month"})
MONTHS = rows("a", "2026-04", [10.0] * 21)  # to 2027-12: the whole of FY2027 and CY2027
PAST = {"a": years("2026-01", [30.0] * 3)}
HALF = (FAN + 1) / 2  # half of the year is observed


def test_years_agree_with_their_months() -> None:
    fiscal, calendar = rows("a", "FY2027", [120.0]), rows("a", "CY2026", [180.0, 120.0], [HALF, FAN])
    assert said("sums", candidate([MONTHS, fiscal, calendar], MONTHLY, PAST)) == []
    text = "FY2027 quantile 0.5 is 1.21 times the sum of its months; it may differ by 20%"
    found = said("sums", candidate([MONTHS, rows("a", "FY2027", [145.0]), calendar], MONTHLY, PAST))
    assert found == [("hold", "a", text)]
    text = "CY2027 quantile 0.5 is 0.792 times the sum of its months; it may differ by 20%"
    found = said(
        "sums", candidate([MONTHS, fiscal, rows("a", "CY2026", [180.0, 95.0], [HALF, FAN])], MONTHLY, PAST)
    )
    assert found == [("hold", "a", text)]


def test_observed_months_of_a_year_count() -> None:
    text = "CY2026 quantile 0.5 is 0.667 times the sum of its months; it may differ by 20%"
    fan = FAN * 2 / 3 + 1 / 3
    found = said("sums", candidate([MONTHS, rows("a", "CY2026", [120.0], fan)], MONTHLY, PAST))
    assert found == [("hold", "a", text)]
    assert said("sums", candidate([MONTHS, rows("a", "CY2026", [120.0])], MONTHLY)) == []
    two = {"a": years("2026-02", [30.0] * 2)}
    assert said("sums", candidate([MONTHS, rows("a", "CY2026", [120.0])], MONTHLY, two)) == []
    later = {"a": years("2026-01", [30.0] * 5)}
    assert said("sums", candidate([MONTHS, rows("a", "CY2026", [180.0], HALF)], MONTHLY, later)) == []


def test_annual_series_have_no_months_to_agree_with() -> None:
    assert said("sums", candidate([rows("a", "CY2026", [1.0]), rows("a", "FY2027", [900.0])])) == []
    assert said("sums", candidate(rows("a", "FY2027", [145.0]), MONTHLY, PAST)) == []
    quarters = rows("a", "2026-Q2", [145.0])
    assert said("sums", candidate([MONTHS, quarters], MONTHLY, PAST)) == []
    assert said("sums", candidate(rows("stranger", "CY2026", [1.0]))) == []


def test_small_sums_are_judged_as_large_ones_also_after_a_stranger() -> None:
    small = [rows("a", "CY2026", [0.1]), rows("b", "CY2026", [0.1])]
    found = said("sums", candidate([rows("Stranger", "CY2026", [1.0]), *small, whole(0.4)], OF))
    text = "CY2026 quantile 0.5 is 2 times the sum of its parts; it may differ by 30%"
    assert found == [("hold", "all", text)]
