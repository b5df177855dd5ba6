"""`auto` on arrays: what must hold for any series."""

import numpy as np
import pytest

from forecasting.models.auto import forecast_arrays
from forecasting.models.auto.bands import between


def series(n: int = 60, season: int = 12, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return np.exp(3 + 0.005 * t + 0.2 * np.sin(2 * np.pi * t / season) + 0.05 * rng.standard_normal(n))


def one(y, season=12, horizon=18, **kwargs):
    return forecast_arrays(
        [np.asarray(y, float)], season, horizon, **{"paths": 400, "seed": 1, "keys": ["a"]} | kwargs
    )[0]


@pytest.mark.parametrize("season", [1, 4, 12])
@pytest.mark.parametrize("n", [5, 6, 9, 14, 25, 60, 500])
def test_any_length_gives_finite_ordered_bands(season, n):
    r = one(series(n, max(season, 2)), season)
    low, high = np.quantile(r.paths, [0.025, 0.975], axis=1)
    assert np.isfinite(r.point).all()
    assert np.isfinite(r.paths).all()
    assert (r.paths >= 0).all()
    assert (high > low).all()
    assert abs(sum(r.explanation["weights"].values()) - 1) < 0.01


@pytest.mark.parametrize("factor", [1e-9, 0.01, 1000.0, 1e12])
def test_the_unit_does_not_matter(factor):
    y = series()
    a, b = one(y), one(y * factor)
    np.testing.assert_allclose(b.point, a.point * factor, rtol=1e-6)
    np.testing.assert_allclose(b.paths, a.paths * factor, rtol=1e-6)


def test_neighbours_and_place_do_not_matter_but_key_and_seed_do():
    a, b = series(seed=1), series(80, seed=2)
    alone = forecast_arrays([a], 12, 12, paths=100, seed=3, keys=["x"])[0]
    second = forecast_arrays([b, a], 12, 12, paths=100, seed=3, keys=["y", "x"])[1]
    np.testing.assert_array_equal(alone.point, second.point)
    np.testing.assert_array_equal(alone.paths, second.paths)
    assert not np.array_equal(alone.paths, one(a, horizon=12, paths=100, seed=3, keys=["z"]).paths)
    assert not np.array_equal(alone.paths, one(a, horizon=12, paths=100, seed=4, keys=["x"]).paths)


def test_near_steps_do_not_depend_on_how_far_one_asks():
    y = series()
    np.testing.assert_allclose(one(y, horizon=6).point, one(y, horizon=48).point[:6], rtol=1e-9)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_observations_are_refused_by_name(count):
    y = np.full(20, np.nan)
    y[:count] = np.arange(count) + 1.0
    r = one(y)
    assert r.refusal is not None
    assert r.refusal.startswith("too_short")
    assert np.isnan(r.point).all()


def test_an_infinite_value_is_refused_by_name():
    y = series()
    y[3] = np.inf
    assert one(y).refusal.startswith("not_finite")


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_a_constant_series_stays_constant(value):
    r = one(np.full(30, value))
    assert (r.point == value).all()
    assert (r.paths == value).all()


def test_gaps_are_not_observations():
    y = series(90)
    holes = y.copy()
    holes[[20, 21, 50, 77]] = np.nan
    r = one(holes)
    assert r.explanation["gaps"] == 4
    assert np.max(np.abs(r.point / one(y).point - 1)) < 0.1


@pytest.mark.parametrize("kind", ["zeros", "negative", "intermittent", "huge"])
def test_awkward_values(kind):
    rng = np.random.default_rng(0)
    y = {
        "zeros": np.maximum(rng.normal(1, 1, 60), 0),
        "negative": rng.normal(0, 1, 60).cumsum(),
        "intermittent": rng.poisson(0.2, 60).astype(float),
        "huge": series() * 1e200,
    }[kind]
    r = one(y)
    assert np.isfinite(r.paths).all()
    assert (np.ptp(r.paths, axis=1) > 0).all()
    assert kind == "negative" or (r.paths >= 0).all()


def test_bad_arguments_are_errors():
    with pytest.raises(ValueError, match="at least 1"):
        forecast_arrays([series()], 12, 0, paths=10, seed=0, keys=["a"])
    with pytest.raises(ValueError, match="keys"):
        forecast_arrays([series()], 12, 3, paths=10, seed=0, keys=["a", "b"])


def growing(n: int = 72) -> np.ndarray:
    rng = np.random.default_rng(5)
    return 200 * np.exp(0.03 * np.arange(n) + 0.1 * rng.standard_normal(n))


def test_a_market_turns_growth_into_adoption_below_it():
    y = growing()
    plain, grown = one(y, horizon=48), one(y, horizon=48, upper=[50_000.0])
    assert grown.explanation["weights"]["adoption"] > 0.5
    assert grown.point.sum() > plain.point.sum()
    assert (grown.paths < 50_000).all()
    assert (grown.paths > 0).all()


def test_a_market_changes_nothing_without_growth():
    y = series()
    np.testing.assert_array_equal(one(y).paths, one(y, upper=[1e6]).paths)


def test_adoption_does_not_depend_on_the_unit():
    y = growing()
    a, b = one(y, upper=[5e4]), one(y * 1e3, upper=[5e7])
    np.testing.assert_allclose(b.paths, a.paths * 1e3, rtol=1e-6)


def test_in_a_filled_market_the_band_is_the_learnt_one():
    y = 1000 + 150 * np.sin(np.arange(96)) + 20 * np.arange(96)
    plain, grown = one(y), one(y, upper=[y.max() * 1.5])
    width = [np.log(np.divide(*np.quantile(r.paths[-1], [0.8, 0.2]))) for r in (plain, grown)]
    assert grown.explanation["weights"]["adoption"] < 0.2
    assert width[1] == pytest.approx(width[0], rel=0.35)
    assert np.corrcoef(grown.paths[-1], grown.paths[-2])[0, 1] > 0.5


def test_profiles_run_between_the_lengths_learnt():
    table = np.array([[[1.0, 2.0]], [[3.0, 6.0]]])
    lengths = np.array([8.0, 32.0])
    np.testing.assert_allclose(between(table, lengths, 5), table[0])
    np.testing.assert_allclose(between(table, lengths, 16), [[2.0, 4.0]])
    np.testing.assert_allclose(between(table, lengths, 400), table[1])
    np.testing.assert_allclose(between(table[:1], lengths[:1], 400), table[0])
