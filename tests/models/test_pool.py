"""Models on panels: what is not pooled does not see the other series, what is learns from all it does not refuse."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import Refusal
from forecasting.frames import Forecast, Panel
from forecasting.models import MODELS, build
from forecasting.models.pool import Pool
from forecasting.models.recipe import Recipe
from forecasting.periods import Period
from tests.models.test_contract import PATHS, STEPS, ahead, given, grown, model, months

POOLED = {"lags", "median"}  # the median of the contract has lags for a member
A, B, C = "a", "b", "c"


def panel(**changed: np.ndarray) -> Panel:
    """Three series: one begins later than the others, one ends before them."""
    values = {A: grown(1), B: grown(2), C: grown(3), **changed}
    told = {A: months(values[A]), B: months(values[B][9:], "2021-10"), C: months(values[C][:-2])}
    return Panel.of(told)


@functools.cache
def whole(name: str) -> Forecast:
    return ahead(name, panel())


def test_which_models_are_pooled() -> None:
    assert {name for name in MODELS if model(name).pooled} == POOLED
    assert not build("median").pooled
    for name in ("median", "trimmed_mean", "weighted", "stacked"):
        nested = {"model": "median", "members": ({"model": "naive"}, {"model": "lags"})}
        assert build(name, {"members": ({"model": "drift"}, nested)}).pooled


@pytest.mark.parametrize("name", sorted(set(MODELS) - POOLED))
def test_a_model_that_is_not_pooled_gives_each_series_what_it_gives_it_alone(name: str) -> None:
    for id in panel().ids:
        alone = panel().only(id)
        alone = dataclasses.replace(alone, values=alone.values.loc[alone.trimmed(id).index[0] :])
        seen = given(name, panel())
        others = [one for one in panel().ids if one != id]
        seen = Panel(seen.kind, seen.values.drop(columns=others))
        found = model(name).fit(alone, seen).predict(alone.last + STEPS, paths=PATHS, seed=1)
        np.testing.assert_allclose(found.of(id), whole(name).of(id), rtol=1e-9)


@pytest.mark.parametrize("name", sorted(POOLED))
def test_a_pooled_model_learns_from_the_others(name: str) -> None:
    other = ahead(name, panel(b=grown(7)))
    assert not np.array_equal(other.of(A), whole(name).of(A))


@pytest.mark.parametrize("estimator", ["ridge", "boosting"])
def test_one_series_is_refused_by_name_and_the_rest_are_as_if_it_were_not_there(estimator: str) -> None:
    held = panel()
    values = held.values.assign(short=np.nan, gone=np.nan)
    values.loc[values.index[-3:], "short"] = [5.0, 6.0, 7.0]
    wider = dataclasses.replace(held, values=values)
    with pytest.raises(Refusal, match="short has 3 observation") as told:
        build("lags").fit(wider)
    assert set(told.value.series) == {"short", "gone"}
    pool = Pool(build("lags", {"estimator": estimator}), wider)
    made = pool.forecast(held.last + 6, paths=40, seed=1)
    rest = build("lags", {"estimator": estimator}).fit(held).predict(held.last + 6, paths=40, seed=1)
    assert made.ids == (A, B, C)
    np.testing.assert_array_equal(made.paths, rest.paths)
    assert pool.refused == {
        "short": "lags: short has 3 observation(s), needs at least 5",
        "gone": "lags: gone has 0 observation(s), needs at least 5",
    }
    assert pool.forecast(held.last + 6, paths=40, seed=1).ids == (A, B, C), "what it was fitted to stays"


def test_a_recipe_of_a_pool_gives_what_it_takes_and_refuses_what_is_wanted_by_name() -> None:
    held = panel()
    values = held.values.assign(short=np.nan)
    values.loc[values.index[-3:], "short"] = [5.0, 6.0, 7.0]
    wider = dataclasses.replace(held, values=values)
    recipe = Recipe.of(wider, "lags", {}, held.last + 6, paths=20, seed=1)
    assert recipe.series == (A, B, C, "short")
    assert recipe.refit(wider).ids == (A, B, C)
    np.testing.assert_array_equal(recipe.refit(wider, wanted=B).paths[0], recipe.refit(wider).of(B))
    with pytest.raises(Refusal, match=r"^lags: short has 3 observation\(s\), needs at least 5$"):
        recipe.refit(wider, wanted="short")


def test_what_breaks_in_the_forecast_of_one_series_is_of_that_series(monkeypatch: pytest.MonkeyPatch) -> None:
    lags = MODELS["lags"]
    paths = lags._paths  # type: ignore[attr-defined]
    monkeypatch.setattr(
        lags, "_paths", lambda self, id, *asked: paths(self, id, *asked) * (np.inf if id == B else 1)
    )
    pool = Pool(build("lags"), panel())
    assert pool.forecast(panel().last + 3, paths=20, seed=1).ids == (A, C)
    assert pool.refused == {B: "lags: b has paths that are not finite numbers"}


def test_what_is_wrong_with_the_whole_pool_is_said_of_all() -> None:
    first = Period.parse("CY2020")
    years = Panel.of({A: {first + i: float(v) for i, v in enumerate((5, 7, 6, 9, 8))}})
    with pytest.raises(Refusal, match="lags: a hold 2 rows with known lags, 4 are needed") as told:
        Pool(build("lags"), years).forecast(first + 6, paths=9, seed=1)
    assert not told.value.series
    both = Panel.of(
        {id: {first + i: float(v) for i, v in enumerate((5, 7, 6, 9, 8 + n))} for n, id in enumerate((A, B))}
    )
    assert Pool(build("lags"), both).forecast(first + 6, paths=9, seed=1).ids == (A, B)


def test_a_combination_keeps_a_pooled_member_for_the_series_it_takes() -> None:
    held = panel()
    values = held.values.assign(short=np.nan)
    values.loc[values.index[-4:], "short"] = [5.0, 6.0, 7.0, 6.5]
    wider = dataclasses.replace(held, values=values)
    middle = build("median", {"members": ({"model": "naive"}, {"model": "lags"})})
    made = middle.fit(wider).predict(held.last + 3, paths=30, seed=1)
    assert middle.explanation["short"]["weights"] == {"naive": 1.0}
    assert middle.explanation["short"]["left_out"] == ["lags: short has 4 observation(s), needs at least 5"]
    rest = build("median", {"members": ({"model": "naive"}, {"model": "lags"})})
    np.testing.assert_array_equal(
        made.only(*held.ids).paths, rest.fit(held).predict(held.last + 3, paths=30, seed=1).paths
    )


def test_a_refused_series_takes_its_plan_along() -> None:
    held = panel()
    values = held.values.assign(short=np.nan)
    plans = pd.DataFrame({id: [1.0] for id in values}, index=[held.last.ordinal + 1])
    pool = Pool(build("lags"), dataclasses.replace(held, values=values), Panel(held.kind, plans))
    pool.fit()
    assert pool.covariates is not None
    assert pool.covariates.ids == [A, B, C]


def test_the_coverage_simulated_for_a_series_alone_is_not_claimed_for_one_in_a_pool() -> None:
    together, alone = build("lags").fit(panel()), build("lags").fit(panel().only(A))
    for fitted in (together, alone):
        fitted.predict(panel().last + 2, paths=9, seed=1)
    assert alone.certificate[A].holds
    assert together.certificate[A].holds is None
    assert "coverage was not simulated" in str(together.certificate[A])
