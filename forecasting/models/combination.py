"""Several models together: the middle of them, draw by draw."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import ConfigError, Refusal
from forecasting.frames import Array, Panel
from forecasting.models.base import Forecaster, seed_of
from forecasting.models.paths import levels


@dataclass
class Combination(Forecaster):
    """What :class:`Median` and :class:`TrimmedMean` share.

    ``members`` are ``{"model": name, parameter: value, ...}``. A member that refuses a series is left out of
    that series and named in ``explanation``; when all refuse, so does the combination.
    """

    minimum: ClassVar[int] = 1

    members: tuple[Mapping[str, Any], ...] = (
        {"model": "damped_drift"},
        {"model": "ets"},
        {"model": "structural"},
    )

    _fitted: dict[str, list[Forecaster]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _dropped: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _late: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def explanation(self) -> tuple[str, ...]:
        """One line for each member left out of a series, in its own words."""
        return tuple(
            f"{id}: {why}" for id in self._dropped for why in self._dropped[id] + self._late.get(id, [])
        )

    @abstractmethod
    def _middle(self, stack: Array) -> Array:
        """From (members, steps, paths) sorted by draw to (steps, paths)."""

    def _fit(self, panel: Panel) -> None:
        if not self.members:
            raise ConfigError(f"{self.name}: no members are named")
        self._fitted = {id: [] for id in panel.ids}
        self._dropped = {id: [] for id in panel.ids}
        self._late = {}
        for spec in self.members:
            try:
                whole = self._build(spec).fit(panel, self._covariates)
            except Refusal:
                self._fit_each(spec, panel)
            else:
                for id in panel.ids:
                    self._fitted[id].append(whole)
        for id in panel.ids:
            self._require(id, len(self._fitted[id]))

    def _fit_each(self, spec: Mapping[str, Any], panel: Panel) -> None:
        for id in panel.ids:
            try:
                self._fitted[id].append(self._build(spec).fit(panel.only(id), self._covariates))
            except Refusal as refusal:
                self._dropped[id].append(refusal.message)

    def _build(self, spec: Mapping[str, Any]) -> Forecaster:
        from forecasting.models import build

        if "model" not in spec:
            raise ConfigError(f"{self.name}: a member has no key 'model': {dict(spec)}")
        return build(str(spec["model"]), {key: value for key, value in spec.items() if key != "model"})

    def _require(self, id: str, left: int) -> None:
        if not left:
            reasons = "; ".join(self._dropped[id] + self._late.get(id, []))
            raise Refusal(f"{self.name}: every member refused {id}: {reasons}")

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        panel = self.fitted
        self._late = {one: [] for one in panel.ids}
        stacks: dict[str, list[Array]] = {one: [] for one in panel.ids}
        for member, served in self._members_and_series():
            try:
                ahead = member.predict(panel.last + steps, paths=paths, seed=seed)
            except Refusal as refusal:
                for one in served:
                    self._late[one].append(refusal.message)
            else:
                for one in served:
                    stacks[one].append(ahead.of(one))
        for one in panel.ids:
            self._require(one, len(stacks[one]))
        return np.stack([self._combined(stacks[one], seed_of(seed, self.name, one)) for one in panel.ids])

    def _members_and_series(self) -> list[tuple[Forecaster, list[str]]]:
        found: list[tuple[Forecaster, list[str]]] = []
        for one, members in self._fitted.items():
            for member in members:
                served = next((names for other, names in found if other is member), None)
                if served is None:
                    found.append((member, [one]))
                else:
                    served.append(one)
        return found

    def _combined(self, members: list[Array], rng: np.random.Generator) -> Array:
        """The middle of quantiles in every period, put in the order of the middle of whole paths."""
        whole = np.stack([paths[:, np.argsort(levels(paths), kind="stable")] for paths in members])
        order = np.argsort(np.argsort(self._middle(whole), axis=1, kind="stable"), axis=1)
        marginal = self._middle(np.sort(np.stack(members), axis=2))
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

    def _middle(self, stack: Array) -> Array:
        return np.asarray(np.median(stack, axis=0))


@dataclass
class TrimmedMean(Combination):
    """The mean of several models, draw by draw, without the lowest and highest ``trim`` of them.

    Source: Jose & Winkler, Simple robust averages of forecasts (International Journal of Forecasting 24,
    2008). Joined as in :class:`Median`.
    """

    name: ClassVar[str] = "trimmed_mean"

    trim: float = 0.2

    def _middle(self, stack: Array) -> Array:
        cut = min(int(np.ceil(self.trim * len(stack))), (len(stack) - 1) // 2)
        return np.asarray(np.sort(stack, axis=0)[cut : len(stack) - cut].mean(axis=0))
