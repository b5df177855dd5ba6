"""The automatic models of ``statsforecast``, each under its own name, with bands from their own past errors."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array
from forecasting.models import intervals
from forecasting.models.base import LocalForecaster, Sample
from forecasting.models.statespace import Standard


class Unfitted(Exception):
    """The library could not fit a model, in its own words."""


@dataclass(frozen=True)
class Judged:
    """A standardised sample, and the errors a model made from its last origins: (origins, steps), NaN unknown."""

    standard: Standard
    z: Array
    season: int
    errors: Array
    step: float
    points: dict[int, Array] = field(default_factory=dict)


@dataclass
class Univariate(LocalForecaster):
    """What the wrappers share: gaps refused by name, standardised link scale, bands by error trajectories.

    ``origins`` is the number of past origins whose errors are measured; their number, and what is drawn from
    public competition series, is in the certificate (:mod:`forecasting.models.intervals`). Growth is the
    model's own, without a bound: these are models for a year or two.
    """

    minimum: ClassVar[int] = intervals.SHORTEST
    band: ClassVar[str] = "past multi-step errors, shrunk to those of public competition series"
    separable: ClassVar[bool] = True

    origins: int = 6

    @abstractmethod
    def _model(self, season: int) -> Any:
        """The model of the library, not fitted."""

    def _ahead(self, z: Array, season: int, steps: int) -> Array:
        with _asked():
            return np.asarray(self._model(season).forecast(z, steps)["mean"], dtype=float)

    def _past(self, z: Array, season: int, hidden: int) -> Array:
        """The forecast of the last ``hidden`` values without them."""
        return self._ahead(z[: len(z) - hidden], season, hidden)

    def _learn(self, sample: Sample) -> Judged:
        if not np.isfinite(sample.z).all():
            missing = int(np.isnan(sample.z).sum())
            raise Refusal(f"{self.name}: {sample.id} has {missing} gap(s), and this model takes none")
        standard = Standard.of(sample.z)
        z, season = standard.to(sample.z), sample.season if sample.seasonal else 1
        hidden = intervals.cuts(len(z), season, self.origins)
        errors = np.full((len(hidden), max(hidden, default=1)), np.nan)
        for row, count in enumerate(hidden):
            try:
                errors[row, :count] = z[-count:] - self._past(z, season, count)
            except Unfitted:
                continue
        errors[~np.isfinite(errors)] = np.nan
        return Judged(standard, z, season, errors, intervals.typical_step(z, season))

    def _evidence(self, sample: Sample, state: Judged) -> int:
        del sample
        return int(np.isfinite(state.errors[:, 0]).sum())

    def _point(self, sample: Sample, state: Judged, steps: int) -> Array:
        if steps not in state.points:
            try:
                point = self._ahead(state.z, state.season, steps)
            except Unfitted as error:
                raise Refusal(f"{self.name}: {sample.id} could not be fitted: {error}") from error
            if not np.isfinite(point).all():
                raise Refusal(f"{self.name}: {sample.id} has a forecast that is not a finite number")
            state.points[steps] = point
        return state.points[steps]

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        for sample, _, state in self._states.values():
            if state is not None:
                behind = self.fitted.last - (sample.first + (len(sample.z) - 1))
                self._point(sample, state, behind + steps)
        return super()._predict(steps, paths, seed)

    def _simulate(
        self, sample: Sample, state: Judged, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        table = intervals.scales(sample.season)
        width = intervals.widths(state.errors, np.asarray(state.step), table, steps)
        drawn = intervals.trajectories(state.errors, width, table, steps, paths, rng)
        point = state.standard.back(self._point(sample, state, steps))
        return point[:, None] + state.standard.size * drawn

    def _explain(self, sample: Sample, state: Judged, steps: int) -> dict[str, Any]:
        point = state.standard.back(self._point(sample, state, steps))
        season = np.zeros(steps)
        if state.season > 1 and steps >= state.season:
            phases = np.arange(steps) % state.season
            rest = point - np.polyval(np.polyfit(np.arange(steps), point, 1), np.arange(steps))
            season = np.array([rest[phases == phase].mean() for phase in range(state.season)])[phases]
        line = point - season
        level = np.full(steps, line[0])
        return {"parts": {"level": level, "trend": line - level, "season": season}}


@dataclass
class AutoETS(Univariate):
    """Exponential smoothing chosen by AICc.

    Source: Hyndman, Koehler, Snyder & Grose (International Journal of Forecasting 18, 2002), by
    ``statsforecast``, on the link's scale, where only additive forms apply.

    >>> from forecasting.frames import Panel
    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): 1.1 ** (y % 100) + y % 3 for y in range(2010, 2026)}})
    >>> model = AutoETS().fit(panel)
    >>> model.predict(Period.parse("FY2028"), paths=20, seed=1).paths.shape, model.certificate["a"].observations
    ((1, 3, 20), 16)
    """

    name: ClassVar[str] = "auto_ets"

    damped: bool | None = None

    def _model(self, season: int) -> Any:
        from statsforecast.models import AutoETS as Model

        return Model(season_length=season, damped=self.damped)


@dataclass
class AutoARIMA(Univariate):
    """Seasonal ARIMA of orders chosen by AICc.

    Source: Hyndman & Khandakar (Journal of Statistical Software 27, 2008), by ``statsforecast``. The orders
    and coefficients of the whole sample are used at the past origins too, which makes those errors a little
    too small; the correction of short samples knows.
    """

    name: ClassVar[str] = "auto_arima"

    approximation: bool = False

    _chosen: Any = field(default=None, init=False, repr=False, compare=False)

    def _model(self, season: int) -> Any:
        from statsforecast.models import AutoARIMA as Model

        return Model(season_length=season, approximation=self.approximation)

    def _learn(self, sample: Sample) -> Judged:
        self._chosen = None
        return super()._learn(sample)

    def _past(self, z: Array, season: int, hidden: int) -> Array:
        with _asked():
            if self._chosen is None:
                self._chosen = self._model(season).fit(z)
            return np.asarray(self._chosen.forward(z[: len(z) - hidden], hidden)["mean"], dtype=float)


@dataclass
class Theta(Univariate):
    """The Theta method: half the slope of the line through the sample, and simple exponential smoothing.

    Source: Assimakopoulos & Nikolopoulos (International Journal of Forecasting 16, 2000), by
    ``statsforecast``, with an additive season where the autocorrelation shows one.
    """

    name: ClassVar[str] = "theta"

    def _model(self, season: int) -> Any:
        from statsforecast.models import Theta as Model

        return Model(season_length=season, decomposition_type="additive")


@dataclass
class OptimisedTheta(Univariate):
    """The Theta method with its weight of the slope fitted.

    Source: Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler (International Journal of Forecasting 32,
    2016), by ``statsforecast``; ``dynamic`` lets the slope follow the sample.
    """

    name: ClassVar[str] = "optimised_theta"

    dynamic: bool = True

    def _model(self, season: int) -> Any:
        from statsforecast.models import DynamicOptimizedTheta, OptimizedTheta

        model = DynamicOptimizedTheta if self.dynamic else OptimizedTheta
        return model(season_length=season, decomposition_type="additive")


@dataclass
class AutoCES(Univariate):
    """Complex exponential smoothing, its form chosen by AICc.

    Source: Svetunkov, Kourentzes & Ord (Naval Research Logistics 69, 2022), by ``statsforecast``.
    """

    name: ClassVar[str] = "auto_ces"

    def _model(self, season: int) -> Any:
        from statsforecast.models import AutoCES as Model

        return Model(season_length=season)


@contextmanager
def _asked() -> Iterator[None]:
    """The library at work, silenced; it raises bare exceptions, which are given a name here."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        raise Unfitted(str(error) or type(error).__name__) from error
