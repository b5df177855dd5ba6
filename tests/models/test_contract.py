"""What every model promises, whatever it is: one suite over all of ``MODELS``."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import DataError, PeriodError, Refusal
from forecasting.frames import Forecast, Panel
from forecasting.models import MODELS, Forecaster, build
from forecasting.periods import Kind, Period

PATHS = 50
STEPS = 15
PARAMETERS: dict[str, dict[str, object]] = {
    "median": {"members": ({"model": "naive"}, {"model": "damped_drift"}, {"model": "lags"})},
    "trimmed_mean": {"members": ({"model": "naive"}, {"model": "drift"}, {"model": "seasonal_naive"})},
    "weighted": {"members": ({"model": "naive"}, {"model": "damped_drift"}), "origins": 3},
    "stacked": {"members": ({"model": "naive"}, {"model": "damped_drift"}), "origins": 3},
    "prophet": {"changepoints": 5},
}
OPTIMISERS = {
    "ets", "sarimax", "structural", "prophet", "auto_ets", "auto_arima", "auto_ces", "theta", "optimised_theta",
}  # fmt: skip

everywhere = pytest.mark.parametrize("name", sorted(MODELS))


def model(name: str) -> Forecaster:
    return build(name, PARAMETERS.get(name))


def months(values: np.ndarray, first: str = "2021-01") -> dict[Period, float]:
    start = Period.parse(first)
    return {start + i: float(value) for i, value in enumerate(values) if np.isfinite(value)}


def years(values: list[float]) -> dict[Period, float]:
    return {Period(Kind.FY, 2025 - len(values) + 1 + i): value for i, value in enumerate(values)}


def grown(seed: int, count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(seed)
    season = 0.2 * np.sin(np.arange(count) / 6 * np.pi)
    return np.exp(5 + 0.01 * np.arange(count) + season + np.cumsum(0.05 * rng.standard_normal(count)))


def plan(panel: Panel, level: float = 500.0) -> Panel:
    """What ramps need, two points of it known; its gaps keep other models from taking it for a regressor."""
    index = pd.RangeIndex(panel.last.ordinal + 1, panel.last.ordinal + 1 + STEPS)
    values = np.full(STEPS, np.nan)
    values[[4, STEPS - 1]] = [level, 2 * level]
    return Panel(panel.kind, pd.DataFrame(dict.fromkeys(panel.ids, values), index=index))


def given(name: str, panel: Panel, level: float = 500.0) -> Panel:
    """The covariates a model needs: a plan, and for driver models a driver known to the horizon."""
    plans = plan(panel, level)
    if name != "driver" or not len(panel.values):
        return plans
    span = pd.RangeIndex(panel.first.ordinal, panel.last.ordinal + 1 + STEPS)
    t = np.arange(len(span))
    driver = pd.DataFrame({"traffic": 100 * np.exp(0.02 * t + 0.1 * np.sin(t))}, index=span)
    return Panel(panel.kind, plans.values.reindex(span).join(driver))


def ahead(name: str, panel: Panel, seed: int = 1, level: float = 500.0, steps: int = STEPS) -> Forecast:
    return (
        model(name).fit(panel, given(name, panel, level)).predict(panel.last + steps, paths=PATHS, seed=seed)
    )


@pytest.fixture(scope="session")
def panel() -> Panel:
    units = {"b.two": "vehicles", "a.one": "vehicles"}
    return Panel.of({"b.two": months(grown(1)), "a.one": months(grown(2))}, units)


@functools.cache
def _usual(name: str) -> Forecast:
    return ahead(name, Panel.of({"b.two": months(grown(1)), "a.one": months(grown(2))}))


@everywhere
def test_paths_have_shape_sign_name_and_unit(name: str, panel: Panel) -> None:
    forecast = ahead(name, panel)
    assert forecast.paths.shape == (2, STEPS, PATHS)
    assert forecast.first == panel.last + 1
    assert np.isfinite(forecast.paths).all()
    assert (forecast.paths >= 0).all()
    assert forecast.models == {"b.two": name, "a.one": name}
    assert forecast.units == panel.units
    assert MODELS[name].name == name


@everywhere
def test_same_seed_same_paths_and_other_seed_other_paths(name: str, panel: Panel) -> None:
    np.testing.assert_array_equal(ahead(name, panel).paths, _usual(name).paths)
    assert not np.array_equal(ahead(name, panel, seed=2).paths, _usual(name).paths)


@everywhere
def test_numpys_global_generator_is_left_alone(name: str, panel: Panel) -> None:
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    ahead(name, panel)
    np.testing.assert_array_equal(np.random.random(3), expected)


@everywhere
def test_the_order_of_series_is_irrelevant(name: str, panel: Panel) -> None:
    turned = ahead(name, panel.only("a.one", "b.two"))
    for id in panel.ids:
        np.testing.assert_allclose(turned.of(id), _usual(name).of(id), rtol=1e-9)


@everywhere
def test_a_thousand_times_the_data_is_a_thousand_times_the_forecast(name: str, panel: Panel) -> None:
    thousandfold = ahead(name, dataclasses.replace(panel, values=panel.values * 1000), level=500_000.0)
    rtol = 1e-3 if name in OPTIMISERS else 1e-6
    np.testing.assert_allclose(thousandfold.paths, _usual(name).paths * 1000, rtol=rtol)


@everywhere
def test_nothing_is_learnt_from_after_the_cut(name: str, panel: Panel) -> None:
    cut = panel.last + -6
    changed = panel.values.copy()
    changed.loc[cut.ordinal + 1 :] *= 77.0
    one = ahead(name, panel.until(cut))
    other = ahead(name, dataclasses.replace(panel, values=changed).until(cut))
    np.testing.assert_array_equal(one.paths, other.paths)


@everywhere
def test_every_path_stays_below_its_ceiling(name: str, panel: Panel) -> None:
    index = pd.RangeIndex(panel.first.ordinal, panel.last.ordinal + STEPS + 1)
    market = np.linspace(1.3, 1.0, len(index)) * float(panel.values.max().max()) * 1.2
    ceilings = pd.DataFrame(dict.fromkeys(panel.ids, market), index=index)
    forecast = ahead(name, dataclasses.replace(panel, ceilings=ceilings))
    assert (forecast.paths <= market[-STEPS:, None] * (1 + 1e-12)).all()
    with pytest.raises(DataError, match="ceiling"):
        ahead(name, dataclasses.replace(panel, ceilings=ceilings.iloc[:-1]))


ODD: dict[str, dict[Period, float]] = {
    "constant": months(np.full(40, 7.0)),
    "zero": months(np.zeros(40)),
    "tiny": months(grown(3) * 1e-11),
    "huge": months(grown(4) * 1e10),
    "intermittent": months(np.where(np.arange(40) % 3 == 0, grown(5), 0.0)),
    "gapped": months(np.where(np.isin(np.arange(40), [3, 4, 11, 30, 31, 32]), np.nan, grown(6))),
    "mostly gaps": months(np.where(np.arange(40) % 4 == 0, grown(7), np.nan)),
    "mixed signs": months(np.random.default_rng(8).standard_normal(40) * 50),
    "one point": years([100.0]),
    "two points": years([100.0, 130.0]),
    "three points": years([100.0, 130.0, 120.0]),
    "four points": years([100.0, 130.0, 120.0, 150.0]),
    "seven years": years([3.0, 5.0, 20.0, 60.0, 70.0, 110.0, 100.0]),
    "seven falling years": years([900.0, 500.0, 300.0, 100.0, 40.0, 0.0, 0.0]),
    "a jump": months(np.concatenate([grown(9, 20), 1e4 * grown(9, 20)])),
}


@everywhere
@pytest.mark.parametrize("odd", sorted(ODD))
def test_odd_series_get_an_answer_or_a_refusal_by_name(name: str, odd: str) -> None:
    series = ODD[odd]
    try:
        forecast = ahead(name, Panel.of({"odd": series}), steps=5)
    except Refusal as refusal:
        words = refusal.message
    else:
        words = ""
    if words:
        assert words.startswith(f"{name}: ")
        assert "odd" in words
        return
    assert np.isfinite(forecast.paths).all()
    if min(series.values()) >= 0:
        assert (forecast.paths >= 0).all()


@everywhere
def test_series_may_end_at_different_times(name: str) -> None:
    values = grown(10)
    ragged = Panel.of({"long": months(values), "short": months(values[:-4])})
    forecast = ahead(name, ragged, steps=6)
    alone = Panel.of({"short": months(values[:-4])})
    assert forecast.paths.shape == (2, 6, PATHS)
    if name not in {"driver", "lags", "median", "ramp", "stacked", "trimmed_mean", "weighted"}:
        longer = ahead(name, alone, steps=10)
        np.testing.assert_allclose(forecast.of("short").mean(), longer.of("short")[4:].mean(), rtol=0.5)


@everywhere
def test_misuse_is_an_error_that_says_so(name: str, panel: Panel) -> None:
    with pytest.raises(DataError, match=f"{name}: predict before fit"):
        model(name).predict(panel.last + 1, seed=1)
    with pytest.raises(PeriodError, match="is not after"):
        model(name).fit(panel, given(name, panel)).predict(panel.last, seed=1)
    with pytest.raises(Refusal, match=f"^{name}: "):
        model(name).fit(Panel(Kind.MONTH, pd.DataFrame(index=pd.RangeIndex(3))))
    infinite = panel.values.copy()
    infinite.iloc[5, 0] = np.inf
    with pytest.raises(Refusal, match="infinite"):
        model(name).fit(dataclasses.replace(panel, values=infinite), given(name, panel))


@everywhere
def test_every_band_has_a_certificate_and_every_forecast_an_explanation(name: str, panel: Panel) -> None:
    fitted = model(name).fit(panel, given(name, panel))
    assert fitted.certificate == fitted.explanation == {}
    forecast = fitted.predict(panel.last + STEPS, paths=PATHS, seed=1)
    assert set(fitted.certificate) == set(fitted.explanation) == set(panel.ids)
    for id in panel.ids:
        one = fitted.certificate[id]
        assert one.method
        assert one.observations <= 40
        assert str(one.calibration_points) in str(one)
        told = fitted.explanation[id]
        json.dumps(told)
        if "parts" in told:
            total = np.sum(list(told["parts"].values()), axis=0)
            assert total.shape == (STEPS,)
            if told["scale"] == "log" and name != "driver":
                middle = np.log(np.median(forecast.of(id), axis=1))
                width = np.log(np.quantile(forecast.of(id), 0.9, axis=1)) - middle
                assert (np.abs(total - middle) < 0.6 * width + 0.02).all()


@everywhere
def test_parameters_are_what_it_is_built_from(name: str) -> None:
    assert build(name, model(name).parameters) == model(name)


def test_importing_the_models_imports_nothing_heavy() -> None:
    heavy = ("statsmodels", "prophet", "sklearn", "scipy", "statsforecast", "mlflow")
    code = f"import sys, forecasting.models; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
