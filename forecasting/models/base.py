"""The Forecaster: parameters are fields, ``fit`` and ``predict`` check, ``_fit`` and ``_predict`` compute."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from forecasting.errors import DataError, PeriodError, Refusal
from forecasting.frames import Array, Forecast, Panel
from forecasting.models.certificate import Certificate, shape, simulated, stretch
from forecasting.models.links import Link, Scale, ceiling_of
from forecasting.models.parameters import NotNegative, Positive
from forecasting.models.regressors import usable_regressors
from forecasting.periods import Period

FEWEST_LEARNT_FROM = 24


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

    Sub-classes are dataclasses: their fields are their parameters, what is logged is what they are.
    ``minimum`` is the number of observations below which a model refuses by name, ``band`` says how its paths
    get their width. ``separable`` promises the same numbers to series fitted together as to each alone.

    After :meth:`predict`, ``certificate`` says of each series' band how it was made and what it is known to
    hold, and ``explanation`` what its forecast is made of: ``parts`` (lists, one number a step, on the scale
    named by ``scale``, adding up to the central line), ``weights`` of members or drivers, ``left_out``, and
    whatever else a model can tell. With ``explains`` switched off, parts are not worked out.
    """

    name: ClassVar[str]
    minimum: ClassVar[int] = 3
    band: ClassVar[str] = "simulated paths of the model"
    separable: ClassVar[bool] = False

    certificate: dict[str, Certificate] = field(default_factory=dict, init=False, repr=False, compare=False)
    explanation: dict[str, dict[str, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    explains: bool = field(default=True, init=False, repr=False, compare=False)

    _panel: Panel | None = field(default=None, init=False, repr=False, compare=False)
    _covariates: Panel | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def pooled(self) -> bool:
        """Whether what it gives a series also depends on the others of its panel, from all of which it learns."""
        return False

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields, by name, ready for JSON."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.init}

    @property
    def fitted(self) -> Panel:
        if self._panel is None:
            raise DataError(f"{self.name}: predict before fit; call fit(panel) first")
        return self._panel

    def fit(self, panel: Panel, covariates: Panel | None = None) -> Self:
        """Learn from every series of a panel.

        ``covariates`` holds regressors of the same period kind that reach as far as the horizon will.
        Raises :class:`Refusal`, with their words by series, when some are too short or not finite; a
        :class:`~forecasting.models.pool.Pool` goes on with the rest.
        """
        if not panel.ids:
            raise Refusal(f"{self.name}: the panel holds no series")
        if covariates is not None and covariates.kind is not panel.kind:
            raise PeriodError(f"{self.name}: covariates are {covariates.kind}, the panel is {panel.kind}")
        refused = {id: f"{self.name}: {id} {why}" for id in panel.ids if (why := self._unfit(panel, id))}
        if refused:
            raise Refusal.of(refused)
        self._panel, self._covariates = panel, covariates
        self.certificate, self.explanation = {}, {}
        self._fit(panel)
        return self

    def _unfit(self, panel: Panel, id: str) -> str:
        known = panel.observed(id)
        if known < self.minimum:
            return f"has {known} observation(s), needs at least {self.minimum}"
        return "holds an infinite value" if np.isinf(panel.column(id)).any() else ""

    def predict(self, horizon: Period, *, paths: int = 1000, seed: int) -> Forecast:
        """Joint sample paths from the period after the panel's last to the horizon, both included.

        A series that ends before the panel's last period is forecast from its own end and cut to the common
        range. Where the sum of a gap is known, draws are pooled over possible pasts that keep it. Raises
        :class:`Refusal` when the model produces something that is not a number.
        """
        panel = self.fitted
        steps = horizon - panel.last
        if steps < 1:
            raise PeriodError(f"{self.name}: horizon {horizon} is not after {panel.last}")
        if panel.sums:
            from forecasting.models.gaps import possible_pasts

            pasts = possible_pasts(panel, seed)
            if len(pasts) > 1:
                return self._over(pasts, horizon, paths, seed)
        draws = self._predict(steps, paths, seed)
        wild = [id for id, one in zip(panel.ids, draws, strict=True) if not np.isfinite(one).all()]
        if wild:
            raise Refusal.of({id: f"{self.name}: {id} has paths that are not finite numbers" for id in wild})
        for id in panel.ids:
            known = panel.observed(id)
            self.certificate.setdefault(id, Certificate(self.band, 0, known))
            self.explanation.setdefault(id, {})
        names = dict.fromkeys(panel.ids, self.name)
        return Forecast(
            tuple(panel.ids), panel.last + 1, draws, {i: panel.units.get(i, "1") for i in panel.ids}, names
        )

    def _over(self, pasts: Sequence[Panel], horizon: Period, paths: int, seed: int) -> Forecast:
        """Draws pooled over possible pasts; certificate and explanation are those of the first."""
        made = []
        for number, past in enumerate(pasts):
            share = paths // len(pasts) + (number < paths % len(pasts))
            if share == 0:
                continue
            one = copy(self)
            made.append(one.fit(past, self._covariates).predict(horizon, paths=share, seed=seed + number))
            if number == 0:
                self.certificate, self.explanation = one.certificate, one.explanation
        return replace(made[0], paths=np.concatenate([forecast.paths for forecast in made], axis=2))

    @abstractmethod
    def _fit(self, panel: Panel) -> None: ...

    @abstractmethod
    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        """Paths of shape (series, steps, paths) starting one period after the panel's last."""


@dataclass(frozen=True)
class Sample:
    """One series as a local model sees it, on the link's scale.

    ``z`` runs from the first to the last observation (NaN in gaps); ``first`` is its first period;
    ``season`` the periods in a year; ``regressors`` has one column for each regressor the sample can tell
    something about and rows from ``first`` to as far as they are known; ``regressor_names`` names them.
    """

    id: str
    z: Array
    first: Period
    season: int
    regressors: Array | None = None
    regressor_names: tuple[str, ...] = ()

    @cached_property
    def observed(self) -> int:
        """How many periods have an observation."""
        return int(np.isfinite(self.z).sum())

    @property
    def seasonal(self) -> bool:
        """Whether there are two whole years to learn a season from."""
        return self.season > 1 and self.observed >= 2 * self.season + 1

    @cached_property
    def constant(self) -> bool:
        """Whether every observation is the same, so that there is nothing to learn but the level."""
        known = self.z[~np.isnan(self.z)]
        lowest, highest = float(known.min()), float(known.max())
        return highest - lowest <= 1e-12 * max(1.0, highest, -lowest)

    @property
    def past(self) -> Array | None:
        """The regressors in the sample, (periods, columns)."""
        return None if self.regressors is None else self.regressors[: len(self.z)]

    def ahead(self, steps: int) -> Array | None:
        """The regressors after the sample; raises :class:`DataError` when they end before the horizon."""
        if self.regressors is None:
            return None
        rows = self.regressors[len(self.z) : len(self.z) + steps]
        if len(rows) < steps or np.isnan(rows).any():
            names = ", ".join(self.regressor_names)
            raise DataError(
                f"{self.id}: regressors {names} end before {self.first + (len(self.z) + steps - 1)}"
            )
        return rows


@dataclass
class LocalForecaster(Forecaster):
    """A model fitted to one series at a time on the scale of a link chosen by the data.

    Sub-classes implement :meth:`_learn` and :meth:`_simulate`; the scale, the ceiling, ragged ends and seeds
    are handled here, and the correction of bands from few observations
    (:mod:`forecasting.models.certificate`). A series whose observations are all the same is forecast as that
    constant. ``jump_off`` is the relative size (one standard deviation) of the revision still to come to the
    last figure, which moves whole paths; :func:`forecasting.data.revisions.jump_off` knows it. ``history`` is
    the number of last years learnt from (None: all), never fewer than 24 observations where there are so
    many: a market that grew a thousandfold was, on the log scale, far wilder when it was small.
    """

    link: Scale = field(default="auto", kw_only=True)
    history: Positive | None = field(default=5.0, kw_only=True)
    jump_off: NotNegative = field(default=0.0, kw_only=True)

    _states: dict[str, tuple[Sample, Link, Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @abstractmethod
    def _learn(self, sample: Sample) -> Any:
        """Whatever :meth:`_simulate` needs; raise :class:`Refusal` to decline the series."""

    @abstractmethod
    def _simulate(
        self, sample: Sample, state: Any, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        """Paths on the link's scale, (steps, paths), from the period after the sample's last."""

    def _evidence(self, sample: Sample, state: Any) -> int:
        """How many past errors stand behind the width of the paths."""
        del state
        return sample.observed

    def _explain(self, sample: Sample, state: Any, steps: int) -> dict[str, Any]:
        """What the forecast is made of; ``parts`` are arrays over the steps, on the link's scale."""
        del sample, state, steps
        return {}

    def _study(self, samples: Sequence[Sample]) -> None:
        """What global models learn from all series together, before :meth:`_learn` sees each."""

    def _fit(self, panel: Panel) -> None:
        self._states = {}
        sampled = {id: self._sample(panel, id) for id in panel.ids}
        self._study([sampled[id][0] for id in sorted(sampled)])
        refused: dict[str, Refusal] = {}
        for id, (sample, link) in sampled.items():
            try:
                self._states[id] = (sample, link, None if sample.constant else self._learn(sample))
            except Refusal as refusal:
                refused[id] = refusal
        if refused:
            told = {id: refusal.message for id, refusal in refused.items()}
            raise Refusal.of(told) from next(iter(refused.values()))

    def _sample(self, panel: Panel, id: str) -> tuple[Sample, Link]:
        y = panel.column(id)
        known = np.flatnonzero(~np.isnan(y))
        if self.history is not None:
            enough = known[max(len(known) - FEWEST_LEARNT_FROM, 0)]
            start = min(enough, known[-1] + 1 - round(self.history * panel.kind.per_year))
            known = known[known >= start]
        first, y = panel.first + int(known[0]), y[known[0] : known[-1] + 1]
        ceiling = ceiling_of(panel, id, first, len(y))
        link = Link.choose(y, ceiling is not None, self.link)
        z = link.to(y, np.inf if ceiling is None else ceiling)
        names, rows = usable_regressors(self._covariates, first, z)
        return Sample(id, z, first, panel.kind.per_year, rows, names), link

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        return np.stack([self._paths(id, steps, paths, seed) for id in self.fitted.ids])

    def _paths(self, id: str, steps: int, paths: int, seed: int) -> Array:
        panel = self.fitted
        sample, link, state = self._states[id]
        behind = panel.last - (sample.first + (len(sample.z) - 1))
        count = behind + steps
        if sample.constant:
            ahead = np.full((count, paths), last_level(sample.z))
            self.certificate[id] = Certificate("a constant series stays constant", 0, sample.observed)
        else:
            ahead = self._simulate(sample, state, count, paths, seed_of(seed, self.name, id))
            ahead = stretch(ahead, *shape(self.name, sample.observed))
            points, alone = self._evidence(sample, state), not self.pooled or len(panel.ids) == 1
            known = simulated(self.name, sample.observed) if alone else None
            self.certificate[id] = Certificate(self.band, points, sample.observed, *(known or ()))
            if self.explains:
                self.explanation[id] = _listed(link.kind, behind, self._explain(sample, state, count))
        start = sample.first + len(sample.z)
        ceiling = ceiling_of(panel, id, start, count)
        y = link.back(ahead, np.inf if ceiling is None else ceiling[:, None])
        if self.jump_off > 0:
            moved = seed_of(seed, "jump-off", id).standard_normal(paths)
            y = y * np.exp(self.jump_off * moved)
            y = y if ceiling is None else np.minimum(y, ceiling[:, None])
        return np.asarray(y[behind:])


def _listed(scale: str, behind: int, told: dict[str, Any]) -> dict[str, Any]:
    parts = {name: np.asarray(part)[behind:].tolist() for name, part in told.pop("parts", {}).items()}
    return {"scale": scale, "parts": parts, **told} if parts else told


def last_level(z: Array) -> float:
    """The last observation on the model's scale; a sample never ends in a gap."""
    value = float(z[-1])
    if math.isnan(value):
        raise DataError("a sample ends in a gap")
    return value
