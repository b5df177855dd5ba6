"""Exponential smoothing with a damped trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample
from forecasting.models.parameters import Count, Damping, Positive
from forecasting.models.statespace import Fitted, decompose, fit, simulate

FOR_A_TREND = 6


@dataclass
class ETS(LocalForecaster):
    """Additive exponential smoothing of the link's scale: level, damped trend, season.

    Source: Hyndman, Koehler, Ord & Snyder, Forecasting with Exponential Smoothing (2008), as the linear
    innovations model of ``statsmodels.tsa.statespace``, which leaves gaps open. On the log scale the
    additive model is a multiplicative one in the data's unit. ``damping`` bounds the share of growth left
    after a year from above; the
    smoothing of growth is bounded by 1 / (√``smoothness`` × (periods a year)²), the rule that
    :class:`UnobservedComponents` follows. The trend needs six observations, the season two years and a month.
    Paths draw the smoothing parameters from their estimated distribution.

    >>> from forecasting.frames import Panel
    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): 1.1 ** (y % 100) + y % 3 for y in range(2010, 2026)}})
    >>> ETS().fit(panel).predict(Period.parse("FY2028"), paths=20, seed=1).paths.shape
    (1, 3, 20)
    """

    name: ClassVar[str] = "ets"
    minimum: ClassVar[int] = 4

    trend: bool = True
    damping: Damping = 0.9
    smoothness: Positive = 2.0
    seasonal: bool = True
    maxiter: Count = 60

    def _learn(self, sample: Sample) -> Fitted:
        def prepare(z: Array) -> Any:
            from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

            season = sample.season if self.seasonal and sample.seasonal else None
            trend = self.trend and sample.observed >= FOR_A_TREND
            highest = min(self.damping ** (1 / sample.season), 0.998)
            slowest = min(self.smoothness**-0.5 / sample.season**2, 1 - 1e-4)
            level, slope, seasons = _opening(z, season or 1)
            model = ExponentialSmoothing(
                z,
                trend=trend,
                damped_trend=trend,
                seasonal=season,
                bounds=[(1e-4, 1 - 1e-4), (1e-4, slowest), (1e-4, 1 - 1e-4), (highest**3, highest)],
                concentrate_scale=False,
                initialization_method="known",
                initial_level=level,
                initial_trend=slope if trend else None,
                initial_seasonal=seasons[::-1] if season else None,
            )
            start = [0.4, *[min(0.05, slowest / 2)] * trend, *[0.05] * bool(season)]
            start += [0.9 * highest + 0.1 * highest**3] * trend
            return model, lambda **options: model.fit(start_params=[*start, 0.5], **options)

        return fit(self.name, sample, prepare, self.maxiter)

    def _simulate(
        self,
        sample: Sample,  # noqa: ARG002
        state: Fitted,
        steps: int,
        paths: int,
        rng: np.random.Generator,
    ) -> Array:
        return simulate(state, steps, paths, rng)

    def _explain(self, sample: Sample, state: Fitted, steps: int) -> dict[str, Any]:
        del sample
        return {"parts": decompose(state, steps)}


def _opening(z: Array, season: int) -> tuple[float, float, Array]:
    """Level and slope before the first observation, and the season of the sample around its yearly means."""
    known = np.flatnonzero(np.isfinite(z))
    whole = np.interp(np.arange(len(z)), known, z[known])
    seasons = np.zeros(season)
    if season > 1:
        window = np.concatenate([[0.5], np.ones(season - 1), [0.5]]) / season
        around = whole[season // 2 : len(z) - season // 2] - np.convolve(whole, window, mode="valid")
        phases = (np.arange(len(around)) + season // 2) % season
        seasons = np.array([around[phases == phase].mean() for phase in range(season)])
        seasons -= seasons.mean()
    first = (whole - np.resize(seasons, len(z)))[: max(season, 4)]
    slope, level = np.polyfit(np.arange(1, len(first) + 1), first, 1)
    return float(level), float(slope), seasons
