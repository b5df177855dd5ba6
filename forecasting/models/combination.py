"""Several models together: the middle of them, draw by draw."""

from __future__ import annotations

import builtins
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import ConfigError, ForecastingError, Refusal
from forecasting.frames import Array, Panel
from forecasting.models.base import Forecaster, seed_of
from forecasting.models.certificate import Certificate
from forecasting.models.parameters import Members
from forecasting.models.paths import levels
from forecasting.models.pool import Pool
from forecasting.periods import Period


@dataclass
class Combination(Forecaster):
    """What the combinations share.

    ``members`` are ``{"model": name, parameter: value, ...}``. A member that refuses a series is left out of
    that series and named in ``explanation`` beside the weights of the others; when all refuse, so does the
    combination. A pooled member learns from all series it takes, and makes the combination pooled; any other
    gives each series what it gives it alone.
    """

    minimum: ClassVar[int] = 1
    band: ClassVar[str] = "quantiles of the members, joined rank by rank"

    members: Members = (
        {"model": "damped_drift"},
        {"model": "ets"},
        {"model": "structural"},
    )

    _fitted: dict[str, dict[str, Pool]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _dropped: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _late: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def pooled(self) -> bool:
        """When one of its members is."""
        return any(self._build(spec).pooled for _, spec in self._labelled())

    @abstractmethod
    def _middle(self, stack: Array, weights: Array) -> Array:
        """From (members, steps, paths) sorted by draw to (steps, paths)."""

    def _weights(self, id: str, labels: Sequence[str]) -> Array:
        """The weights of the members that answered, adding up to one; equal unless they were learnt."""
        del id
        return np.full(len(labels), 1 / len(labels))

    def _fit(self, panel: Panel) -> None:
        if not self.members:
            raise ConfigError(f"{self.name}: no members are named")
        self._fitted = {id: {} for id in panel.ids}
        self._dropped = {id: [] for id in panel.ids}
        self._late = {}
        for label, spec in self._labelled():
            for id, found in self._fit_one(spec, panel).items():
                if isinstance(found, Pool):
                    self._fitted[id][label] = found
                else:
                    self._dropped[id].append(found)
        self._require(self._fitted)

    def _labelled(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The members by name; a name that comes again is numbered."""
        found: list[tuple[str, Mapping[str, Any]]] = []
        for spec in self.members:
            if "model" not in spec:
                raise ConfigError(f"{self.name}: a member has no key 'model': {dict(spec)}")
            before = sum(other["model"] == spec["model"] for _, other in found)
            found.append((f"{spec['model']} {before + 1}" if before else str(spec["model"]), spec))
        return found

    def _fit_one(self, spec: Mapping[str, Any], panel: Panel) -> dict[str, Pool | str]:
        """A member fitted to all series it takes when it is pooled, else to each alone; refusals in words."""
        found: dict[str, Pool | str] = {}
        for ids in [panel.ids] if self._build(spec).pooled else [[id] for id in panel.ids]:
            pool = Pool(self._build(spec), panel.only(*ids), self._seen_by(ids, panel))
            try:
                pool.fit()
            except Refusal as refusal:
                found |= dict.fromkeys(ids, refusal.message)
            else:
                found |= dict.fromkeys(ids, pool)
            found |= pool.refused
        return found

    def _seen_by(self, ids: Sequence[str], panel: Panel) -> Panel | None:
        """The covariates without the plans of the panel's other series."""
        if self._covariates is None:
            return None
        others = [id for id in panel.ids if id not in ids and id in self._covariates.values]
        if not others:
            return self._covariates
        return Panel(self._covariates.kind, self._covariates.values.drop(columns=others))

    def _build(self, spec: Mapping[str, Any]) -> Forecaster:
        from forecasting.models import build

        return build(str(spec["model"]), {key: value for key, value in spec.items() if key != "model"})

    def _require(self, left: Mapping[str, Mapping[str, object]]) -> None:
        """Refuse the series of which no member is left."""
        reasons = {id: "; ".join(self._dropped[id] + self._late.get(id, [])) for id in left if not left[id]}
        if reasons:
            raise Refusal.of(
                {id: f"{self.name}: every member refused {id}: {told}" for id, told in reasons.items()}
            )

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        panel = self.fitted
        self._late = {id: [] for id in panel.ids}
        stacks: dict[str, dict[str, Array]] = {id: {} for id in panel.ids}
        for label, _ in self._labelled():
            pools = {id: fitted[label] for id, fitted in self._fitted.items() if label in fitted}
            for id, answer in self._answers(pools, panel.last + steps, paths, seed).items():
                if isinstance(answer, str):
                    self._late[id].append(answer)
                else:
                    stacks[id][label] = answer
        self._require(stacks)
        return np.stack([self._joined(id, stacks[id], seed) for id in panel.ids])

    def _answers(
        self,
        pools: Mapping[str, Pool],
        horizon: Period,
        paths: int,
        seed: int,
        passing: type[ForecastingError] = Refusal,
    ) -> dict[str, Array | str]:
        """The paths of a member by series, asked once for each pool; errors that pass in words."""
        found: dict[str, Array | str] = {}
        for pool in {builtins.id(one): one for one in pools.values()}.values():
            try:
                made = pool.forecast(horizon, paths=paths, seed=seed)
            except passing as error:
                found |= dict.fromkeys(pool.panel.ids, error.message)
            else:
                found |= {id: made.of(id) for id in made.ids}
            found |= pool.refused
        return {id: found[id] for id in pools}

    def _joined(self, id: str, stack: dict[str, Array], seed: int) -> Array:
        labels = list(stack)
        weights = self._weights(id, labels)
        members = {label: self._fitted[id][label].model for label in labels}
        self.explanation[id] = {
            "weights": {label: round(float(w), 4) for label, w in zip(labels, weights, strict=True)},
            "left_out": self._dropped[id] + self._late.get(id, []),
            "members": {label: member.explanation.get(id, {}) for label, member in members.items()},
        }
        found = [member.certificate[id] for member in members.values()]
        self.certificate[id] = Certificate(
            f"{self.band}: {', '.join(labels)}",
            min(one.calibration_points for one in found),
            max(one.observations for one in found),
        )
        return self._combined(list(stack.values()), weights, seed_of(seed, self.name, id))

    def _combined(self, members: list[Array], weights: Array, rng: np.random.Generator) -> Array:
        """The middle of quantiles in every period, put in the order of the middle of whole paths."""
        whole = np.stack([paths[:, np.argsort(levels(paths), kind="stable")] for paths in members])
        order = np.argsort(np.argsort(self._middle(whole, weights), axis=1, kind="stable"), axis=1)
        marginal = self._middle(np.sort(np.stack(members), axis=2), weights)
        paths = np.take_along_axis(marginal, order, axis=1)
        return np.asarray(paths[:, rng.permutation(paths.shape[1])])


@dataclass
class Median(Combination):
    """The median of several models, draw by draw.

    Source: quantile averaging (Lichtendahl, Grushka-Cockayne & Winkler, Management Science 59, 2013) with
    the median, which one wild member cannot move (Petropoulos & Svetunkov, International Journal of
    Forecasting 36, 2020). Members' paths are ranked by their level and joined rank by rank, which gives the
    order of draws in time; the values of a period are the medians of the members' quantiles, so bands are as
    wide as the middle member's, not narrower for having been averaged.

    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): float(y % 7 + 5) for y in range(2015, 2026)}})
    >>> both = Median(members=({"model": "naive"}, {"model": "drift"}, {"model": "seasonal_naive"}))
    >>> both.fit(panel).predict(Period.parse("FY2027"), paths=8, seed=1).models
    {'a': 'median'}
    """

    name: ClassVar[str] = "median"

    def _middle(self, stack: Array, weights: Array) -> Array:
        del weights
        return np.asarray(np.median(stack, axis=0))


@dataclass
class TrimmedMean(Combination):
    """The mean of several models, draw by draw, without the lowest and highest ``trim`` of them.

    Source: Jose & Winkler, Simple robust averages of forecasts (International Journal of Forecasting 24,
    2008). Joined as in :class:`Median`.
    """

    name: ClassVar[str] = "trimmed_mean"

    trim: float = 0.2

    def _middle(self, stack: Array, weights: Array) -> Array:
        del weights
        cut = min(int(np.ceil(self.trim * len(stack))), (len(stack) - 1) // 2)
        return np.asarray(np.sort(stack, axis=0)[cut : len(stack) - cut].mean(axis=0))
