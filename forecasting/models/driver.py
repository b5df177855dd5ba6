"""A series as a function of what drives it, with the drivers' own uncertainty carried along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from forecasting.errors import DataError, PeriodError, Refusal
from forecasting.frames import Array, Forecast, Panel
from forecasting.models.base import LocalForecaster, Sample
from forecasting.models.ceiling import part
from forecasting.models.draws import spread
from forecasting.models.links import Link
from forecasting.models.parameters import Member, Positive

NOT_DRIVERS = ("event.", "break.", "calendar.")
MEMORIES = np.linspace(0.0, 0.95, 20)
HARMONICS = 2


@dataclass(frozen=True)
class _Driver:
    """One driver: its past on its link's scale, NaN in gaps, and where its values ahead come from."""

    name: str
    link: Link
    values: Any


@dataclass
class _Fit:
    drivers: tuple[_Driver, ...]
    memory: float
    coefficients: Array
    root: Array
    size: float
    degrees: float
    told: dict[str, Any] = field(default_factory=dict)


@dataclass
class DriverRegression(LocalForecaster):
    """Regression on drivers, such as magnet imports on electric vehicles and wind turbines, path by path.

    Source: regression with first-order autoregressive errors by generalised least squares (Prais & Winsten,
    1954), with a normal prior on the coefficients (Zellner, An Introduction to Bayesian Inference in
    Econometrics, 1971). Between quantities a coefficient is an elasticity; drivers share the prior mean
    ``elasticity`` equally, each with the standard deviation ``doubt``. Otherwise the prior is no effect.

    Drivers are the columns of the covariates named in ``drivers``, or all that are neither events, nor breaks,
    nor calendar, nor plans of the series themselves. After its known values a driver follows, draw by draw, the
    joint paths handed over by :meth:`given`, so that both belong to the same possible worlds; without them it
    is forecast from its own history by ``driver_model``, each driver by itself. Values that the covariates hold
    ahead are taken as known. ``explanation`` gives the elasticities and the drivers' part of the band.

    >>> fy = lambda y: Period.parse(f"FY{y}")
    >>> from forecasting.periods import Period
    >>> ev = Panel.of({"ev": {fy(y): 100 * 1.2 ** (y - 2012) for y in range(2012, 2031)}})
    >>> imports = Panel.of({"a": {fy(y): 5 * 1.2 ** (y - 2012) + y % 2 for y in range(2012, 2026)}})
    >>> model = DriverRegression().fit(imports, ev)
    >>> bool(100 < np.median(model.predict(fy(2030), paths=200, seed=1).of("a")[-1]) < 200)
    True
    """

    name: ClassVar[str] = "driver"
    minimum: ClassVar[int] = 6
    band: ClassVar[str] = "drivers' paths; coefficients and errors drawn"

    drivers: tuple[str, ...] = ()
    driver_model: Member = field(default_factory=lambda: {"model": "damped_drift"})
    elasticity: float = 1.0
    doubt: Positive = 0.5
    history: Positive | None = field(default=None, kw_only=True)

    _given: Forecast | None = field(default=None, init=False, repr=False, compare=False)

    def given(self, forecast: Forecast) -> Self:
        """Follow these joint paths of the drivers; they need as many draws as will be asked for."""
        self._given = forecast
        return self

    def _learn(self, sample: Sample) -> _Fit:
        drivers = self._found(sample)
        past = np.column_stack([one.values.reindex(self._span(sample, 0)).to_numpy() for one in drivers])
        design = np.column_stack([np.ones(len(sample.z)), past, self._season(sample, 0, len(sample.z))])
        known = np.isfinite(sample.z) & np.isfinite(past).all(axis=1)
        if int(known.sum()) < self.minimum:
            raise Refusal(
                f"{self.name}: {sample.id} and its drivers are known together in {int(known.sum())} periods, "
                f"needs at least {self.minimum}"
            )
        mean, precision = self._prior(sample, drivers, design, known)
        fits = [_gls(sample.z, design, known, rho, mean, precision) for rho in MEMORIES]
        best = int(np.argmax([one[0] for one in fits]))
        _, coefficients, covariance, size = fits[best]
        values, vectors = np.linalg.eigh(covariance)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        degrees = float(known.sum()) - 1 - len(drivers)
        return _Fit(drivers, float(MEMORIES[best]), coefficients, root, size, degrees)

    def _found(self, sample: Sample) -> tuple[_Driver, ...]:
        covariates = self._covariates
        wanted = list(self.drivers)
        if covariates is not None and not wanted:
            wanted = [c for c in covariates.ids if not c.startswith(NOT_DRIVERS) and c not in self.fitted.ids]
        missing = [one for one in wanted if covariates is None or one not in covariates.ids]
        if missing or not wanted or covariates is None:
            lacking = ", ".join(missing) or "any"
            raise Refusal(
                f"{self.name}: {sample.id} has no driver {lacking}; give the covariates its history"
            )
        found = []
        for one in sorted(wanted):
            values = covariates.values[one].astype(float)
            if one.startswith(NOT_DRIVERS):
                values = values.loc[sample.first.ordinal :]
            past = np.asarray(
                values.loc[: sample.first.ordinal + len(sample.z) - 1].dropna(), dtype=np.float64
            )
            if len(past) < self.minimum or np.ptp(past) == 0:
                raise Refusal(f"{self.name}: {sample.id}: the driver {one} has too little history that moves")
            link = Link.choose(past)
            found.append(_Driver(one, link, values.map(lambda v, link=link: float(link.to(np.array(v))))))
        return tuple(found)

    def _span(self, sample: Sample, start: int, count: int | None = None) -> range:
        first = sample.first.ordinal + start
        return range(first, first + (len(sample.z) if count is None else count))

    def _season(self, sample: Sample, start: int, stop: int) -> Array:
        columns: list[Array] = []
        if sample.seasonal:
            angle = 2 * np.pi * np.arange(start, stop) / sample.season
            for k in range(1, min(HARMONICS, (sample.season - 1) // 2) + 1):
                columns += [np.sin(k * angle), np.cos(k * angle)]
        return np.column_stack(columns) if columns else np.empty((stop - start, 0))

    def _prior(
        self, sample: Sample, drivers: tuple[_Driver, ...], design: Array, known: Any
    ) -> tuple[Array, Array]:
        """Means and precisions of all coefficients; level and season are free but for rounding."""
        size = float(np.std(sample.z[known])) or 1.0
        mean, precision = np.zeros(design.shape[1]), np.full(design.shape[1], 1e-6 / size**2)
        ours = Link.choose(self.fitted.trimmed(sample.id).to_numpy(dtype=float), False, self.link)
        for i, one in enumerate(drivers, start=1):
            if one.link.kind == ours.kind == "log":
                mean[i], precision[i] = self.elasticity / len(drivers), self.doubt**-2
            else:
                precision[i] = (float(np.std(design[known, i])) / size) ** 2
        mean[0] = sample.z[known].mean() - design[known, 1:].mean(axis=0) @ mean[1:]
        return mean, precision

    def _simulate(
        self, sample: Sample, state: _Fit, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        end = len(sample.z)
        seed = int(rng.integers(2**31))
        ahead = np.stack([self._ahead(sample, one, steps, paths, seed) for one in state.drivers])
        sizes = spread(state.degrees, paths, rng)
        drawn = (
            state.coefficients[:, None]
            + state.root @ rng.standard_normal((len(state.coefficients), paths)) * sizes
        )
        count = len(state.drivers)
        season = self._season(sample, end, end + steps) @ drawn[1 + count :]
        driven = np.einsum("kp,ksp->sp", drawn[1 : 1 + count], ahead)
        last = np.array([one.values.get(sample.first.ordinal + end - 1, np.nan) for one in state.drivers])
        now = np.concatenate([[1.0], last, self._season(sample, end - 1, end)[0]])
        rest = sample.z[-1] - now @ drawn if np.isfinite(now).all() else np.zeros(paths)
        errors = np.empty((steps, paths))
        for t in range(steps):
            rest = state.memory * rest + state.size * sizes * rng.standard_normal(paths)
            errors[t] = rest
        out = drawn[0] + driven + season + errors
        state.told = {
            "parts": {
                "level": np.median(drawn[0] + errors, axis=1),
                "drivers": np.median(driven, axis=1),
                "season": np.median(season, axis=1),
            },
            "weights": {one.name: float(state.coefficients[1 + i]) for i, one in enumerate(state.drivers)},
            "drivers_part_of_band": round(part(driven[-1], np.exp(out[-1] - out[-1].mean())), 4),
            "drivers_ahead": "given joint paths" if self._given is not None else dict(self.driver_model),
        }
        return np.asarray(out)

    def _ahead(self, sample: Sample, driver: _Driver, steps: int, paths: int, seed: int) -> Array:
        """A driver's paths on its link's scale, (steps, paths), from the period after the sample's last."""
        first = sample.first + len(sample.z)
        span = self._span(sample, len(sample.z), steps)
        out = np.repeat(driver.values.reindex(span).to_numpy(dtype=float)[:, None], paths, axis=1)
        unknown = np.isnan(out[:, 0])
        if not unknown.any():
            return out
        forecast = (
            self._given if self._given is not None else self._own(driver, first + (steps - 1), paths, seed)
        )
        if forecast.kind is not first.kind or driver.name not in forecast.ids:
            raise PeriodError(f"{self.name}: the given paths hold no {driver.name} by {first.kind}")
        if forecast.paths.shape[2] != paths:
            raise DataError(
                f"{self.name}: {forecast.paths.shape[2]} given and {paths} wanted draws cannot be aligned"
            )
        rows = np.arange(steps)[unknown] + (first - forecast.first)
        if rows.min() < 0 or rows.max() >= forecast.steps:
            raise DataError(
                f"{self.name}: {driver.name} is neither known nor given from {first} to {first + (steps - 1)}"
            )
        out[unknown] = driver.link.to(forecast.of(driver.name)[rows])
        return out

    def _own(self, driver: _Driver, horizon: Any, paths: int, seed: int) -> Forecast:
        from forecasting.models import build

        if self._covariates is None:
            raise DataError(f"{self.name}: predict before fit; call fit(panel) first")
        spec = {key: value for key, value in self.driver_model.items() if key != "model"}
        panel = Panel(self._covariates.kind, self._covariates.values[[driver.name]])
        last = panel.trimmed(driver.name).index[-1]
        panel = Panel(panel.kind, panel.values.loc[:last])
        return (
            build(str(self.driver_model["model"]), spec).fit(panel).predict(horizon, paths=paths, seed=seed)
        )

    def _explain(self, sample: Sample, state: _Fit, steps: int) -> dict[str, Any]:
        del sample, steps
        return dict(state.told)


def _gls(
    z: Array, design: Array, known: Any, rho: float, mean: Array, precision: Array
) -> tuple[float, Array, Array, float]:
    """Posterior score at a memory of the errors, the coefficients, their covariance, the size of a shock."""
    rows = np.flatnonzero(known)
    follows = np.concatenate([[False], np.diff(rows) == 1])
    before = np.concatenate([[rows[0]], rows[:-1]])
    start = np.sqrt(1 - rho**2)
    y = np.where(follows, z[rows] - rho * z[before], start * z[rows])
    x = np.where(follows[:, None], design[rows] - rho * design[before], start * design[rows])
    variance = float(np.var(y)) or 1.0
    for _ in range(4):
        curved = x.T @ x / variance + np.diag(precision)
        covariance = np.linalg.inv(curved)
        coefficients = covariance @ (x.T @ y / variance + precision * mean)
        rest = y - x @ coefficients
        variance = max(float(rest @ rest) / max(len(y) - 2, 1), 1e-12)
    score = -0.5 * len(y) * np.log(variance) + float((~follows).sum()) * np.log(start)
    score -= 0.5 * float(precision @ (coefficients - mean) ** 2)
    return score, coefficients, covariance, float(np.sqrt(variance))
