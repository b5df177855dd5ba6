from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.errors import ConfigError, DataError, Refusal
from forecasting.frames import Forecast, Panel
from forecasting.models import build
from forecasting.models.combination import Median, TrimmedMean
from forecasting.models.paths import levels, schaake
from forecasting.models.recipe import Recipe
from forecasting.periods import Kind, Period

END = Period.parse("FY2028")


def yearly(count: int, seed: int = 1) -> dict[Period, float]:
    values = np.exp(np.cumsum(np.random.default_rng(seed).standard_normal(count)) / 10 + 4)
    return {Period(Kind.FY, 2026 - count + i): float(v) for i, v in enumerate(values)}


PANEL = Panel.of({"long": yearly(12), "short": yearly(4, 2)})


def test_quantiles_are_the_medians_of_the_members_quantiles() -> None:
    names = ("naive", "drift", "damped_drift")
    middle = (
        Median(members=tuple({"model": name} for name in names)).fit(PANEL).predict(END, paths=60, seed=4)
    )
    members = [np.sort(build(name).fit(PANEL).predict(END, paths=60, seed=4).paths, axis=2) for name in names]
    np.testing.assert_allclose(np.sort(middle.paths, axis=2), np.median(members, axis=0))


def test_a_member_that_refuses_is_left_out_and_named() -> None:
    model = Median(members=({"model": "naive"}, {"model": "scurve"}))
    forecast = model.fit(PANEL).predict(END, paths=30, seed=4)
    told = model.explanation["short"]
    assert told["weights"] == {"naive": 1.0}
    assert told["left_out"] == ["scurve: short has 4 observation(s), needs at least 5"]
    assert model.explanation["long"]["left_out"] == []
    alone = build("naive").fit(PANEL).predict(END, paths=30, seed=4)
    np.testing.assert_allclose(np.sort(forecast.of("short")), np.sort(alone.of("short")))


def test_when_all_refuse_so_does_the_combination() -> None:
    with pytest.raises(Refusal, match=r"^median: every member refused short: scurve: short"):
        Median(members=({"model": "scurve"},)).fit(PANEL)
    with pytest.raises(ConfigError, match="no key 'model'"):
        Median(members=({"modle": "naive"},)).fit(PANEL)
    with pytest.raises(ConfigError, match="did you mean 'naive'"):
        Median(members=({"model": "naiv"},)).fit(PANEL)


def test_the_trimmed_mean_leaves_the_ends_out() -> None:
    stack = np.array([1.0, 2, 3, 4, 1000])[:, None, None]
    assert TrimmedMean(trim=0.2)._middle(stack, stack).item() == 3.0
    assert TrimmedMean(trim=0.0)._middle(stack, stack).item() == 202.0
    assert TrimmedMean(trim=0.5)._middle(stack[:2], stack).item() == 1.5


@settings(max_examples=30)
@given(
    paths=arrays(float, (2, 3, 20), elements=st.floats(0, 1e9)),
    template=arrays(float, (6, 2), elements=st.floats(-5, 5)),
    seed=st.integers(0, 2**31),
)
def test_a_shuffle_moves_whole_paths_and_changes_no_quantile(paths, template, seed) -> None:  # type: ignore[no-untyped-def]
    before = Forecast(("a", "b"), END, paths, {})
    after = schaake(before, template, seed)
    for id in before.ids:
        assert sorted(map(tuple, before.of(id).T)) == sorted(map(tuple, after.of(id).T))
    np.testing.assert_array_equal(after.paths, schaake(before, template, seed).paths)


def test_a_shuffle_gives_the_dependence_of_the_template() -> None:
    rng = np.random.default_rng(1)
    apart = Forecast(("a", "b", "c"), END, rng.lognormal(size=(3, 5, 2000)), {})
    error = rng.standard_normal(40)
    joint = schaake(apart, np.column_stack([error, error, -error]), seed=2)
    a, b, c = (levels(joint.of(id)) for id in "abc")
    assert np.corrcoef(a, b)[0, 1] > 0.95
    assert np.corrcoef(a, c)[0, 1] < -0.95
    with pytest.raises(DataError, match="at least 3"):
        schaake(apart, np.full((9, 3), np.nan), seed=2)
    with pytest.raises(DataError, match="expected"):
        schaake(apart, np.zeros((9, 2)), seed=2)


def test_a_recipe_makes_the_forecast_again() -> None:
    parameters = {"members": [{"model": "naive"}, {"model": "drift", "window": 5}]}
    recipe = Recipe.of(PANEL, "median", parameters, END, paths=25, seed=9, as_of="2026-04-01")
    again = Recipe.from_json(recipe.to_json())
    assert again.digest == recipe.digest
    direct = build("median", parameters).fit(PANEL).predict(END, paths=25, seed=9)
    np.testing.assert_array_equal(again.refit(PANEL).paths, direct.paths)
    with pytest.raises(DataError, match="the panel changed"):
        again.refit(PANEL.until(Period.parse("FY2024")))
    with pytest.raises(DataError, match="the covariates changed"):
        again.refit(PANEL, PANEL)
    with pytest.raises(DataError, match="does not hold: short"):
        again.refit(PANEL.only("long"))
    with pytest.raises(DataError, match="not a recipe"):
        Recipe.from_json('{"model": "naive"}')
