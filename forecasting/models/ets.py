"""Exponential smoothing with a damped trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample
from forecasting.models.statespace import Fitted, fit, simulate

FOR_A_TREND = 6


@dataclass
class ETS(LocalForecaster):
    """Additive exponential smoothing of the link's scale: level, damped trend, season.

    Source: Hyndman, Koehler, Ord & Snyder, Forecasting with Exponential Smoothing (2008), as the linear
    innovations model of ``statsmodels.tsa.statespace``, which leaves gaps open. On the log scale the additive
    model is a multiplicative one in the data's unit. ``damping`` bounds the share of growth left after a year
    from above; the trend needs six observations, the season two years and a month. Paths draw the smoothing
    parameters and the last state from their estimated distribution.

    >>> from forecasting.frames import Panel
    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): 1.1 ** (y % 100) + y % 3 for y in range(2010, 2026)}})
    >>> ETS().fit(panel).predict(Period.parse("FY2028"), paths=20, seed=1).paths.shape
    (1, 3, 20)
    """

    name: ClassVar[str] = "ets"
    minimum: ClassVar[int] = 4

    trend: bool = True
    damping: float = 0.9
    seasonal: bool = True
    maxiter: int = 60

    def _learn(self, sample: Sample) -> Fitted:
        def prepare(z: Array) -> Any:
            from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

            season = sample.season if self.seasonal and sample.seasonal else None
            trend = self.trend and sample.observed >= FOR_A_TREND
            highest = min(self.damping ** (1 / sample.season), 0.998)
            model = ExponentialSmoothing(
                z,
                trend=trend,
                damped_trend=trend,
                seasonal=season,
                bounds=[(1e-4, 1 - 1e-4)] * 3 + [(highest**3, highest)],
                concentrate_scale=False,
            )
            smoothing = [0.4] + [0.05] * trend + [0.05] * bool(season)
            damping = [0.9 * highest + 0.1 * highest**3] * trend
            start = [*smoothing, *damping, 0.5, *_initial(z, trend, season)]
            return model, lambda **options: model.fit(start_params=start, **options)

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


def _initial(z: Array, trend: bool, season: int | None) -> list[float]:
    known = np.flatnonzero(np.isfinite(z))
    whole = np.interp(np.arange(len(z)), known, z[known])
    m = season or 1
    opening = whole[: min(len(whole), max(2 * m, 4))]
    slope = float(np.polyfit(np.arange(len(opening)), opening, 1)[0])
    level = float(opening[:m].mean())
    seasons = (whole[:m] - level)[::-1][:-1].tolist() if season else []
    return [level - slope * (m + 1) / 2] + [slope] * trend + seasons
