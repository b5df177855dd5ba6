"""Growth, slips, jumps and starts: what passes at a threshold, what does not beyond it, and what is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.publishing.candidate import State
from tests.publishing.gates.made import FAN, after, candidate, catalogue, rows, said, years

STEADY = {"a": years("CY2016", [8.0] * 10)}
CALM = [8.0, 8.5, 9.0, 9.5, 10.0]


def test_calm_forecasts_pass() -> None:
    made = candidate(rows("a", "CY2026", CALM), figures=STEADY)
    for gate in ("growth", "slip", "jump", "start"):
        assert said(gate, made) == []
        assert said(gate, after(made)) == []


def test_a_year_may_grow_up_to_the_cap_and_fall_to_the_floor() -> None:
    assert said("growth", candidate(rows("a", "CY2026", [24.0, 72.0, 14.4 + 1e-9]), figures=STEADY))[1:] == []
    found = said("growth", candidate(rows("a", "CY2026", [25.0, 30.0]), figures=STEADY))
    text = "forecast year 1 from CY2026 is 3.12 times the year before; the limits are 0.2 and 3"
    assert found == [("block", "a", text)]
    found = said("growth", candidate(rows("a", "CY2026", [8.0, 8.0, 25.0]), figures=STEADY))
    text = "forecast year 3 from CY2028 is 3.12 times the year before; the limits are 0.2 and 3"
    assert found == [("block", "a", text)]
    wide = {"growth": {"step_cap": 100, "severity": "hold"}}
    made = candidate(rows("a", "CY2026", [8.0, 1.5, 7.0]), catalogue(wide), STEADY)
    text = "forecast year 2 from CY2027 is 0.188 times the year before; the limits are 0.2 and 3"
    assert said("growth", made) == [("hold", "a", text)]


def test_the_exact_cap_and_floor_pass() -> None:
    wide = catalogue({"growth": {"step_cap": 100, "cap": 2, "floor": 0.5}})
    assert said("growth", candidate(rows("a", "CY2026", [16.0, 8.0, 16.0]), wide, STEADY)) == []
    assert len(said("growth", candidate(rows("a", "CY2026", [16.1]), wide, STEADY))) == 1
    assert len(said("growth", candidate(rows("a", "CY2026", [3.9]), wide, STEADY))) == 1


def test_a_period_may_be_so_many_times_the_one_before() -> None:
    of = catalogue({"growth": {"cap": 100, "floor": 0.001, "step_cap": 4}})
    assert said("growth", candidate(rows("a", "CY2026", [8.0, 32.0, 8.0]), of, STEADY)) == []
    found = said("growth", candidate(rows("a", "CY2026", [8.0, 33.0, 34.0]), of, STEADY))
    assert found == [("block", "a", "CY2027 is 4.12 times CY2026; the limits are 0.25 and 4")]
    found = said("growth", candidate(rows("a", "CY2026", [8.0, 8.0, 1.0]), of, STEADY))
    assert found == [("block", "a", "CY2028 is 0.125 times CY2027; the limits are 0.25 and 4")]


def test_months_are_judged_by_whole_years() -> None:
    of = catalogue(a={"kind": "month"})
    figures = {"a": years("2025-01", [8.0] * 12)}
    season = [4.0, 12.0] * 6
    assert said("growth", candidate(rows("a", "2026-01", season * 2), of, figures)) == []
    risen = rows("a", "2026-01", [*season, *(4 * np.array(season))])
    text = "forecast year 2 from 2027-01 is 4 times the year before; the limits are 0.2 and 3"
    assert said("growth", candidate(risen, of, figures)) == [("block", "a", text)]
    assert said("growth", candidate(rows("a", "2026-01", [*season, 30.0]), of, figures)) == []


def test_the_upper_quantile_has_a_cap_of_its_own() -> None:
    of = catalogue({"growth": {"upper_cap": 1.5}})
    assert said("growth", candidate(rows("a", "CY2026", [8.0, 8.0]), of, STEADY)) == []
    text = "the 97.5 % quantile of forecast year 2 is 1.59 times the last observed year; the limit is 1.5"
    assert said("growth", candidate(rows("a", "CY2026", [8.0, 8.5]), of, STEADY)) == [("block", "a", text)]
    assert said("growth", candidate(rows("a", "CY2026", [8.0, 8.5]), of)) == []


def test_nothing_is_said_of_growth_from_nought() -> None:
    assert (
        said("growth", candidate(rows("a", "CY2026", [0.0, 5.0]), figures={"a": years("CY2016", [0.0] * 10)}))
        == []
    )


@pytest.mark.parametrize("factor", [10, 12, 100, 1000, 1e5, 1e7])
def test_slips_are_named_by_their_factor(factor: float) -> None:
    for ratio in (factor, 1 / factor):
        found = said("slip", candidate(rows("a", "CY2026", [8.0 * ratio]), figures=STEADY))
        text = (
            f"the first forecast year is {ratio:.3g} times the last observed one, as by a slip of {factor:g}"
        )
        assert found == [("block", "a", text)]


def test_a_slip_is_near_its_factor() -> None:
    of = catalogue({"slip": {"factors": [100], "tolerance": 0.1, "severity": "hold"}})
    for size in (1.91, 2.09, -1.91, -2.09):
        assert len(said("slip", candidate(rows("a", "CY2026", [8.0 * 10**size]), of, STEADY))) == 1
    for size in (1.89, 2.11, 0.0, -1.89, -2.11):
        assert said("slip", candidate(rows("a", "CY2026", [8.0 * 10**size]), of, STEADY)) == []
    assert said("slip", candidate(rows("a", "CY2026", [800.0]), of, STEADY))[0][0] == "hold"
    assert said("slip", candidate(rows("a", "CY2026", [800.0]), of)) == []


def test_the_unit_is_the_catalogues() -> None:
    found = said("slip", candidate(rows("a", "CY2026", CALM, unit="t Nd"), figures=STEADY))
    assert found == [("block", "a", "is in 't Nd', the catalogue says 't REO'")]
    assert said("slip", candidate(rows("b", "CY2026", CALM, unit="t Nd"))) == []


def test_a_slip_against_the_previous_edition_is_found_in_one_quantile() -> None:
    made = candidate(rows("a", "CY2026", CALM, FAN * [1, 1, 1, 1, 1, 1, 1, 1, 10]))
    text = "CY2026 quantile 0.975 is 10 times the previous edition's, as by a slip of 10"
    assert said("slip", after(made, rows("a", "CY2026", CALM))) == [("block", "a", text)]
    low = candidate(rows("a", "CY2026", CALM, FAN / [10, 1, 1, 1, 1, 1, 1, 1, 1]))
    assert said("slip", after(low, rows("a", "CY2026", CALM))) == []
    later = candidate(rows("a", "CY2027", [*CALM[1:3], 95.0]))
    text = "CY2029 quantile 0.5 is 10 times the previous edition's, as by a slip of 10"
    assert said("slip", after(later, rows("a", "CY2026", CALM))) == [("block", "a", text)]
    assert said("slip", after(later, rows("a", "CY2026", [0.0] * 5))) == []


def test_medians_stay_in_the_previous_band_without_new_data() -> None:
    made = candidate(rows("a", "CY2026", CALM), figures=STEADY)
    at = rows("a", "CY2026", [value / 1.5 for value in CALM])
    assert said("jump", after(made, at)) == []
    assert said("jump", after(made, rows("a", "CY2026", [value / 0.5 for value in CALM]))) == []
    below = rows("a", "CY2026", [8.0, 8.0 / 1.6, 9.0 / 1.6, 9.5, 10.0])
    text = (
        "2 median(s) leave the previous edition's 95 % band, first CY2027: 8.5 is outside 2.5 to 7.5; "
        "there are no new data, 0 allowed"
    )
    assert said("jump", after(made, below)) == [("hold", "a", text)]
    above = rows("a", "CY2026", [8.0, 17.2, 9.0, 9.5, 10.0])
    assert [one[0] for one in said("jump", after(made, above))] == ["hold"]


def test_new_data_may_move_a_forecast() -> None:
    made = candidate(rows("a", "CY2026", CALM), figures=STEADY)
    old = rows("a", "CY2026", [value / 3 for value in CALM])
    for figures in (
        {"a": years("CY2016", [8.0] * 9)},
        {"a": years("CY2016", [*[8.0] * 9, 8.1])},
    ):
        ((severity, _, text),) = said("jump", after(made, old, figures=figures))
        assert severity == "warn"
        assert "there are new data" in text
    moved = after(made, old, figures={**STEADY, "b": years("CY2016", [1.0])})
    assert said("jump", moved)[0][0] == "hold"


def test_a_forecast_stands_on_its_parts_and_its_market_too() -> None:
    of = catalogue(a={"within": "m"}, b={}, m={}, all={"sum_of": ["a", "b"]}, free={})
    figures = {"a": years("CY2020", [1.0]), "b": years("CY2020", [1.0]), "m": years("CY2020", [9.0])}
    for series, moved, verdict in (
        ("all", "b", "warn"),
        ("all", "m", "warn"),
        ("a", "m", "warn"),
        ("a", "b", "hold"),
        ("free", "b", "warn"),
        ("free", "", "hold"),
    ):
        made = candidate(rows(series, "CY2026", CALM), of, figures)
        then = {**figures, moved: years("CY2020", [2.0])} if moved else figures
        ((severity, _, _),) = said("jump", after(made, rows(series, "CY2026", [99.0] * 5), figures=then))
        assert severity == verdict, (series, moved)


def test_a_number_of_jumps_may_be_allowed() -> None:
    of = catalogue({"jump": {"allowed": 2, "severity": "block"}})
    made = candidate(rows("a", "CY2026", CALM), of, STEADY)
    assert said("jump", after(made, rows("a", "CY2026", [99.0, 99.0, 9.0, 9.5, 10.0]))) == []
    found = said("jump", after(made, rows("a", "CY2026", [99.0, 99.0, 99.0, 9.5, 10.0])))
    assert [one[0] for one in found] == ["block"]
    assert found[0][2].startswith("3 median(s)")
    assert found[0][2].endswith("2 allowed")


def test_a_forecast_starts_after_the_last_figure() -> None:
    text = "starts at CY2025 although there is a figure of CY2025"
    assert said("start", candidate(rows("a", "CY2025", CALM), figures=STEADY)) == [("block", "a", text)]
    text = "starts at CY2027, 2 periods after the last figure of CY2025"
    assert said("start", candidate(rows("a", "CY2027", CALM), figures=STEADY)) == [("block", "a", text)]
    stale = {"a": State("a", "stale", "")}
    assert said("start", candidate(rows("a", "CY2025", CALM), figures=STEADY, states=stale)) == []
    assert (
        len(
            said(
                "start",
                candidate(rows("a", "CY2025", CALM), figures=STEADY, states={"a": State("a", "ok", "")}),
            )
        )
        == 1
    )
    monthly, figures = catalogue(a={"kind": "month"}), {"a": years("2025-12", [8.0])}
    text = "starts at 2027-01, 13 periods after the last figure of 2025-12"
    assert said("start", candidate(rows("a", "2027-01", CALM), monthly, figures)) == [("block", "a", text)]
    text = "starts at 2026-12, 12 periods after the last figure of 2025-12"
    assert said("start", candidate(rows("a", "2026-12", CALM), monthly, figures)) == [("warn", "a", text)]


def test_a_forecast_may_start_with_a_sibling_that_has_no_figure_yet() -> None:
    both = [rows("a", "CY2025", CALM), rows("b", "CY2025", CALM)]
    late = {"a": years("CY2016", [8.0] * 10), "b": years("CY2016", [8.0] * 9)}
    text = "starts at CY2025 although there is a figure of CY2025: b is forecast with it and has none yet"
    of = catalogue(a={}, b={})
    assert said("start", candidate(both, of, late)) == [("warn", "a", text)]
    alike = {"a": late["a"], "b": late["a"]}
    assert [one[0] for one in said("start", candidate(both, of, alike))] == ["block", "block"]


RISING = {"a": years("CY2016", [2.0**n for n in range(10)])}  # each twice the one before: 512 in CY2025


def test_the_first_forecast_is_no_further_than_past_steps() -> None:
    assert said("start", candidate(rows("a", "CY2026", [1023.0]), figures=RISING)) == []
    assert said("start", candidate(rows("a", "CY2026", [257.0]), figures=RISING)) == []
    text = "CY2026 is 2.15 times the last figure; 99% of past changes are within a factor of 2"
    assert said("start", candidate(rows("a", "CY2026", [1100.0]), figures=RISING)) == [("warn", "a", text)]
    text = "CY2026 is 0.488 times the last figure; 99% of past changes are within a factor of 2"
    assert said("start", candidate(rows("a", "CY2026", [250.0]), figures=RISING)) == [("warn", "a", text)]
    apart = "; 99% of past changes are within a factor of 2, and so is no part of the 95 % interval"
    found = said("start", candidate(rows("a", "CY2026", [2100.0]), figures=RISING))
    assert found == [("block", "a", f"CY2026 is 4.1 times the last figure{apart}")]
    found = said("start", candidate(rows("a", "CY2026", [160.0]), figures=RISING))
    assert found == [("block", "a", f"CY2026 is 0.312 times the last figure{apart}")]


def test_the_reach_widens_with_the_gap() -> None:
    of = catalogue(a={"kind": "month"})
    figures = {"a": years("2025-01", [2.0**n for n in range(12)])}
    assert len(said("start", candidate(rows("a", "2026-04", [8100.0]), of, figures))) == 1
    found = said("start", candidate(rows("a", "2026-04", [8300.0]), of, figures))
    assert any("within a factor of 4" in text for _, _, text in found)


def test_few_or_old_steps_give_no_judgement() -> None:
    far = rows("a", "CY2026", [5000.0])
    short = {"a": years("CY2018", [2.0**n for n in range(8)])}
    assert said("start", candidate(far, figures=short)) == []
    enough = {"a": years("CY2017", [2.0**n for n in range(9)])}
    assert len(said("start", candidate(far, figures=enough))) == 1
    recent = catalogue({"start": {"years": 8}})
    assert said("start", candidate(far, recent, enough)) == []
    assert len(said("start", candidate(far, catalogue({"start": {"years": 9}}), enough))) == 1
    holed = {"a": {label: value for label, value in RISING["a"].items() if label != "CY2020"}}
    assert said("start", candidate(far, figures=holed)) == []
    nought = {"a": {**RISING["a"], "CY2025": 0.0}}
    assert said("start", candidate(far, figures=nought)) == []


def test_scenarios_are_judged_apart() -> None:
    both = pd.concat([rows("a", "CY2026", CALM), rows("a", "CY2026", [900.0] * 5, scenario="high")])
    texts = [text for _, _, text in said("growth", candidate(both, figures=STEADY))]
    assert texts == [
        "forecast year 1 from CY2026 is 112 times the year before; the limits are 0.2 and 3",
        "the 97.5 % quantile of forecast year 1 is 169 times the last observed year; the limit is 60",
    ]


def test_small_quantities_are_judged_as_large_ones() -> None:
    figures = {"a": years("CY2016", [0.02] * 10)}
    text = "the first forecast year is 10 times the last observed one, as by a slip of 10"
    assert ("block", "a", text) in said("slip", candidate(rows("a", "CY2026", [0.2]), figures=figures))


def test_the_edges_of_the_previous_band_are_inside_it() -> None:
    made = candidate(rows("a", "CY2026", [8.0]), figures=STEADY)
    for edge in (4.0, 12.0):
        assert said("jump", after(candidate(rows("a", "CY2026", [edge]), figures=STEADY), made.table)) == []
