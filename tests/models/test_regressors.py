"""Which regressors are left out, and how much history is learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.frames import Panel
from forecasting.models.links import Link
from forecasting.models.naive import Drift
from forecasting.models.regressors import usable_regressors
from forecasting.periods import Kind, Period

FIRST = Period.parse("2022-01")
INDEX = pd.RangeIndex(FIRST.ordinal, FIRST.ordinal + 60)
T = np.arange(60)


def kept(z: np.ndarray, **columns: np.ndarray) -> tuple[str, ...]:
    return usable_regressors(Panel(Kind.MONTH, pd.DataFrame(columns, index=INDEX)), FIRST, z)[0]


def test_what_a_sample_cannot_show_is_left_out() -> None:
    assert kept(
        np.arange(48.0),
        constant=np.ones(60),
        future=(T >= 50) * 1.0,
        barely=(T >= 46) * 1.0,
        ramping=np.clip((T - 40) / 20, 0, 1),
        ramped=np.clip((T - 30) / 10, 0, 1),
        step=(T >= 20) * 1.0,
        twin=(T >= 20) * 2.0,
        gap=np.where(T == 3, np.nan, T),
    ) == ("ramped", "step")


def test_a_step_inside_a_gap_is_not_seen() -> None:
    z = np.where((T[:48] > 18) & (T[:48] < 30), np.nan, 1.0 * T[:48])
    assert kept(z, blind=((T > 19) & (T < 28)) * 1.0, seen=(T > 24) * 1.0) == ("seen",)


def test_short_samples_take_few() -> None:
    several = {f"e{i}": ((T // 3) % (i + 2) == 0) * 1.0 for i in range(5)}
    assert len(kept(np.arange(24.0), **several)) == 2
    assert kept(np.arange(9.0), **several) == ()


def test_covariates_that_begin_late_are_no_regressors() -> None:
    late = Panel(Kind.MONTH, pd.DataFrame({"x": (T >= 20) * 1.0}, index=INDEX + 1))
    assert usable_regressors(late, FIRST, np.arange(48.0)) == ((), None)


def test_history_is_cut_but_never_below_24_observations() -> None:
    y = np.exp(np.concatenate([np.linspace(0, 9, 40), 9 + 0.01 * np.arange(1, 61)]))
    start = Period.parse("2018-01")
    panel = Panel.of({"a": {start + i: float(v) for i, v in enumerate(y)}})
    horizon = panel.last + 10
    recent = Drift().fit(panel).predict(horizon, paths=5, seed=1).of("a")[-1]
    np.testing.assert_allclose(recent, y[-1] * np.exp(0.1), rtol=1e-6)
    assert Drift(history=None).fit(panel).predict(horizon, paths=5, seed=1).of("a")[-1].mean() > 2 * y[-1]
    years = Panel.of({"a": {Period(Kind.FY, 2000 + i): float(2.0**i) for i in range(20)}})
    assert len(Drift().fit(years)._states["a"][0].z) == 20


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_the_offset_that_keeps_zeros_finite_follows_the_unit(scale: float) -> None:
    link = Link.choose(np.array([0.0, 4.0, 8.0]) * scale, kind="log")
    assert link.offset == pytest.approx(2.0 * scale)
