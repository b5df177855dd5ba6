"""The Forecaster: parameters are its fields, ``fit`` and ``predict`` check, ``_fit`` and ``_predict`` compute."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from forecasting.errors import DataError, PeriodError, Refusal
from forecasting.frames import Array, Forecast, Panel
from forecasting.models.links import Link
from forecasting.periods import Period


def seed_of(seed: int, *parts: str) -> np.random.Generator:
    """A generator that depends on the run's seed and on names, never on the order of series.

    >>> bool(seed_of(1, "ets", "in.ev.2w").random() == seed_of(1, "ets", "in.ev.2w").random())
    True
    """
    digest = hashlib.sha256("\x1f".join([str(seed), *parts]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


@dataclass
class Forecaster(ABC):
    """Something that learns from a panel and gives joint sample paths.

    Sub-classes are dataclasses: their fields are their parameters, what is logged is what they are. ``minimum``
    is the number of observations below which a model refuses by name.
    """

    name: ClassVar[str]
    minimum: ClassVar[int] = 3

    _panel: Panel | None = field(default=None, init=False, repr=False, compare=False)
    _covariates: Panel | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields, by name, ready for JSON."""
        return {key: value for key, value in asdict(self).items() if not key.startswith("_")}

    @property
    def fitted(self) -> Panel:
        if self._panel is None:
            raise DataError(f"{self.name}: predict before fit; call fit(panel) first")
        return self._panel

    def fit(self, panel: Panel, covariates: Panel | None = None) -> Self:
        """Learn from every series of a panel.

        ``covariates`` holds regressors of the same period kind that reach as far as the horizon will.
        Raises :class:`Refusal` when a series is too short or not finite.
        """
        if not panel.ids:
            raise Refusal(f"{self.name}: the panel holds no series")
        if covariates is not None and covariates.kind is not panel.kind:
            raise PeriodError(f"{self.name}: covariates are {covariates.kind}, the panel is {panel.kind}")
        for id in panel.ids:
            known = int(panel.values[id].notna().sum())
            if known < self.minimum:
                raise Refusal(f"{self.name}: {id} has {known} observation(s), needs at least {self.minimum}")
            if np.isinf(panel.values[id].to_numpy(dtype=float)).any():
                raise Refusal(f"{self.name}: {id} holds an infinite value")
        self._panel, self._covariates = panel, covariates
        self._fit(panel)
        return self

    def predict(self, horizon: Period, *, paths: int = 1000, seed: int) -> Forecast:
        """Joint sample paths from the period after the panel's last to the horizon, both included.

        A series that ends before the panel's last period is forecast from its own end and cut to the common
        range. Raises :class:`Refusal` when the model produces something that is not a number.
        """
        panel = self.fitted
        steps = horizon - panel.last
        if steps < 1:
            raise PeriodError(f"{self.name}: horizon {horizon} is not after {panel.last}")
        draws = self._predict(steps, paths, seed)
        for id, one in zip(panel.ids, draws, strict=True):
            if not np.isfinite(one).all():
                raise Refusal(f"{self.name}: {id} has paths that are not finite numbers")
        names = {id: self.name for id in panel.ids}
        return Forecast(tuple(panel.ids), panel.last + 1, draws, {i: panel.units.get(i, "1") for i in panel.ids}, names)

    @abstractmethod
    def _fit(self, panel: Panel) -> None: ...

    @abstractmethod
    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        """Paths of shape (series, steps, paths) starting one period after the panel's last."""


@dataclass(frozen=True)
class Sample:
    """One series as a local model sees it, on the link's scale.

    ``z`` runs from the first to the last observation (NaN in gaps); ``first`` is its first period; ``season``
    the periods in a year; ``regressors`` has the columns of the covariates and rows from ``first`` to as far
    as they are known.
    """

    id: str
    z: Array
    first: Period
    season: int
    regressors: Array | None = None

    @property
    def seasonal(self) -> bool:
        """Whether there are two whole years to learn a season from."""
        return self.season > 1 and int(np.isfinite(self.z).sum()) >= 2 * self.season + 1


@dataclass
class LocalForecaster(Forecaster):
    """A model fitted to one series at a time on the scale of a link chosen by the data.

    Sub-classes implement :meth:`_learn` and :meth:`_simulate`; the scale, the ceiling, ragged ends and seeds
    are handled here.
    """

    link: str = field(default="auto", kw_only=True)

    _states: dict[str, tuple[Sample, Link, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @abstractmethod
    def _learn(self, sample: Sample) -> Any:
        """Whatever :meth:`_simulate` needs; raise :class:`Refusal` to decline the series."""

    @abstractmethod
    def _simulate(self, sample: Sample, state: Any, steps: int, paths: int, rng: np.random.Generator) -> Array:
        """Paths on the link's scale, (steps, paths), from the period after the sample's last."""

    def _fit(self, panel: Panel) -> None:
        self._states = {}
        for id in panel.ids:
            values = panel.trimmed(id)
            first = Period(panel.kind, int(values.index[0]))
            y = values.to_numpy(dtype=float)
            ceiling = _ceiling(panel, id, first, len(y))
            link = Link.choose(y, ceiling is not None, self.link)
            z = link.to(y, np.inf if ceiling is None else ceiling)
            sample = Sample(id, z, first, panel.kind.per_year, self._regressors(first))
            self._states[id] = (sample, link, self._learn(sample))

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        panel = self.fitted
        drawn = []
        for id in panel.ids:
            sample, link, state = self._states[id]
            behind = panel.last - (sample.first + (len(sample.z) - 1))
            ahead = self._simulate(sample, state, behind + steps, paths, seed_of(seed, self.name, id))
            start = sample.first + len(sample.z)
            ceiling = _ceiling(panel, id, start, behind + steps)
            y = link.back(ahead, np.inf if ceiling is None else ceiling[:, None])
            drawn.append(y[behind:])
        return np.stack(drawn)

    def _regressors(self, first: Period) -> Array | None:
        if self._covariates is None:
            return None
        rows = self._covariates.values.loc[first.ordinal :]
        return rows.to_numpy(dtype=float)


def _ceiling(panel: Panel, id: str, first: Period, count: int) -> Array | None:
    if panel.ceilings is None or id not in panel.ceilings:
        return None
    wanted = panel.ceilings[id].reindex(range(first.ordinal, first.ordinal + count)).to_numpy(dtype=float)
    if np.isnan(wanted).any():
        missing = first + int(np.flatnonzero(np.isnan(wanted))[0])
        raise DataError(f"{id}: its ceiling is unknown in {missing}; extend the panel's ceilings to the horizon")
    return wanted


def last_level(z: Array) -> float:
    """The last observation on the model's scale; a sample never ends in a gap."""
    value = float(z[-1])
    if math.isnan(value):
        raise DataError("a sample ends in a gap")
    return value
