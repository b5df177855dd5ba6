"""Every move is explained: parts add up, what did not change is nought, each cause moves its own part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.balance.graph import Graph
from forecasting.publishing.attribution import (
    CODE,
    EVERY,
    FALLBACKS,
    TOGETHER,
    UNKNOWN,
    Told,
    attribute,
    changes,
)
from forecasting.publishing.attribution.mixed import (
    ASSUMPTIONS,
    CATALOGUE,
    DRIVERS,
    EVENTS,
    NEW,
    RECIPE,
    REVISED,
    SAMPLING,
)
from forecasting.publishing.attribution.orders import EXACT, ORDERS, orders, shares
from tests.publishing.small_world import EV, KNOWN_TO, MARKET, OXIDE, Small

Change = Callable[[Small], object]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Small(tmp_path_factory.mktemp("base") / "data").told()


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], Told]:
    def make(change: Change) -> Told:
        small = Small(tmp_path / "now")
        change(small)
        return small.told()

    return make


def parts(table: pd.DataFrame) -> pd.DataFrame:
    return table[[cause for cause in EVERY if cause in table]]


def unexplained(table: pd.DataFrame) -> float:
    """The largest part of a number that its causes do not add up to."""
    rest = parts(table).sum(axis=1) - (table["after"] - table["before"])
    size = np.maximum(table[["before", "after"]].abs().max(axis=1), 1e-300)
    return float((rest.abs() / size).max())


def moved_by(table: pd.DataFrame) -> set[str]:
    return {str(cause) for cause in parts(table) if bool((table[cause] != 0).any())}


def number(table: pd.DataFrame, scenario: str, about: str, period: str = "FY2030") -> pd.Series:
    mine = table[(table["measure"] == "median") & (table["period"] == period)]
    return mine[(mine["scenario"] == scenario) & (mine["about"] == about)].iloc[0]


def nothing(small: Small) -> None:
    del small


def new_market(small: Small) -> None:
    small.revised[MARKET, str(KNOWN_TO)] = 1_500_000


def revise_vehicles(small: Small) -> None:
    small.revised[EV, "2026-01"] = 150_000


def heavier(small: Small) -> None:
    small.change("assumptions.yaml", lambda y: y["assumptions"]["mass"].update(high=2.0))


def surer(small: Small) -> None:
    small.change("events.yaml", lambda y: y["events"]["push"].update(probability=1.0))


def corrected(small: Small) -> None:
    correction = {
        "series": OXIDE, "period": "FY2024", "source": "oxide_book", "action": "override", "value": 0.1, "reason": "x",
    }  # fmt: skip
    small.change("corrections.yaml", lambda y: y["corrections"].append(correction))


def other_model(small: Small) -> None:
    small.models[OXIDE] = ("naive", {})


def other_market_model(small: Small) -> None:
    small.models[MARKET] = ("naive", {})


def other_seed(small: Small) -> None:
    small.seed = 8


def more_paths(small: Small) -> None:
    small.paths = 80


@pytest.mark.parametrize(
    ("change", "causes"),
    [
        (nothing, set()),
        (revise_vehicles, {REVISED}),
        (heavier, {ASSUMPTIONS}),
        (surer, {EVENTS}),
        (corrected, {CATALOGUE}),
        (other_model, {RECIPE}),
        (other_seed, {SAMPLING}),
        (more_paths, {SAMPLING}),
        (new_market, {REVISED, DRIVERS}),
        (other_market_model, {RECIPE, DRIVERS}),
    ],
)
def test_each_cause_moves_its_own_part_and_no_other(
    base: Told, changed: Callable[[Change], Told], change: Change, causes: set[str]
) -> None:
    table = attribute(base, changed(change))
    assert moved_by(table) == causes
    assert unexplained(table) <= 1e-9


def test_a_new_month_is_new_data_of_its_series_and_a_driver_of_the_vehicles_in_its_market(
    base: Told, tmp_path: Path
) -> None:
    before = Small(tmp_path / "was", last=KNOWN_TO + -1).told()
    table = attribute(before, base)
    assert moved_by(table) == {NEW, DRIVERS}
    assert unexplained(table) <= 1e-9
    market, vehicles, oxide = (number(table, "", id) for id in (MARKET, EV, OXIDE))
    assert market[NEW] != 0
    assert market[DRIVERS] == 0
    assert vehicles[NEW] != 0
    assert vehicles[DRIVERS] != 0
    assert oxide[NEW] == oxide[DRIVERS] == 0
    assert "2026-03" not in set(table["period"]), "a month now observed is no forecast to compare"


def test_no_change_is_exactly_nought_everywhere(base: Told, changed: Callable[[Change], Told]) -> None:
    table = attribute(base, changed(nothing))
    assert (table["before"] == table["after"]).all()
    assert not parts(table).to_numpy().any()


def test_several_causes_at_once_add_up_for_every_number(
    base: Told, changed: Callable[[Change], Told]
) -> None:
    def everything(small: Small) -> None:
        for change in (
            revise_vehicles,
            heavier,
            surer,
            other_model,
            other_market_model,
            other_seed,
        ):
            change(small)

    table = attribute(base, changed(everything))
    assert moved_by(table) == {REVISED, DRIVERS, ASSUMPTIONS, EVENTS, RECIPE, SAMPLING}
    assert unexplained(table) <= 1e-9
    assert number(table, "", MARKET)[ASSUMPTIONS] == 0
    assert number(table, "", EV)[EVENTS] == 0, "no regressor and no lever of a series changed"
    assert number(table, "mission", "demand.magnet")[EVENTS] == 0, "the mission sets the probability itself"
    assert number(table, "baseline", "demand.magnet")[EVENTS] != 0


def test_what_the_old_inputs_no_longer_give_is_code(base: Told, changed: Callable[[Change], Told]) -> None:
    printed_then = base.forecasts.assign(value=base.forecasts["value"] * 1.01)
    table = attribute(replace(base, forecasts=printed_then), changed(nothing))
    assert moved_by(table) == {CODE}
    series = table[table["scenario"] == ""]
    np.testing.assert_array_equal(series[CODE], series["after"] - series["before"])


def test_a_fallback_is_named_wherever_it_stood_in(base: Told, changed: Callable[[Change], Told]) -> None:
    now = changed(nothing)
    stood_in = now.forecasts["series"] == EV
    now = replace(now, forecasts=now.forecasts.assign(value=now.forecasts["value"].where(~stood_in, 5.0)))
    table = attribute(base, now)
    assert moved_by(table) == {FALLBACKS}
    assert unexplained(table) <= 1e-9
    back = attribute(replace(now, fallen={EV}), base)
    assert moved_by(back) == {FALLBACKS}
    assert number(back, "", MARKET)[FALLBACKS] == 0


def test_without_the_inputs_of_the_last_edition_the_move_has_one_part_that_says_so(base: Told) -> None:
    was = replace(base, forecasts=base.forecasts.assign(value=1.0), inputs=None)
    table = attribute(was, base)
    assert list(parts(table)) == [UNKNOWN]
    assert unexplained(table) == 0


def test_mixtures_that_cannot_be_worked_out_leave_other_orders_or_one_part(
    base: Told, changed: Callable[[Change], Told]
) -> None:
    now = changed(revise_vehicles)
    recipe = now.inputs.release.champions[OXIDE].recipe  # type: ignore[union-attr]
    broken = recipe.model_copy(update={"model": "seasonal_naive", "parameters": {"nonsense": 1}})
    champions = dict(now.inputs.release.champions)  # type: ignore[union-attr]
    champions[OXIDE] = replace(champions[OXIDE], recipe=broken)
    release = replace(now.inputs.release, champions=champions)  # type: ignore[union-attr]
    table = attribute(base, replace(now, inputs=replace(now.inputs, release=release)))  # type: ignore[type-var]
    assert moved_by(table) == {TOGETHER}
    assert unexplained(table) == 0


def test_the_headlines_are_medians_of_the_last_year_largest_cause_first(
    base: Told, changed: Callable[[Change], Told]
) -> None:
    def two(small: Small) -> None:
        heavier(small)
        surer(small)

    now = changed(two)
    assert now.inputs is not None
    catalogue = now.inputs.store.catalogue
    found = changes(attribute(base, now), catalogue, Graph.read(catalogue))
    assert set(found["period"]) == {"FY2030"}
    assert {"baseline.gap.home", "mission.demand.magnet"} <= set(found["about"])
    assert MARKET not in set(found["about"]), "a driver is no headline"
    for _, group in found.groupby("about"):
        sizes = group["amount"].abs().tolist()
        assert sizes == sorted(sizes, reverse=True)
        assert group["amount"].sum() == pytest.approx(
            group["after"].iloc[0] - group["before"].iloc[0], rel=1e-9
        )


@st.composite
def games(draw: st.DrawFn) -> tuple[list[str], dict[frozenset[str], np.ndarray[Any, Any]]]:
    """Random worlds: any value for any set of causes, three numbers at once, some mixtures impossible."""
    causes = list("abcdefgh")[: draw(st.integers(0, 7))]
    sets = [frozenset(c for i, c in enumerate(causes) if mask >> i & 1) for mask in range(2 ** len(causes))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1e-6, 1.0, 1e9]))
    holes = draw(st.sampled_from([0.0, 0.1]))
    values = {one: scale * rng.standard_normal(3) for one in sets}
    for one in sets[1:-1]:
        values[one] = np.where(rng.random(3) < holes, np.nan, values[one])
    return causes, values


@given(games())
@settings(max_examples=60)
def test_parts_of_any_game_add_up_to_the_whole(
    game: tuple[list[str], dict[frozenset[str], np.ndarray[Any, Any]]],
) -> None:
    causes, values = game
    found = shares(causes, values.__getitem__)
    whole = values[frozenset(causes)] - values[frozenset()]
    total = np.sum([found[cause] for cause in causes], axis=0) if causes else np.zeros(3)
    told = np.isfinite(total)
    size = max(float(np.nan_to_num(np.abs(one)).max()) for one in values.values())
    assert np.abs(total - whole)[told].max(initial=0.0) <= 1e-9 * max(size, 1e-300)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=30)
def test_a_cause_without_effect_gets_exactly_nought_and_an_additive_one_its_own(
    seed: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    causes = list("abcdefg")[:count]
    own = {cause: rng.integers(-100, 100) * 1.0 for cause in causes} | {causes[0]: 0.0}
    found = shares(causes, lambda on: np.array([sum(own[cause] for cause in sorted(on))]))
    assert found[causes[0]].tolist() == [0.0]
    assert {cause: float(part[0]) for cause, part in found.items()} == pytest.approx(own)


def test_shapley_agrees_with_the_formula_by_subsets() -> None:
    from math import factorial

    causes = ["a", "b", "c", "d"]
    rng = np.random.default_rng(3)
    sets = [frozenset(c for i, c in enumerate(causes) if mask >> i & 1) for mask in range(16)]
    value = {one: rng.standard_normal(2) for one in sets}
    found = shares(causes, value.__getitem__)
    for cause in causes:
        expected = sum(
            factorial(len(s)) * factorial(3 - len(s)) / factorial(4) * (value[s | {cause}] - value[s])
            for s in sets
            if cause not in s
        )
        np.testing.assert_allclose(found[cause], expected, rtol=1e-12)


def test_many_causes_take_few_orders_each_with_its_reverse() -> None:
    causes = list("abcdefgh")
    drawn = orders(causes)
    assert len(causes) > EXACT
    assert len(drawn) == ORDERS
    assert all(drawn[i] == drawn[i + 1][::-1] for i in range(0, ORDERS, 2))
    assert drawn == orders(causes)
