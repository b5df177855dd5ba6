"""What gates look at: lines out of rows in any order, and the figures a series stands on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from forecasting.frames import LEVELS
from forecasting.periods import Kind, Period
from forecasting.publishing.gates.past import NONE, Figures, Past
from forecasting.publishing.gates.view import View, codes, lines_of, parsed, shared
from tests.publishing.gates.made import FAN, after, candidate, catalogue, known, rows, years

PARTS = {"sum_of": ["a", "b"]}


def past(ordinals: Sequence[int], values: Sequence[float]) -> Past:
    return Past(np.array(ordinals), np.array(values))


def test_lines_are_the_same_whatever_the_order_of_rows() -> None:
    table = pd.concat([rows("a", "CY2026", [1.0, 2.0]), rows("b", "2026-01", [3.0])])
    lines = lines_of(parsed(table))
    assert set(lines) == {("a", "CY", "baseline"), ("b", "month", "baseline")}
    one = lines["a", "CY", "baseline"]
    assert (one.series, one.kind, one.scenario) == ("a", Kind.CY, "baseline")
    assert [one.label(0), one.label(1)] == ["CY2026", "CY2027"]
    np.testing.assert_allclose(one.values, np.outer([1.0, 2.0], FAN))
    np.testing.assert_allclose(one.median, [1.0, 2.0])
    np.testing.assert_allclose(one.width, [1.0, 2.0])
    shuffled = lines_of(parsed(table.sample(frac=1, random_state=1)))
    for key, line in lines.items():
        np.testing.assert_array_equal(line.values, shuffled[key].values)


def test_a_missing_level_is_no_number_and_of_a_doubled_one_the_lowest_counts() -> None:
    table = rows("a", "CY2026", [1.0])
    doubled = pd.concat([table, table.assign(value=table["value"] - 0.1), table.assign(quantile=0.6)])
    values = lines_of(parsed(doubled))["a", "CY", "baseline"].values
    np.testing.assert_allclose(values[0], FAN - 0.1)
    gone = lines_of(parsed(table[table["quantile"] != 0.1]))["a", "CY", "baseline"].values
    assert np.isnan(gone[0]).tolist() == [level == 0.1 for level in LEVELS]
    assert lines_of(parsed(table.head(0))) == {}


def test_rows_without_a_period_of_their_kind_are_left_out() -> None:
    table = rows("a", "CY2026", [1.0, 2.0])
    wrong = pd.concat([table, table.assign(period="nonsense"), table.assign(period="FY2026")])
    kept = parsed(wrong)
    assert sorted(set(kept["period"])) == ["CY2026", "CY2027"]
    assert set(kept["ordinal"]) == {Period.parse("CY2026").ordinal, Period.parse("CY2027").ordinal}


def test_codes_tell_rows_apart_by_all_columns() -> None:
    frame = pd.DataFrame({"x": ["b", "a", "b", "b"], "y": ["p", "q", "p", "q"]})
    assert codes(frame, ["x", "y"]).tolist() == [2, 1, 2, 3]
    assert codes(frame, ["y"]).tolist() == [0, 1, 0, 1]
    assert codes(frame.head(0), ["x", "y"]).tolist() == []


def test_means_of_whole_years_only() -> None:
    line = lines_of(parsed(rows("a", "2026-01", [1.0] * 12 + [2.0] * 12 + [9.0])))["a", "month", "baseline"]
    assert line.years(line.median).tolist() == [1.0, 2.0]
    other = lines_of(parsed(rows("a", "2026-03", [1.0] * 3)))["a", "month", "baseline"]
    mine, theirs = shared(line, other)
    assert (mine.tolist(), theirs.tolist()) == ([2, 3, 4], [0, 1, 2])


def test_the_level_is_that_of_the_last_year_with_a_figure() -> None:
    assert past([1, 2, 3], [1.0, 2.0, 6.0]).level(1) == 6
    assert past([1, 2, 3], [1.0, 2.0, 6.0]).level(2) == 4
    assert past([1, 5], [1.0, 6.0]).level(4) == 6
    assert past([1, 5], [2.0, 6.0]).level(5) == 4
    assert np.isnan(NONE.level(1))
    assert (past([3, 7], [1.0, 1.0]).last, NONE.last) == (7, None)


def test_the_widest_ratio_is_of_neighbours_of_the_last_two_years() -> None:
    assert past([1, 2, 3, 4], [1.0, 100.0, 101.0, 202.0]).widest(1) == pytest.approx(2)
    assert past([1, 2, 3, 4], [1.0, 1.0, 4.0, 4.0]).widest(2) == pytest.approx(4)
    assert past([1, 2, 3, 4], [1.0, 4.0, 1.0, 1.0]).widest(2) == pytest.approx(4)
    assert past([2, 3, 5], [1.0, 3.0, 90.0]).widest(2) == pytest.approx(3)
    assert past([1, 2, 3], [1.0, 0.0, 5.0]).widest(2) == 1
    assert NONE.widest(12) == 1


def test_figures_between_periods_are_both_ends_included() -> None:
    one = past([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0])
    assert one.between(2, 3).tolist() == [2, 3]
    assert one.same(past([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0]))
    assert not one.same(past([1, 2, 3, 4], [1.0, 2.0, 3.0, 5.0]))
    assert not one.same(past([1, 2, 3, 5], [1.0, 2.0, 3.0, 4.0]))


def test_an_aggregate_without_figures_has_the_sum_of_its_parts_where_all_have_one() -> None:
    of = catalogue(a={}, b={}, all=PARTS)
    figures = Figures(
        known({"a": years("CY2020", [1.0, 2.0, 3.0]), "b": years("CY2021", [10.0, 20.0, 30.0])}), of
    )
    found = figures.of("all")
    assert found.ordinals.tolist() == [Period.parse("CY2021").ordinal, Period.parse("CY2022").ordinal]
    assert found.values.tolist() == [12.0, 23.0]
    assert (found.source, figures.of("a").source) == ("", "press_1")
    assert figures.of("stranger") is NONE
    own = Figures(known({"all": years("CY2020", [7.0]), "a": years("CY2020", [1.0])}), of)
    assert own.of("all").values.tolist() == [7.0]


def test_figures_stand_in_the_order_of_their_periods() -> None:
    figures = Figures(known({"a": {"CY2022": 3.0, "CY2020": 1.0, "CY2021": 2.0}}), catalogue())
    assert figures.of("a").values.tolist() == [1.0, 2.0, 3.0]


def test_news_are_figures_of_the_series_its_parts_or_its_market() -> None:
    of = catalogue(a={"within": "market"}, b={}, market={}, all=PARTS, other={})
    table = [rows(id, "CY2026", [1.0]) for id in ("a", "b", "all", "other")]
    figures = {id: years("CY2020", [1.0, 2.0]) for id in ("a", "b", "market", "other")}
    now = candidate(table, of, figures)
    assert View(now).news("a")
    same = View(after(now))
    assert not any(same.news(id) for id in ("a", "b", "all", "other"))
    moved = View(after(now, figures={**figures, "market": years("CY2020", [1.0, 3.0])}))
    assert [moved.news(id) for id in ("a", "b", "all", "other")] == [True, False, True, False]
    assert same.related("all") == ["all", "a", "b", "market"]
    assert same.related("stranger") == []


def test_a_series_without_figures_stands_on_all_of_them() -> None:
    of = catalogue(a={}, b={})
    now = candidate([rows("a", "CY2026", [1.0])], of, {"b": years("CY2020", [1.0])})
    assert not View(after(now)).news("a")
    assert View(after(now, figures={"b": years("CY2020", [2.0])})).news("a")


def test_a_series_is_named_once_though_it_is_reached_twice() -> None:
    of = catalogue(a={"within": "m"}, b={"within": "m"}, m={}, all=PARTS)
    assert View(candidate(rows("a", "CY2026", [1.0]), of)).related("all") == ["all", "a", "b", "m"]


def test_lines_in_another_kind_of_period_are_not_the_series_own() -> None:
    of = catalogue(a={"kind": "month"})
    view = View(candidate([rows("a", "2026-01", [1.0]), rows("a", "CY2026", [12.0])], of))
    assert [str(line.kind) for line in view.own] == ["month"]
    assert View(candidate(rows("stranger", "CY2026", [1.0]))).own == ()
