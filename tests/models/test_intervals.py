"""Bands on series of known law: they hold what they say at every length, or the method refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import Refusal
from forecasting.frames import Panel
from forecasting.models import MODELS, build, intervals
from forecasting.models.auto import forecast_arrays
from forecasting.models.base import LocalForecaster
from forecasting.models.certificate import TABLE, Certificate, shape, simulated, stretch
from forecasting.periods import Kind, Period

HORIZON = 6
LAWS = ("walk", "drift", "student", "level", "growth")


def worlds(law: str, length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    size = (count, length + HORIZON)
    noise = rng.standard_normal(size)
    if law == "drift":
        noise = noise + 0.5
    if law == "student":
        noise = rng.standard_t(5, size) / np.sqrt(5 / 3)
    if law == "level":
        return 0.1 * (0.5 * np.cumsum(noise, axis=1) + rng.standard_normal(size))
    if law == "growth":
        steps = noise.copy()
        for t in range(1, size[1]):
            steps[:, t] = 0.5 * steps[:, t - 1] + np.sqrt(0.75) * noise[:, t]
        noise = steps
    return 0.1 * np.cumsum(noise, axis=1)


def points(z: np.ndarray, steps: int) -> list[np.ndarray]:
    """Naive and drift forecasts of many series at once."""
    ahead = np.arange(1, steps + 1)
    slope = (z[:, -1:] - z[:, :1]) / (z.shape[1] - 1)
    return [np.repeat(z[:, -1:], steps, axis=1), z[:, -1:] + slope * ahead]


@pytest.mark.parametrize("length", [6, 8, 10, 15, 30])
def test_bands_of_past_errors_hold_what_they_say(length: int) -> None:
    rng = np.random.default_rng([7, length])
    z = np.concatenate([worlds(law, length, 120, rng) for law in LAWS])
    past, after = z[:, :length], z[:, length:]
    hidden = intervals.cuts(length, 1, 6)
    table, correction = intervals.scales(1), shape("engine", length)
    steps = np.sqrt(np.mean(np.diff(past, axis=1) ** 2, axis=1))
    held80, held95 = [], []
    for method, ahead in enumerate(points(past, HORIZON)):
        errors = np.full((len(z), len(hidden), max(hidden)), np.nan)
        for row, cut in enumerate(hidden):
            errors[:, row, :cut] = past[:, -cut:] - points(past[:, :-cut], cut)[method]
        widths = intervals.widths(errors, steps, table, HORIZON)
        for i in range(len(z)):
            drawn = intervals.trajectories(errors[i], widths[i], table, HORIZON, 200, rng)
            paths = stretch(ahead[i][:, None] + drawn, *correction)
            low, low80, high80, high = np.quantile(paths, [0.025, 0.1, 0.9, 0.975], axis=1)
            held80.append((after[i] >= low80) & (after[i] <= high80))
            held95.append((after[i] >= low) & (after[i] <= high))
    assert np.mean(held80) == pytest.approx(0.8, abs=0.03)
    assert np.mean(held95) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("name", ["naive", "damped_drift", "theta"])
@pytest.mark.parametrize("length", [6, 15])
def test_models_hold_on_fresh_series_what_their_certificate_says(name: str, length: int) -> None:
    rng = np.random.default_rng([8, length])
    held = []
    for row in np.concatenate([worlds(law, length, 100, rng) for law in LAWS]):
        values = pd.DataFrame({"y": np.exp(row[:length])}, index=pd.RangeIndex(2000, 2000 + length))
        model = build(name).fit(Panel(Kind.FY, values))
        paths = model.predict(Period(Kind.FY, 1999 + length + HORIZON), paths=150, seed=1).of("y")
        bands = np.quantile(paths, [0.1, 0.9, 0.025, 0.975], axis=1)
        y = np.exp(row[length:])
        held.append([((y >= bands[i]) & (y <= bands[i + 1])).mean() for i in (0, 2)])
    one = model.certificate["y"]
    assert one.simulated_at == length
    assert np.mean(held, axis=0) == pytest.approx([one.simulated_80, one.simulated_95], abs=0.035)


@pytest.mark.parametrize("length", [6, 8, 10, 15, 30])
def test_learnt_bands_of_auto_hold_what_they_say(length: int) -> None:
    rng = np.random.default_rng([9, length])
    z = np.concatenate([worlds(law, length, 80, rng) for law in LAWS])
    keys = [str(i) for i in range(len(z))]
    found = forecast_arrays([np.exp(row[:length]) for row in z], 1, HORIZON, paths=200, seed=1, keys=keys)
    bands = np.quantile([one.paths for one in found], [0.1, 0.9, 0.025, 0.975], axis=2)
    y = np.exp(z[:, length:])
    held = [((y >= bands[i]) & (y <= bands[i + 1])).mean() for i in (0, 2)]
    assert held == pytest.approx([0.8, 0.95], abs=0.03)


def test_every_simulated_length_holds_or_is_refused() -> None:
    table = json.loads(TABLE.read_text())
    local = {name for name, model in MODELS.items() if issubclass(model, LocalForecaster)} - {"driver"}
    assert local <= set(table["methods"])
    for name in [*local, "engine", "auto"]:
        for length, row in table["methods"][name].items():
            one = Certificate(name, 1, int(length), int(length), row["coverage_80"], row["coverage_95"])
            assert one.holds, (name, length, row)
    for name in local:
        known = sorted(int(length) for length in table["methods"][name])
        for length in (6, 8, 10, 15, 30):
            if length in known:
                continue
            z = np.cumsum(np.random.default_rng(length).standard_normal(length))
            values = pd.DataFrame({"y": np.exp(0.1 * z)}, index=pd.RangeIndex(2000, 2000 + length))
            with pytest.raises(Refusal, match=f"^{name}: "):
                build(name).fit(Panel(Kind.FY, values)).predict(Period(Kind.FY, 2000 + length), seed=1)


def test_the_correction_fades_with_the_length_and_keeps_the_order_of_draws() -> None:
    assert shape("ets", 6)[0] > shape("ets", 30)[0] > 1
    assert shape("ets", 60) == shape("ets", 600) == shape("unheard of", 6) == (1.0, 1.0)
    assert simulated("ets", 5) is None
    assert simulated("ets", 17) is not None
    paths = np.random.default_rng(1).standard_normal((3, 200)) + np.array([[0.0], [5.0], [9.0]])
    wider = stretch(paths, 1.5, 1.2)
    np.testing.assert_array_equal(np.argsort(wider, axis=1), np.argsort(paths, axis=1))
    np.testing.assert_allclose(np.median(wider, axis=1), np.median(paths, axis=1), atol=0.05)
    assert (wider.std(axis=1) > 1.4 * paths.std(axis=1)).all()


def test_widths_go_from_the_usual_to_the_own() -> None:
    table = intervals.scales(1)
    none = intervals.widths(np.full((1, 4), np.nan), np.asarray(2.0), table, 4)
    np.testing.assert_allclose(none, 2 * table.ratio * table.at(4))
    rng = np.random.default_rng(1)
    own = 5.0 * np.cumsum(rng.standard_normal((4000, 4)), axis=1)
    many = intervals.widths(own, np.asarray(2.0), table, 6)
    np.testing.assert_allclose(many[:4], 5 * np.sqrt([1, 2, 3, 4]), rtol=0.25)
    assert (np.diff(many) >= 0).all()


def test_few_scores_say_little_and_many_say_all() -> None:
    levels = np.array([0.5, 0.8, 0.95])
    normal = intervals.profile(np.array([]), levels)
    few = intervals.profile(np.array([9.0, -9.0]), levels)
    assert (np.abs(few - normal) < 1.5).all()
    heavy = np.random.default_rng(1).standard_t(3, 20_000)
    many = intervals.profile(heavy, levels)
    np.testing.assert_allclose(many, [0.765, 1.638, 3.182], rtol=0.05)
    m = 9
    scores = np.arange(1.0, m + 1)
    at = intervals.profile(scores, np.array([0.9]))[0]
    assert at == pytest.approx((m * 9.0 + 20 * 1.6449) / (m + 20), rel=1e-3)


def test_trajectories_have_the_widths_and_stay_together() -> None:
    table = intervals.scales(12)
    width = table.at(24)
    drawn = intervals.trajectories(np.full((2, 3), np.nan), width, table, 24, 4000, np.random.default_rng(1))
    np.testing.assert_allclose(np.quantile(drawn, 0.975, axis=1), 1.96 * width, rtol=0.02)
    assert np.corrcoef(drawn[22], drawn[23])[0, 1] > 0.5
    assert abs(np.corrcoef(drawn[0], drawn[23])[0, 1]) < np.corrcoef(drawn[22], drawn[23])[0, 1]


def test_a_figure_still_to_be_revised_moves_whole_paths() -> None:
    panel = Panel.of({"a": {Period(Kind.FY, 2010 + i): 100.0 + 3 * (i % 3) for i in range(12)}})
    end = Period(Kind.FY, 2023)
    exact, loose = (
        build("naive", {"jump_off": j}).fit(panel).predict(end, paths=4000, seed=1) for j in (0, 0.2)
    )
    moved = np.log(loose.of("a") / exact.of("a"))
    np.testing.assert_allclose(moved[0], moved[1], atol=1e-9)
    assert moved[0].std() == pytest.approx(0.2, rel=0.05)
    ceilings = pd.DataFrame({"a": 110.0}, index=pd.RangeIndex(2010, 2030))
    below = Panel(panel.kind, panel.values, ceilings=ceilings)
    assert build("naive", {"jump_off": 0.5}).fit(below).predict(end, seed=1).paths.max() <= 110


@pytest.mark.parametrize("season", [1, 4, 12])
def test_draws_that_need_no_sorting_are_those_that_sorting_gives(season: int) -> None:
    table = intervals.scales(season)
    width = np.linspace(1.0, 3.0, 60)
    found = intervals.trajectories(np.empty((0, 1)), width, table, 60, 1000, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    rows = np.concatenate([rng.permutation(len(table.bank)) for _ in range(10)])
    place = table.bank[rows][:, np.minimum(np.arange(60), table.bank.shape[1] - 1)]
    ranks = np.argsort(np.argsort(place.T + rng.uniform(0, 1e-3, 1000), axis=1), axis=1)
    even = (np.arange(1000) + 0.5) / 1000
    size = np.sign(even - 0.5) * intervals.profile(np.empty(0), np.abs(2 * even - 1))
    np.testing.assert_array_equal(found, width[:, None] * size[ranks])
