"""The newer families against what they were made from: libraries, known laws, declared ranges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ConfigError, DataError, Refusal
from forecasting.frames import Forecast, Panel
from forecasting.models import build
from forecasting.models.bass import GeneralisedBass
from forecasting.models.ceiling import CeilingPrior, part
from forecasting.models.driver import DriverRegression
from forecasting.models.scurve import SCurve
from forecasting.models.weighted import Stacked, Weighted, _onto_simplex
from forecasting.periods import Kind, Period

FIRST = Period.parse("2018-01")


def monthly(**columns: np.ndarray) -> Panel:
    count = max(len(values) for values in columns.values())
    index = pd.RangeIndex(FIRST.ordinal, FIRST.ordinal + count)
    padded = {name: np.pad(v, (0, count - len(v)), constant_values=np.nan) for name, v in columns.items()}
    return Panel(Kind.MONTH, pd.DataFrame(padded, index=index))


def wavy(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(count)
    return np.exp(4 + 0.01 * t + 0.2 * np.sin(t * np.pi / 6) + 0.05 * rng.standard_normal(count))


@pytest.mark.parametrize(
    ("name", "theirs", "options"),
    [
        ("auto_ets", "AutoETS", {}),
        ("auto_ces", "AutoCES", {}),
        ("theta", "Theta", {"decomposition_type": "additive"}),
        ("optimised_theta", "DynamicOptimizedTheta", {"decomposition_type": "additive"}),
    ],
)
def test_the_middle_is_the_librarys_forecast(name: str, theirs: str, options: dict[str, str]) -> None:
    import statsforecast.models as library

    y = wavy(60)
    model = build(name, {"link": "none"}).fit(monthly(a=y))
    ahead = model.predict(FIRST + 65, paths=2000, seed=1).of("a")
    size = np.sqrt(np.mean(np.diff(y) ** 2))
    expected = getattr(library, theirs)(season_length=12, **options).forecast((y - y[-1]) / size, 6)["mean"]
    np.testing.assert_allclose(np.median(ahead, axis=1), expected * size + y[-1], atol=0.02 * ahead.std())
    assert model.certificate["a"].calibration_points == 6
    with pytest.raises(Refusal, match=rf"{name}: a has 1 gap\(s\)"):
        build(name).fit(monthly(a=np.where(np.arange(60) == 30, np.nan, y)))


def test_automatic_arima_finds_a_drift() -> None:
    y = np.exp(1 + 0.05 * np.arange(40) + 0.01 * np.random.default_rng(3).standard_normal(40))
    panel = Panel.of({"a": {Period(Kind.FY, 1980 + i): float(v) for i, v in enumerate(y)}})
    ahead = (
        build("auto_arima", {"history": None}).fit(panel).predict(Period(Kind.FY, 2024), paths=500, seed=1)
    )
    np.testing.assert_allclose(
        np.median(ahead.of("a"), axis=1), np.exp(1 + 0.05 * np.arange(40, 45)), rtol=0.05
    )


def imports(traffic: np.ndarray, elasticity: float, count: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    noise = np.zeros(count)
    for t in range(1, count):
        noise[t] = 0.5 * noise[t - 1] + 0.03 * rng.standard_normal()
    return np.exp(1 + elasticity * np.log(traffic[:count]) + noise)


def test_a_driver_model_finds_the_elasticity_and_carries_the_drivers_paths() -> None:
    traffic = np.exp(3 + 0.02 * np.arange(84) + 0.3 * np.sin(np.arange(84) / 5))
    panel = monthly(a=imports(traffic, 1.4, 60))
    model = DriverRegression().fit(panel, monthly(ev=traffic))
    known = model.predict(FIRST + 83, paths=1000, seed=1).of("a")
    assert model.explanation["a"]["weights"]["ev"] == pytest.approx(1.4, abs=0.1)
    np.testing.assert_allclose(np.median(known, axis=1), np.exp(1 + 1.4 * np.log(traffic[60:])), rtol=0.1)

    rng = np.random.default_rng(5)
    worlds = traffic[60:, None] * np.exp(0.3 * rng.standard_normal(1000))
    given = Forecast(("ev",), FIRST + 60, worlds[None], {"ev": "vehicles"})
    open_ = DriverRegression().fit(panel, monthly(ev=traffic[:60])).given(given)
    carried = open_.predict(FIRST + 83, paths=1000, seed=1).of("a")
    assert np.log(carried[-1]).std() > 3 * np.log(known[-1]).std()
    assert np.corrcoef(np.log(carried[-1]), np.log(worlds[-1]))[0, 1] > 0.9
    assert (
        open_.explanation["a"]["drivers_part_of_band"] > 0.8 > model.explanation["a"]["drivers_part_of_band"]
    )
    with pytest.raises(DataError, match="cannot be aligned"):
        open_.predict(FIRST + 83, paths=10, seed=1)
    with pytest.raises(DataError, match="neither known nor given"):
        open_.predict(FIRST + 90, paths=1000, seed=1)


def test_a_driver_without_paths_is_forecast_by_a_named_model() -> None:
    traffic = np.exp(3 + 0.02 * np.arange(60) + 0.1 * np.random.default_rng(6).standard_normal(60))
    panel, covariates = (
        monthly(a=imports(traffic, 1.0, 60)),
        monthly(ev=traffic, **{"event.ban": np.ones(60)}),
    )
    calm, wild = (
        build("driver", {"driver_model": {"model": name}}).fit(panel, covariates)
        for name in ("theta", "drift")
    )
    paths = [one.predict(FIRST + 83, paths=300, seed=1).of("a") for one in (calm, wild)]
    assert all(0 < one.explanation["a"]["drivers_part_of_band"] < 1 for one in (calm, wild))
    assert not np.allclose(*paths)
    told = dict.fromkeys(("event.ban", "break.step", "calendar.days", "a"), np.linspace(0.0, 1.0, 60))
    with pytest.raises(Refusal, match="driver: a has no driver any"):
        DriverRegression().fit(panel, monthly(**told))
    with pytest.raises(Refusal, match="driver: a has no driver any"):
        DriverRegression().fit(panel)
    with pytest.raises(Refusal, match="driver: a has no driver wind"):
        DriverRegression(drivers=("wind",)).fit(panel, covariates)
    with pytest.raises(Refusal, match="too little history"):
        DriverRegression().fit(panel, monthly(ev=np.full(60, 3.0)))


def bounded(values: np.ndarray, ahead: int, bound: float = 100.0) -> Panel:
    panel = monthly(a=values)
    index = pd.RangeIndex(FIRST.ordinal, FIRST.ordinal + len(values) + ahead)
    return Panel(panel.kind, panel.values, ceilings=pd.DataFrame({"a": bound}, index=index))


@pytest.mark.parametrize("curve", ["bass", "logistic"])
def test_generalised_bass_finds_the_effect_of_an_event(curve: str) -> None:
    t = np.arange(120) / 12
    on = ((t >= 3) & (t < 4.5)) * 1.0
    speed, extra = 0.6, 0.5
    line = -4 + speed * t + extra * np.cumsum(on) / 12
    grown = np.exp(-np.maximum(line + 4, 0))
    share = {"logistic": 1 / (1 + np.exp(-line)), "bass": (1 - grown) / (1 + 30 * grown)}[curve]
    y = 100 * share[1:97] * np.exp(0.02 * np.random.default_rng(2).standard_normal(96))
    events = monthly(**{"event.subsidy": on[1:]})
    model = GeneralisedBass(
        curve=curve, ceiling_low=0.98, ceiling_central=0.99, ceiling_high=1.0, half_life=20.0
    ).fit(bounded(y, 23), events)
    ahead = model.predict(FIRST + 118, paths=400, seed=1).of("a")
    told = model.explanation["a"]
    assert told["events"]["event.subsidy"] == pytest.approx(extra, abs=0.2)
    assert told["speed"] == pytest.approx(speed, abs=0.1)
    np.testing.assert_allclose(np.median(ahead, axis=1), 100 * share[97:120], rtol=0.1)
    short = monthly(**{"event.subsidy": on[1:98]})
    with pytest.raises(DataError, match=r"event\.subsidy end before"):
        model.fit(bounded(y, 23), short).predict(FIRST + 118, paths=5, seed=1)


def test_without_events_generalised_bass_is_the_bass_curve() -> None:
    y = 100 / (1 + np.exp(-(np.arange(48) - 40) / 8))
    panel = bounded(y, 24)
    one, other = GeneralisedBass(), SCurve(curve="bass")
    paths = [m.fit(panel).predict(FIRST + 71, paths=50, seed=1) for m in (one, other)]
    assert one.explanation["a"]["events"] == {}
    assert np.median(paths[0].of("a")[-1]) == pytest.approx(np.median(paths[1].of("a")[-1]), rel=0.2)


def test_the_ceilings_part_of_the_band_is_its_part() -> None:
    y = 100 / (1 + np.exp(-(np.arange(60) - 60) / 8))
    y = y * np.exp(0.05 * np.random.default_rng(1).standard_normal(60))
    model = SCurve(ceiling_low=0.9, ceiling_central=2.0, ceiling_high=6.0).fit(bounded(y, 60))
    parts = []
    for steps in (1, 60):
        model.predict(FIRST + 59 + steps, paths=2000, seed=1)
        parts.append(model.explanation["a"]["ceiling"]["part_of_band"])
    assert parts[0] < 0.3 < 0.9 < parts[1]
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 20_000))
    assert part(a, np.exp(a + 2 * b)) == pytest.approx(0.2, abs=0.02)
    assert part(a, np.exp(b)) == pytest.approx(0.0, abs=0.01)


def test_a_ceilings_range_is_checked_and_cut_at_what_was_reached() -> None:
    prior = CeilingPrior(0.2, 0.5, 1.0)
    drawn = prior.draw(200_000, np.random.default_rng(1))
    np.testing.assert_allclose(prior.middles(4), np.quantile(drawn, [0.125, 0.375, 0.625, 0.875]), atol=0.005)
    with pytest.raises(Refusal, match=r"scurve: a has reached 0\.97"):
        prior.left(0.97, "scurve", "a")
    with pytest.raises(ConfigError, match="low ≤ central ≤ high"):
        CeilingPrior(0.5, 0.2, 1.0)


def test_logistic_prophet_saturates_below_ceilings_it_draws() -> None:
    y = 100 / (1 + np.exp(-(np.arange(60) - 55) / 8))
    known = {"growth": "logistic", "ceiling_low": 0.98, "ceiling_central": 0.99, "ceiling_high": 1.0}
    model = build("prophet", {**known, "damping": 1.0, "changepoints": 4}).fit(bounded(y, 36))
    ahead = np.median(model.predict(FIRST + 95, paths=200, seed=1).of("a"), axis=1)
    assert ahead[-1] == pytest.approx(100 / (1 + np.exp(-(95 - 55) / 8)), rel=0.1)
    open_ = build("prophet", {"growth": "logistic", "changepoints": 4}).fit(monthly(a=y))
    paths = open_.predict(FIRST + 95, paths=250, seed=1).of("a")
    assert paths.max() < 12 * y[-12:].mean()
    told = open_.explanation["a"]["ceiling"]
    assert told["part_of_band"] > 0.05
    assert told["of"] == "the last year"
    assert "declared range" in open_.certificate["a"].method
    with pytest.raises(Refusal, match="prophet: a has negative values"):
        build("prophet", {"growth": "logistic"}).fit(monthly(a=y - 50))


def trending(count: int = 30) -> Panel:
    rng = np.random.default_rng(8)
    y = np.exp(0.1 * np.arange(count) + 0.02 * rng.standard_normal(count))
    return Panel.of({"a": {Period(Kind.FY, 1995 + i): float(v) for i, v in enumerate(y)}})


MEMBERS = ({"model": "naive"}, {"model": "drift"}, {"model": "drift", "window": 2.0})


@pytest.mark.parametrize("model", [Weighted, Stacked])
def test_learnt_weights_favour_the_better_and_shrink_to_equal(model: type[Weighted]) -> None:
    found = {}
    for shrinkage in (0.01, 4.0, 1e6):
        one = model(members=MEMBERS, shrinkage=shrinkage, years=2.0).fit(trending())
        one.predict(Period(Kind.FY, 2027), paths=20, seed=1)
        found[shrinkage] = one.explanation["a"]["weights"]
        assert sum(found[shrinkage].values()) == pytest.approx(1.0, abs=1e-3)
    assert list(found[4.0]) == ["naive", "drift", "drift 2"]
    assert found[0.01]["naive"] < found[4.0]["naive"] < found[1e6]["naive"]
    assert found[1e6]["naive"] == pytest.approx(1 / 3, abs=0.01)
    assert found[0.01]["naive"] < 0.05


def test_weights_come_from_the_training_part_alone_and_short_series_get_equal_ones() -> None:
    cut = Period(Kind.FY, 2018)
    one = Weighted(members=MEMBERS).fit(trending().until(cut))
    changed = trending()
    changed.values.loc[cut.ordinal + 1 :] *= 9
    other = Weighted(members=MEMBERS).fit(changed.until(cut))
    assert one._learnt == other._learnt
    short = Panel.of({"a": {Period(Kind.FY, 2020 + i): 5.0 + i % 2 for i in range(3)}})
    few = Weighted(members=MEMBERS[:2]).fit(short)
    few.predict(Period(Kind.FY, 2024), paths=5, seed=1)
    assert few.explanation["a"]["weights"] == {"naive": 0.5, "drift": 0.5}


def test_the_simplex_is_where_weights_live() -> None:
    np.testing.assert_allclose(_onto_simplex(np.array([0.5, 0.5])), [0.5, 0.5])
    np.testing.assert_allclose(_onto_simplex(np.array([2.0, 0.0, -1.0])), [1.0, 0.0, 0.0])
    np.testing.assert_allclose(_onto_simplex(np.array([0.9, 0.7])), [0.6, 0.4])


@pytest.mark.parametrize("name", ["ets", "structural", "sarimax", "drift", "seasonal_naive"])
def test_parts_add_up_to_the_central_line(name: str) -> None:
    model = build(name, {"link": "none"}).fit(monthly(a=wavy(60)))
    ahead = model.predict(FIRST + 71, paths=3000, seed=1).of("a")
    parts = model.explanation["a"]["parts"]
    np.testing.assert_allclose(
        np.sum(list(parts.values()), axis=0), ahead.mean(axis=1), atol=0.15 * ahead.std()
    )
    if name != "drift":
        assert np.ptp(parts["season"]) > 0.5 * np.ptp(wavy(60)[-12:])
