"""Prophet on the link's scale, with a trend that fades."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from forecasting.errors import Refusal
from forecasting.frames import Array, Panel
from forecasting.models.base import LocalForecaster, Sample, last_level, seed_of
from forecasting.models.ceiling import CeilingPrior
from forecasting.models.draws import spread
from forecasting.models.parameters import Damping
from forecasting.models.statespace import Standard

FIT_SEED = 20260401
FARTHEST = 40  # years to which a ceiling without a market is known


@dataclass
class Prophet(LocalForecaster):
    """Piecewise linear trend, yearly season and events, fitted as a generalised additive model.

    Source: Taylor & Letham, Forecasting at Scale (American Statistician 72, 2018), by the package
    ``prophet``. Two things differ, because its trend goes on for ever and forgets where the series ended:
    the slope of every simulated trend fades, the share ``damping`` being left after a year, and residuals
    follow a first-order autoregression, so that paths start at the last observation. A season needs two
    years and a month of monthly or quarterly data.

    ``growth="logistic"`` saturates below a ceiling nobody knows: a fraction ``ceiling_low/central/high`` of the
    panel's ceiling where there is one, otherwise a multiple ``multiple_low/central/high`` of the last year's
    level, triangular. Prophet's logistic trend is piecewise linear on the log-odds of the ceiling, so the model
    is fitted on that scale, once for each of ``ceilings`` equally likely values, and every fit gives its share
    of the paths. ``explanation`` says which part of the band at the horizon is the ceiling's.
    """

    name: ClassVar[str] = "prophet"
    minimum: ClassVar[int] = 4

    damping: Damping = 0.9
    changepoints: int = 15
    flexibility: float = 0.05
    harmonics: int = 4
    growth: Literal["linear", "logistic"] = "linear"
    ceilings: int = 5
    ceiling_low: float = 0.25
    ceiling_central: float = 0.6
    ceiling_high: float = 1.0
    multiple_low: float = 1.2
    multiple_central: float = 4.0
    multiple_high: float = 12.0

    _below: dict[str, tuple[CeilingPrior, list[tuple[float, Prophet]]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        CeilingPrior(self.ceiling_low, self.ceiling_central, self.ceiling_high)
        CeilingPrior(self.multiple_low, self.multiple_central, self.multiple_high)

    def _fit(self, panel: Panel) -> None:
        self._below = {}
        if self.growth == "linear":
            super()._fit(panel)
            return
        for id in panel.ids:
            self._below[id] = self._fit_below(panel, id)

    def _fit_below(self, panel: Panel, id: str) -> tuple[CeilingPrior, list[tuple[float, Prophet]]]:
        values, season = panel.values[id], panel.kind.per_year
        if (values < 0).any():
            raise Refusal(f"{self.name}: {id} has negative values, which grow to no ceiling")
        known = panel.trimmed(id)
        if panel.ceilings is not None and id in panel.ceilings:
            bound = panel.ceilings[id].astype(float)
            prior = CeilingPrior(self.ceiling_low, self.ceiling_central, self.ceiling_high)
        else:
            level = float(known.iloc[-season:].mean())
            if level <= 0:
                raise Refusal(
                    f"{self.name}: {id} was zero for its whole last year, it has no level to multiply"
                )
            reach = range(panel.first.ordinal, panel.last.ordinal + 1 + FARTHEST * season)
            bound = pd.Series(level, index=pd.RangeIndex(reach.start, reach.stop))
            prior = CeilingPrior(self.multiple_low, self.multiple_central, self.multiple_high)
        share = (known / bound.reindex(known.index)).iloc[-3 * season :].max()
        prior = prior.left(float(share), self.name, id)
        fits = []
        for ceiling in prior.middles(self.ceilings):
            below = Panel(panel.kind, panel.values[[id]], panel.units, (bound * ceiling).to_frame(id))
            fits.append((float(ceiling), replace(self, growth="linear").fit(below, self._covariates)))
        return prior, fits

    def _paths(self, id: str, steps: int, paths: int, seed: int) -> Array:
        if self.growth == "linear":
            return super()._paths(id, steps, paths, seed)
        prior, fits = self._below[id]
        panel, counts = self.fitted, [len(one) for one in np.array_split(np.arange(paths), len(fits))]
        parts = [
            fit.predict(panel.last + steps, paths=count, seed=seed + number).of(id)
            for number, ((_, fit), count) in enumerate(zip(fits, counts, strict=True))
            if count
        ]
        order = seed_of(seed, self.name, id, "ceilings").permutation(paths)
        drawn = np.concatenate(parts, axis=1)[:, order]
        drawn_from = np.repeat([ceiling for ceiling, _ in fits], counts)[order]
        of = "the panel's ceiling" if panel.ceilings is not None and id in panel.ceilings else "the last year"
        self.explanation[id] = {"ceiling": prior.told(of, drawn_from, drawn[-1])}
        one = fits[0][1].certificate[id]
        self.certificate[id] = replace(one, method=f"{one.method}; ceilings from a declared range")
        return drawn

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

    def _explain(self, sample: Sample, state: Any, steps: int) -> dict[str, Any]:
        model, standard, _ = state
        end = len(sample.z)
        future = self._frame(sample, end - 1, end + steps, None)
        ahead = sample.ahead(steps)
        for i, name in enumerate(self._names(sample)):
            if ahead is not None:
                future[name] = np.concatenate([ahead[:1, i], ahead[:, i]])
        with _quiet(FIT_SEED):
            told = model.predict(future)
        trend = told["trend"].to_numpy()
        fading = self.damping ** (np.arange(steps) / sample.season)
        parts = {
            "level": np.full(steps, standard.back(trend[0])),
            "trend": standard.size * np.cumsum(np.diff(trend) * fading),
        }
        if "yearly" in told:
            parts["season"] = standard.size * told["yearly"].to_numpy()[1:]
        if sample.regressor_names:
            parts["events"] = standard.size * told["extra_regressors_additive"].to_numpy()[1:]
        return {"parts": parts}

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
