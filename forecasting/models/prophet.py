"""Prophet on the link's scale, with a trend that fades."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecasting.errors import Refusal
from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample, last_level
from forecasting.models.draws import spread
from forecasting.models.statespace import Standard

FIT_SEED = 20260401


@dataclass
class Prophet(LocalForecaster):
    """Piecewise linear trend, yearly season and events, fitted as a generalised additive model.

    Source: Taylor & Letham, Forecasting at Scale (American Statistician 72, 2018), by the package
    ``prophet``. Two things differ, because its trend goes on for ever and forgets where the series ended:
    the slope of every simulated trend fades, the share ``damping`` being left after a year, and residuals
    follow a first-order autoregression, so that paths start at the last observation. A season needs two
    years and a month of monthly or quarterly data.
    """

    name: ClassVar[str] = "prophet"
    minimum: ClassVar[int] = 4

    damping: float = 0.9
    changepoints: int = 15
    flexibility: float = 0.05
    harmonics: int = 4

    def _learn(self, sample: Sample) -> Any:
        standard = Standard.of(sample.z)
        frame = self._frame(sample, 0, len(sample.z), sample.past)
        frame["y"] = standard.to(sample.z)
        known = frame.dropna(subset=["y"])
        with _quiet(FIT_SEED):
            from prophet import Prophet as Model

            model = Model(
                growth="linear",
                n_changepoints=max(min(self.changepoints, len(known) // 3), 0),
                changepoint_prior_scale=self.flexibility,
                yearly_seasonality=min(self.harmonics, (sample.season - 1) // 2)
                if sample.seasonal
                else False,
                weekly_seasonality=False,
                daily_seasonality=False,
                uncertainty_samples=0,
            )
            for name in self._names(sample):
                model.add_regressor(name, standardize=False)
            try:
                model.fit(known, seed=FIT_SEED)
                fitted = model.predict(known)["yhat"].to_numpy()
            except (RuntimeError, ValueError) as error:
                raise Refusal(f"{self.name}: {sample.id} could not be fitted: {error}") from error
        residuals = np.full(len(sample.z), np.nan)
        residuals[np.isfinite(sample.z)] = known["y"].to_numpy() - fitted
        return model, standard, residuals

    def _names(self, sample: Sample) -> list[str]:
        return [f"regressor_{i}" for i in range(len(sample.regressor_names))]

    def _frame(self, sample: Sample, start: int, stop: int, regressors: Array | None) -> pd.DataFrame:
        frame = pd.DataFrame({"ds": pd.to_datetime([(sample.first + i).start for i in range(start, stop)])})
        for i, name in enumerate(self._names(sample)):
            if regressors is not None:
                frame[name] = regressors[:, i]
        return frame

    def _simulate(
        self, sample: Sample, state: Any, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        model, standard, residuals = state
        end = len(sample.z)
        future = self._frame(sample, end - 1, end + steps, None)
        ahead = sample.ahead(steps)
        for i, name in enumerate(self._names(sample)):
            if ahead is not None:
                future[name] = np.concatenate([ahead[:1, i], ahead[:, i]])
        with _quiet(int(rng.integers(2**32))):
            model.uncertainty_samples = paths
            prepared = model.setup_dataframe(future.copy())
            beyond = np.asarray(model.sample_predictive_trend_vectorized(prepared, paths, 0)).T
            model.uncertainty_samples = 0
            central = model.predict(future)
        fading = self.damping ** (np.arange(steps) / sample.season)
        trend = beyond[0] + np.cumsum(np.diff(beyond, axis=0) * fading[:, None], axis=0)
        rest = (central["yhat"] - central["trend"]).to_numpy()[1:, None]
        return np.asarray(standard.back(trend + rest + _noise(residuals, steps, paths, rng)))


def _noise(residuals: Array, steps: int, paths: int, rng: np.random.Generator) -> Array:
    known = residuals[np.isfinite(residuals)]
    pairs = np.isfinite(residuals[1:]) & np.isfinite(residuals[:-1])
    before, after = residuals[:-1][pairs], residuals[1:][pairs]
    power = float(before @ before)
    memory = min(max(float(before @ after) / power, 0.0), 0.98) if power > 0 else 0.0
    size = float(np.sqrt(np.mean(known**2))) * np.sqrt(1 - memory**2) * spread(len(known) - 3, paths, rng)
    out = np.empty((steps, paths))
    level = np.full(paths, last_level(residuals))
    for t in range(steps):
        level = memory * level + size * rng.standard_normal(paths)
        out[t] = level
    return out


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """Silence the fitter's log, and lend it numpy's global generator, seeded, for as long as it runs."""
    loggers = [logging.getLogger(name) for name in ("cmdstanpy", "prophet", "prophet.plot")]
    before = [(one, one.level, one.disabled) for one in loggers]
    state = np.random.get_state()
    try:
        for one in loggers:
            one.setLevel(logging.CRITICAL)
            one.disabled = True
        np.random.seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)
        for one, level, disabled in before:
            one.setLevel(level)
            one.disabled = disabled
