"""Metrics against slow, obvious references and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from forecasting.evaluation.metrics import GRID, METRICS, crps, inside, scale, total_crps


def test_crps_of_a_normal_is_its_closed_form() -> None:
    quantiles = stats.norm.ppf(GRID, loc=3.0, scale=2.0)[None]
    for actual in (-2.0, 3.0, 9.0):
        z = (actual - 3.0) / 2.0
        closed = 2.0 * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
        assert crps(np.array([actual]), quantiles, np.array([]))[0] == pytest.approx(closed, rel=0.02)


def test_crps_of_samples_is_the_mean_distance_less_half_the_spread() -> None:
    rng = np.random.default_rng(1)
    draws = rng.gamma(2.0, size=4000)
    actual = 1.3
    slow = np.abs(draws - actual).mean() - np.abs(rng.permutation(draws) - draws).mean() / 2
    fast = crps(np.array([actual]), np.quantile(draws, GRID)[None], np.array([]))[0]
    assert fast == pytest.approx(slow, rel=0.05)


def test_bands_hold_what_lies_between_their_quantiles() -> None:
    quantiles = np.tile(GRID, (4, 1))
    actual = np.array([0.5, 0.05, 0.11, np.nan])
    held = inside(actual, quantiles, 0.8)
    assert held[:3].tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(held[3])


def test_scale_is_the_mean_seasonal_step_and_nothing_for_a_constant() -> None:
    history = np.array([1.0, 5.0, 2.0, 7.0, np.nan, 9.0])
    assert scale(history, 2) == pytest.approx((1 + 2 + 2) / 3)
    assert math.isnan(scale(np.ones(10), 1))
    assert scale(np.array([1.0, 3.0]), 12) == 2.0


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_gives_one_number_a_step_and_knows_gaps(name: str) -> None:
    actual = np.array([1.0, np.nan, 3.0])
    given = METRICS[name](actual, np.tile(np.linspace(0, 5, len(GRID)), (3, 1)), np.arange(10.0))
    assert given.shape == (3,)
    assert np.isnan(given).tolist() == [False, True, False]


def test_a_path_is_scored_by_its_running_totals_as_pairs_of_draws_define_it() -> None:
    rng = np.random.default_rng(0)
    draws, actual = rng.normal(size=(2, 3, 50)), rng.normal(size=(2, 3))
    found = total_crps(actual, draws)
    for series in range(2):
        for step in range(3):
            total, happened = draws[series, : step + 1].sum(axis=0), actual[series, : step + 1].sum()
            apart = np.abs(total[:, None] - total).sum() / (2 * 50 * 49)
            expected = (np.abs(total - happened).mean() - apart) / (step + 1)
            assert found[series, step] == pytest.approx(expected, rel=1e-12)
    shuffled = np.stack([rng.permuted(row, axis=-1) for row in np.sort(draws[:1], axis=2)])
    together = np.sort(draws[:1], axis=2)
    extreme = np.full((1, 3), 3.0)
    assert total_crps(extreme, together)[0, 2] < total_crps(extreme, shuffled)[0, 2], (
        "steps that move together"
    )
