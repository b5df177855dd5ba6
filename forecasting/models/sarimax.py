"""Seasonal ARIMA with policy events as regressors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample
from forecasting.models.parameters import Count, Damping
from forecasting.models.statespace import Fitted, decompose, fit, simulate

Order = tuple[int, int, int]
SHORT_ORDERS: tuple[Order, ...] = ((0, 1, 0), (0, 1, 1), (1, 1, 0))


@dataclass
class SARIMAX(LocalForecaster):
    """ARIMA of the link's scale, gaps open, with regression on season and on the events a sample can show.

    Source: Box & Jenkins (1970) and, for regression with ARIMA errors, Hyndman & Athanasopoulos (3rd ed.,
    10); state space form of ``statsmodels.tsa.SARIMAX``. By default the order is that of least AICc among
    (0,1,0), (0,1,1) and (1,1,0), beside ``harmonics`` pairs of sines where there is a season. The
    autoregression of growth is bounded so that the share ``damping`` at most is left after a year: its
    estimate on growing markets can be one, growth for ever, absurd five years ahead on a log scale. No
    constant is fitted beside a difference. The airline model is ``order=(0, 1, 1), seasonal_order=(0, 1,
    1)``; its bands are meant for a year or two.

    >>> from forecasting.frames import Panel
    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): 1.1 ** (y % 100) + y % 3 for y in range(2010, 2026)}})
    >>> SARIMAX().fit(panel).predict(Period.parse("FY2028"), paths=20, seed=1).paths.shape
    (1, 3, 20)
    """

    name: ClassVar[str] = "sarimax"
    minimum: ClassVar[int] = 6

    order: Order | None = None
    seasonal_order: Order | None = None
    damping: Damping = 0.9
    harmonics: int = 3
    maxiter: Count = 50

    def _learn(self, sample: Sample) -> Fitted:
        seasonal = self.seasonal_order or (0, 0, 0)
        exog = self._exog(sample, 0, len(sample.z), sample.past)
        order = self.order or self._chosen(sample, exog)
        slopes = 0 if exog is None else exog.shape[1]
        return fit(
            self.name, sample, lambda z: self._model(sample, z, exog, order, seasonal), self.maxiter, slopes
        )

    def _exog(self, sample: Sample, start: int, stop: int, events: Array | None) -> Array | None:
        columns = [] if events is None else [events]
        if sample.seasonal and self.seasonal_order is None:
            angle = 2 * np.pi * np.arange(start, stop) / sample.season
            for k in range(1, min(self.harmonics, (sample.season - 1) // 2) + 1):
                columns += [np.sin(k * angle)[:, None], np.cos(k * angle)[:, None]]
        return np.hstack(columns) if columns else None

    def _model(self, sample: Sample, z: Array, exog: Array | None, order: Order, seasonal: Order) -> Any:
        from statsmodels.tsa.statespace.sarimax import SARIMAX as Model

        model = Model(
            z, exog=exog, order=order, seasonal_order=(*seasonal, sample.season if any(seasonal) else 0)
        )

        def fitting(**options: Any) -> Any:
            highest = self.damping ** (1 / sample.season)
            if self.order is not None or order[0] != 1:
                return model.fit(**options)
            free = model.fit(**options)
            if dict(zip(model.param_names, free.params, strict=True))["ar.L1"] <= highest:
                return free
            return model.fit_constrained({"ar.L1": highest}, **options)

        return model, fitting

    def _chosen(self, sample: Sample, exog: Array | None) -> Order:
        from statsmodels.tsa.statespace.sarimax import SARIMAX as Model

        scores: list[tuple[float, Order]] = []
        z = (sample.z - sample.z[-1]) / float(np.nanstd(sample.z))
        for order in SHORT_ORDERS:
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    results = Model(z, exog=exog, order=order).fit(disp=0, maxiter=self.maxiter)
            except (ValueError, np.linalg.LinAlgError):
                continue
            if np.isfinite(results.aicc):
                scores.append((float(results.aicc), order))
        if not scores:
            raise Refusal(f"{self.name}: {sample.id} could not be fitted by any small order")
        return min(scores)[1]

    def _simulate(
        self, sample: Sample, state: Fitted, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        end = len(sample.z)
        exog = self._exog(sample, end, end + steps, sample.ahead(steps))
        return simulate(state, steps, paths, rng, exog)

    def _explain(self, sample: Sample, state: Fitted, steps: int) -> dict[str, Any]:
        end = len(sample.z)
        exog = self._exog(sample, end, end + steps, sample.ahead(steps))
        return {"parts": decompose(state, steps, exog, sample.regressor_names)}
