"""Seasonal ARIMA with policy events as regressors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample
from forecasting.models.statespace import Fitted, fit, simulate

Order = tuple[int, int, int]
SHORT_ORDERS: tuple[Order, ...] = ((0, 1, 0), (0, 1, 1), (1, 1, 0))


@dataclass
class SARIMAX(LocalForecaster):
    """Seasonal ARIMA of the link's scale, gaps open, with regression on the events a sample can show.

    Source: Box & Jenkins (1970); state space form of ``statsmodels.tsa.SARIMAX``. By default a seasonal series
    gets (1,0,1)(0,1,1): the change from year to year fades by the share ``damping`` a year, which is declared
    because its estimate on growing markets is one (growth for ever, absurd five years ahead on a log scale).
    The airline model is ``order=(0, 1, 1), seasonal_order=(0, 1, 1)``. Other series get the order of least AICc
    among (0,1,0), (0,1,1) and (1,1,0), with the autoregression of growth bounded by the same damping. No
    constant is fitted beside a difference.

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
    damping: float = 0.9
    maxiter: int = 50

    def _learn(self, sample: Sample) -> Fitted:
        slopes = 0 if sample.past is None else sample.past.shape[1]
        if self.order is None and not sample.seasonal:
            order, seasonal = self._chosen(sample), (0, 0, 0)
        else:
            order = self.order or (1, 0, 1)
            seasonal = self.seasonal_order or ((0, 1, 1) if sample.seasonal and self.order is None else (0, 0, 0))
        return fit(self.name, sample, lambda z: self._model(sample, z, order, seasonal), self.maxiter, slopes)

    def _model(self, sample: Sample, z: Array, order: Order, seasonal: Order) -> Any:
        from statsmodels.tsa.statespace.sarimax import SARIMAX as Model

        model = Model(
            z, exog=sample.past, order=order, seasonal_order=(*seasonal, sample.season if any(seasonal) else 0)
        )

        def fitting(**options: Any) -> Any:
            highest = self.damping ** (1 / sample.season)
            if self.order is not None or order[0] != 1:
                return model.fit(**options)
            if not any(seasonal):
                free = model.fit(**options)
                if dict(zip(model.param_names, free.params, strict=True))["ar.L1"] <= highest:
                    return free
            return model.fit_constrained({"ar.L1": highest}, **options)

        return model, fitting

    def _chosen(self, sample: Sample) -> Order:
        from statsmodels.tsa.statespace.sarimax import SARIMAX as Model

        scores: list[tuple[float, Order]] = []
        z = (sample.z - sample.z[-1]) / float(np.nanstd(sample.z))
        for order in SHORT_ORDERS:
            try:
                with np.errstate(all="ignore"):
                    results = Model(z, exog=sample.past, order=order).fit(disp=0, maxiter=self.maxiter)
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
        return simulate(state, steps, paths, rng, sample.ahead(steps))
