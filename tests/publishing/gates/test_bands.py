"""Bands that stand still, are lines, or close with the horizon."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.publishing.gates.bands import longest
from tests.publishing.gates.made import FAN, after, candidate, catalogue, rows, said, years

MOVING = {"a": years("CY2016", [8.0, 9.0] * 5)}
RISING = [10.0, 11.0, 12.0, 13.0, 14.0]


def fans(*spreads: float) -> np.ndarray:
    """One fan a period, each with a spread about 1."""
    return 1 + (FAN - 1) * np.array(spreads)[:, None]


def test_bands_that_move_and_widen_pass() -> None:
    made = candidate(rows("a", "CY2026", RISING, fans(1.0, 1.1, 1.2, 1.3, 1.4)), figures=MOVING)
    for gate in ("flat", "width"):
        assert said(gate, made) == []
        assert said(gate, after(made)) == []


@pytest.mark.parametrize(
    ("still", "found"),
    [
        ([], (1, 0)),
        ([False], (1, 0)),
        ([True], (2, 0)),
        ([False, True, True], (3, 1)),
        ([True, True, False, True], (3, 0)),
        ([True, False, True], (2, 0)),
        ([True, False, True, True, True], (4, 2)),
    ],
)
def test_the_longest_run_joins_one_more_period_than_steps(still: list[bool], found: tuple[int, int]) -> None:
    assert longest(np.array(still, dtype=bool)) == found


def test_four_still_periods_are_too_many() -> None:
    assert said("flat", candidate(rows("a", "CY2026", [9.0, 10.0, 10.0, 10.0, 11.0]), figures=MOVING)) == []
    found = said("flat", candidate(rows("a", "CY2026", [9.0, 10.0, 10.0, 10.0, 10.0, 11.0]), figures=MOVING))
    assert found == [("block", "a", "no quantile moves for 4 periods from CY2027; 4 are too many")]


def test_a_median_may_stand_but_is_looked_at() -> None:
    made = candidate(rows("a", "CY2026", [10.0] * 5, fans(1.0, 1.1, 1.2, 1.3, 1.4)), figures=MOVING)
    text = "the median does not move for 5 periods from CY2026; 4 are too many"
    assert said("flat", made) == [("warn", "a", text)]
    of = catalogue({"flat": {"run": 6, "severity": "hold"}})
    still = candidate(rows("a", "CY2026", [10.0] * 6), of, MOVING)
    assert said("flat", still) == [
        ("hold", "a", "no quantile moves for 6 periods from CY2026; 6 are too many")
    ]
    assert said("flat", candidate(rows("a", "CY2026", [10.0] * 5), of, MOVING)) == []


def test_a_series_that_stood_still_may_go_on() -> None:
    flat = rows("a", "CY2026", [10.0] * 5)
    assert (
        said("flat", candidate(flat, figures={"a": years("CY2019", [1.0, 2.0, 3.0, 7.0, 7.0, 7.0, 7.0])}))
        == []
    )
    assert (
        len(
            said("flat", candidate(flat, figures={"a": years("CY2019", [1.0, 2.0, 3.0, 6.0, 7.0, 7.0, 7.0])}))
        )
        == 1
    )
    assert len(said("flat", candidate(flat, figures={"a": years("CY2023", [7.0, 7.0, 7.0])}))) == 1


def test_an_interval_is_no_line() -> None:
    text = "the 95 % interval of CY2027 is 1.50% of its median; the least is 2.00%"
    made = candidate(rows("a", "CY2026", RISING[:2], fans(0.03, 0.015)))
    assert ("block", "a", text) in said("width", made)
    assert said("width", candidate(rows("a", "CY2026", RISING[:2], fans(0.0201, 0.0201)))) == []
    exact = catalogue({"width": {"narrowest": 1.0, "severity": "hold"}})
    assert said("width", candidate(rows("a", "CY2026", [8.0, 8.0]), exact)) == []
    ((severity, _, text),) = said(
        "width", candidate(rows("a", "CY2026", [8.0, 8.0], fans(0.99, 0.99)), exact)
    )
    assert severity == "hold"
    assert text == "the 95 % interval of CY2026 is 99.00% of its median; the least is 100.00%"
    assert said("width", candidate(rows("a", "CY2026", [0.0, 0.0]))) == []


def test_an_interval_does_not_close_with_the_horizon() -> None:
    def of(*spreads: float) -> list[tuple[str, str, str]]:
        return said("width", candidate(rows("a", "CY2026", [16.0] * len(spreads), fans(*spreads))))

    assert of(1.0, 0.71, 0.71) == []
    text = "the 95 % interval of the year from CY2028 is 0.69 of the widest before; shrink is 0.7"
    assert of(1.0, 0.8, 0.69, 0.69) == [("warn", "a", text)]
    text = "the 95 % interval of the year from CY2029 is 0.29 of the widest before; collapse is 0.3"
    assert of(0.5, 1.0, 0.69, 0.29) == [("block", "a", text)]
    assert [one[0] for one in of(1.0, 0.31)] == ["warn"]


def test_the_bounds_of_closing_are_themselves_allowed() -> None:
    limits = {"width": {"shrink": 0.5, "collapse": 0.25, "severity": "hold"}}
    for spread, verdict in ((0.5, []), (0.49, ["warn"]), (0.25, ["warn"]), (0.24, ["hold"])):
        table = rows("a", "CY2026", [16.0, 16.0], fans(1.0, spread))
        assert [one[0] for one in said("width", candidate(table, catalogue(limits)))] == verdict, spread


def test_a_shrinking_quantity_may_have_a_shrinking_interval() -> None:
    assert said("width", candidate(rows("a", "CY2026", [16.0, 8.0, 4.0], fans(1.0, 1.0, 1.0)))) == []
    assert said("width", candidate(rows("a", "CY2026", [4.0, 16.0], fans(1.0, 0.26)))) == []


def test_months_close_by_whole_years() -> None:
    of = catalogue(a={"kind": "month"})
    uneven = fans(*([1.0, 0.2] * 12))
    assert said("width", candidate(rows("a", "2026-01", [16.0] * 24, uneven), of)) == []
    closing = fans(*([1.0] * 12 + [0.2] * 12))
    text = "the 95 % interval of the year from 2027-01 is 0.20 of the widest before; collapse is 0.3"
    assert said("width", candidate(rows("a", "2026-01", [16.0] * 24, closing), of)) == [("block", "a", text)]


def test_intervals_do_not_close_against_the_previous_edition_without_new_data() -> None:
    made = candidate(rows("a", "CY2026", RISING, FAN * 0.25 + 0.75), figures=MOVING)
    text = "by CY the 95 % intervals are 0.25 of the previous edition's without new data; the limit is 0.3"
    assert said("width", after(made, rows("a", "CY2026", RISING))) == [("block", "a", text)]
    fresh = after(made, rows("a", "CY2026", RISING), figures={"a": years("CY2016", [8.0] * 9)})
    assert said("width", fresh) == []
    at = candidate(rows("a", "CY2026", RISING), catalogue({"width": {"collapse": 0.5}}), MOVING)
    assert said("width", after(at, rows("a", "CY2026", [2 * value for value in RISING]))) == []
    assert len(said("width", after(at, rows("a", "CY2026", [2.01 * value for value in RISING])))) == 1
    assert said("width", after(at, rows("a", "CY2020", RISING))) == []
