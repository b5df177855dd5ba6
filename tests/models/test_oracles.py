"""Models against closed forms, against their libraries and against arithmetic done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ConfigError, DataError, Refusal
from forecasting.frames import Panel
from forecasting.models import build
from forecasting.models.draws import blocks, spread
from forecasting.models.ets import ETS
from forecasting.models.naive import DampedDrift, Drift, Naive, SeasonalNaive
from forecasting.models.ramp import TargetRamp
from forecasting.models.sarimax import SARIMAX
from forecasting.models.scurve import SCurve
from forecasting.models.structural import UnobservedComponents
from forecasting.periods import Kind, Period

FY = Period.parse


def yearly(values: list[float]) -> Panel:
    return Panel.of({"a": {Period(Kind.FY, 2025 - len(values) + 1 + i): v for i, v in enumerate(values)}})


def monthly(values: np.ndarray, first: str = "2019-04") -> Panel:
    start = Period.parse(first)
    return Panel.of({"a": {start + i: float(v) for i, v in enumerate(values) if np.isfinite(v)}})


def test_drift_is_the_line_through_the_first_and_the_last() -> None:
    values = [10.0, 14.0, 13.0, 20.0, 22.0, 21.0, 30.0]
    forecast = Drift(link="none").fit(yearly(values)).predict(FY("FY2029"), paths=40_000, seed=3)
    line = 30.0 + np.arange(1, 5) * (30.0 - 10.0) / 6
    np.testing.assert_allclose(forecast.of("a").mean(axis=1), line, atol=0.25)


def test_drifts_error_grows_faster_than_a_random_walks() -> None:
    values = np.cumsum(np.random.default_rng(1).standard_normal(30)).tolist()
    spreads = [
        one.fit(yearly(values)).predict(FY("FY2045"), paths=4000, seed=3).of("a").std(axis=1)
        for one in (Naive(link="none"), Drift(link="none"))
    ]
    assert spreads[1][-1] / spreads[1][0] > 1.1 * spreads[0][-1] / spreads[0][0]
    assert spreads[0][-1] / spreads[0][0] == pytest.approx(np.sqrt(20), rel=0.1)


def test_damped_drift_adds_a_geometric_series() -> None:
    values = [100.0 * 1.2**i for i in range(10)]
    forecast = DampedDrift(damping=0.5).fit(yearly(values)).predict(FY("FY2028"), paths=10, seed=1)
    growth = np.cumsum([0.5, 0.25, 0.125])
    np.testing.assert_allclose(forecast.of("a")[:, 0], values[-1] * 1.2**growth, rtol=1e-6)


def test_a_gap_counts_as_several_steps() -> None:
    whole = yearly([float(2**i) for i in range(9)])
    holes = whole.values.copy()
    holes.iloc[[2, 3, 6]] = np.nan
    gapped = Panel(whole.kind, holes)
    np.testing.assert_allclose(
        Drift().fit(gapped).predict(FY("FY2027"), paths=5, seed=1).paths,
        Drift().fit(whole).predict(FY("FY2027"), paths=5, seed=1).paths,
        rtol=1e-9,
    )


def test_seasonal_naive_repeats_the_last_year() -> None:
    year = np.array([5.0, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27])
    forecast = (
        SeasonalNaive().fit(monthly(np.tile(year, 4))).predict(Period.parse("2024-09"), paths=7, seed=1)
    )
    np.testing.assert_allclose(forecast.of("a")[:, 3], np.resize(year, 18), rtol=1e-9)
    noisy = np.tile(year, 4) + np.random.default_rng(1).standard_normal(48)
    centred = (
        SeasonalNaive(link="none").fit(monthly(noisy)).predict(Period.parse("2024-03"), paths=20_000, seed=1)
    )
    np.testing.assert_allclose(centred.of("a").mean(axis=1), noisy[-12:], atol=0.1)


def wavy(count: int = 60) -> np.ndarray:
    rng = np.random.default_rng(11)
    t = np.arange(count)
    return 50 + 0.4 * t + 5 * np.sin(t / 6 * np.pi) + rng.standard_normal(count)


def test_ets_gives_the_forecast_of_statsmodels() -> None:
    from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

    y = wavy(30)
    panel = yearly(y.tolist())
    ours = ETS(link="none", smoothness=0.25).fit(panel).predict(FY("FY2030"), paths=8000, seed=1).of("a")
    theirs = ExponentialSmoothing(
        y, trend=True, damped_trend=True, bounds=[(1e-4, 0.9999)] * 3 + [(0.729, 0.9)]
    )
    expected = theirs.fit(disp=0, maxiter=500).forecast(5)
    np.testing.assert_allclose(ours.mean(axis=1), expected, atol=1.5)


def test_paths_have_the_moments_of_the_kalman_filter() -> None:
    import statsmodels.api as sm

    from forecasting.models.base import Sample
    from forecasting.models.statespace import fit, simulate

    y = wavy()
    sample = Sample("a", y, Period.parse("2019-04"), 12)
    kept = {}

    def prepare(z: np.ndarray) -> object:
        kept["model"] = sm.tsa.SARIMAX(z, order=(0, 1, 1), seasonal_order=(0, 1, 1, 12))
        return kept["model"], kept["model"].fit

    fitted = fit("test", sample, prepare, 50)
    best = fitted.__class__(fitted.standard, fitted.systems[:1], fitted.slopes[:1], 1e9, 1.0)
    drawn = simulate(best, 20, 20_000, np.random.default_rng(1))
    expected = kept["model"].fit(disp=0, maxiter=50).get_forecast(20)
    np.testing.assert_allclose(drawn.mean(axis=1), fitted.standard.back(expected.predicted_mean), atol=0.15)
    np.testing.assert_allclose(drawn.std(axis=1), expected.se_mean * fitted.standard.size, rtol=0.03)


@pytest.mark.parametrize("model", [SARIMAX(), UnobservedComponents(), build("prophet", {"changepoints": 3})])
def test_an_event_moves_the_forecast_by_its_effect(model: SARIMAX) -> None:
    months = pd.RangeIndex(24200, 24200 + 84)
    on = ((months >= 24224) & (months < 24236)) | (months >= 24266)
    noise = 0.02 * np.random.default_rng(2).standard_normal(60)
    y = np.exp(3 + 0.7 * on[:60] + noise)
    panel = Panel(Kind.MONTH, pd.DataFrame({"a": y}, index=months[:60]))
    events = Panel(Kind.MONTH, pd.DataFrame({"event.ban": on * 1.0, "event.never": 0.0}, index=months))
    ahead = np.median(
        model.fit(panel, events).predict(Period(Kind.MONTH, months[-1]), paths=200, seed=1).of("a"), axis=1
    )
    assert np.log(ahead[8:].mean() / ahead[:5].mean()) == pytest.approx(0.7, abs=0.15)
    short = Panel(Kind.MONTH, events.values.iloc[:70])
    with pytest.raises(DataError, match=r"event\.ban end before"):
        model.fit(panel, short).predict(Period(Kind.MONTH, months[-1]), paths=5, seed=1)


@pytest.mark.parametrize("curve", ["logistic", "gompertz", "bass"])
def test_a_curve_finds_itself(curve: str) -> None:
    t = np.arange(-8.0, 10)
    truth = {
        "logistic": 1 / (1 + np.exp(-0.5 * t)),
        "gompertz": np.exp(-np.exp(-0.4 * t)),
        "bass": (1 - np.exp(-0.5 * (t + 9))) / (1 + 40 * np.exp(-0.5 * (t + 9))),
    }[curve]
    panel = yearly((100 * truth[:13]).tolist())
    ceilings = pd.DataFrame({"a": 100.0}, index=pd.RangeIndex(2013, 2031))
    panel = Panel(panel.kind, panel.values, ceilings=ceilings)
    known = SCurve(curve=curve, ceiling_low=0.98, ceiling_central=0.99, ceiling_high=1.0)
    ahead = known.fit(panel).predict(FY("FY2030"), paths=400, seed=1).of("a")
    np.testing.assert_allclose(np.median(ahead, axis=1), 100 * truth[13:], rtol=0.06)


def plan(values: dict[str, float]) -> Panel:
    return Panel.of({"a": {FY(label): value for label, value in values.items()}})


def test_a_ramp_on_time_and_in_full_is_the_plan() -> None:
    sure = TargetRamp(
        delay_high=0,
        delay_central=0,
        achieved_mean=1 - 1e-9,
        achieved_weight=1e6,
        level_uncertainty=0,
        wobble=0,
    )
    steps = {"FY2027": 200.0, "FY2029": 600.0}
    ahead = sure.fit(yearly([100.0]), plan(steps)).predict(FY("FY2031"), paths=3, seed=1).of("a")
    np.testing.assert_allclose(ahead[:, 0], [150, 200, 400, 600, 600, 600], rtol=1e-4)


def test_a_ramp_never_passes_its_plan_by_more_than_its_wobble() -> None:
    ahead = (
        TargetRamp(wobble=0.0)
        .fit(yearly([100.0]), plan({"FY2030": 500.0}))
        .predict(FY("FY2033"), paths=500, seed=1)
    )
    assert ahead.of("a").max() <= 500
    assert np.median(ahead.of("a")[4]) < 400
    with pytest.raises(Refusal, match="ramp: a has no plan"):
        TargetRamp().fit(yearly([100.0]))
    with pytest.raises(Refusal, match="no plan after FY2025"):
        TargetRamp().fit(yearly([100.0]), plan({"FY2024": 1.0}))


def test_blocks_have_no_mean_and_the_spread_of_student() -> None:
    rng = np.random.default_rng(1)
    steps, weights = rng.standard_normal(40) + 3, np.full(40, 1 / 40)
    assert abs(blocks(steps, 12, weights, 24, 20_000, rng).mean()) < 0.02
    assert abs(blocks(steps, 12, weights, 24, 20_000, rng, signed=True).mean()) < 0.1
    assert np.mean(spread(9, 100_000, rng) ** 2) == pytest.approx(9 / 7, rel=0.02)


def test_a_wrong_value_is_told_with_every_other_fault() -> None:
    with pytest.raises(ConfigError) as caught:
        build("lags", {"estimator": "forest", "lagz": 1})
    assert len(caught.value.faults) == 2
    with pytest.raises(ConfigError, match="'logg'"):
        Naive(link="logg").fit(yearly([1.0, 2.0, 3.0]))
