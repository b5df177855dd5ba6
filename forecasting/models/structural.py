"""Structural time series: components with a meaning, and interventions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample
from forecasting.models.parameters import Count, Damping, Positive
from forecasting.models.statespace import Fitted, decompose, fit, simulate

FOR_A_TREND = 8


@dataclass
class UnobservedComponents(LocalForecaster):
    """Level, fading growth, trigonometric season and policy interventions, each a state with its own doubt.

    Source: Harvey, Forecasting, Structural Time Series Models and the Kalman Filter (1989), in
    ``statsmodels.tsa.UnobservedComponents``. ``trend="local"`` moves level and growth both; ``"smooth"``
    moves only the growth, with a first-order autoregression around it; ``"level"`` has no growth. Growth is
    damped: the share ``damping`` of it is left after a year. How much growth wanders is declared, not
    fitted: its variance is that of a typical step divided by ``smoothness`` × (periods a year)⁴, the scaling
    of the Hodrick–Prescott filter (6.25 there) by Ravn & Uhlig (Review of Economics and Statistics 84,
    2002); fitted to a market's boom years it would make five-year bands meaningless. Fewer than eight
    observations get a level only.

    >>> from forecasting.frames import Panel
    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): 1.1 ** (y % 100) + y % 3 for y in range(2010, 2026)}})
    >>> UnobservedComponents().fit(panel).predict(Period.parse("FY2028"), paths=20, seed=1).paths.shape
    (1, 3, 20)
    """

    name: ClassVar[str] = "structural"
    minimum: ClassVar[int] = 5

    trend: Literal["local", "smooth", "level"] = "local"
    damping: Damping = 0.8
    smoothness: Positive = 2.0
    harmonics: Count = 4
    maxiter: Count = 60

    def _learn(self, sample: Sample) -> Fitted:
        def prepare(z: Array) -> Any:
            from statsmodels.tsa.statespace.structural import UnobservedComponents as Model

            grows = self.trend != "level" and sample.observed >= FOR_A_TREND
            season = None
            if sample.seasonal:
                season = [{"period": sample.season, "harmonics": min(self.harmonics, sample.season // 2)}]
            level = {"local": "lltrend", "smooth": "strend", "level": "llevel"}[
                self.trend if grows else "level"
            ]
            model = Model(
                z,
                level,
                freq_seasonal=season,
                autoregressive=1 if grows and self.trend == "smooth" else None,
                exog=sample.past,
            )
            if not grows:
                return model, model.fit
            fading = self.damping ** (1 / sample.season)
            model.ssm["transition", 0, 1] = fading
            model.ssm["transition", 1, 1] = fading
            wandering = {"sigma2.trend": 1 / (self.smoothness * sample.season**4)}
            return model, lambda **options: model.fit_constrained(wandering, **options)

        slopes = 0 if sample.past is None else sample.past.shape[1]
        return fit(self.name, sample, prepare, self.maxiter, slopes)

    def _simulate(
        self, sample: Sample, state: Fitted, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        return simulate(state, steps, paths, rng, sample.ahead(steps))

    def _explain(self, sample: Sample, state: Fitted, steps: int) -> dict[str, Any]:
        return {"parts": decompose(state, steps, sample.ahead(steps), sample.regressor_names)}
