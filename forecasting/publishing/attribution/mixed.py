"""Inputs of two editions mixed: for each cause either as it was in the last edition or as it is now.

Causes and what they cover:

* *new data*: figures of periods of which nothing was known, and the day up to which figures are known;
* *revised data*: figures changed, added or withdrawn for periods already known;
* *driver forecasts*: figures and recipes of the drivers, the series that bound or feed others;
* *assumptions*: ``assumptions.yaml``; *events and scenarios*: ``events.yaml``, ``breaks.yaml``, ``balance.yaml``,
  ``scenarios/``; *catalogue*: ``series.yaml``, ``sources.yaml``, ``corrections.yaml``;
* *model or recipe*: models, parameters, features, horizons and past errors of the release;
* *sampling noise*: seeds and numbers of paths.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.store import Store, reported
from forecasting.evaluation.experiment import Experiment
from forecasting.models.recipe import Recipe
from forecasting.publishing.inputs import WHENEVER, Inputs
from forecasting.publishing.release import Release

NEW, REVISED, DRIVERS = "new data", "revised data", "driver forecasts"
ASSUMPTIONS, EVENTS, CATALOGUE = "assumptions", "events and scenarios", "catalogue"
RECIPE, SAMPLING = "model or recipe", "sampling noise"
CAUSES = (NEW, REVISED, DRIVERS, ASSUMPTIONS, EVENTS, CATALOGUE, RECIPE, SAMPLING)

_FACTS = ["period", "series", "value", "unit", "source", "status", "available_at"]
_SAID = {"title", "trust", "traps", "note", "group", "source", "owner", "review_by", "why"}
T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """Everything the numbers of an edition follow from."""

    store: Store
    release: Release
    as_of: date


@dataclass
class Mixture:
    """The inputs of the last edition and of this one, and every mixture of them."""

    was: Inputs
    now: Inputs
    _differing: dict[bool, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def drivers(self) -> frozenset[str]:
        """The series that bound or feed others: those the catalogue calls drivers, and markets of parts."""
        series = _union(self.now.store.catalogue.series, self.was.store.catalogue.series)
        bounding = {one.within for one in series.values() if one.within is not None}
        named = {
            driver.series
            for side in (self.was, self.now)
            for one in side.release.experiments
            for driver in one.drivers
        }
        return frozenset({id for id, one in series.items() if one.side == "driver"} | bounding | named)

    @cached_property
    def rows(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The rows known then and now, each with the column ``differs``: nothing, ``new`` or ``revised``."""
        was, now = (_known(side) for side in (self.was, self.now))
        mine, theirs = (set(zip(*(f[name] for name in _FACTS), strict=True)) for f in (was, now))
        changed = {row[:2] for row in mine ^ theirs}
        before = set(zip(was["period"], was["series"], strict=True))
        return tuple(  # type: ignore[return-value]
            frame.assign(
                differs=[
                    "" if key not in changed else REVISED if key in before else NEW
                    for key in zip(frame["period"], frame["series"], strict=True)
                ]
            )
            for frame in (was, now)
        )

    def differing(self, of_drivers: bool) -> tuple[str, ...]:
        """The causes that differ between the two, for numbers of drivers or for all others.

        A driver has no driver: to its own numbers all figures and recipes are its own.
        """
        if of_drivers not in self._differing:
            self._differing[of_drivers] = self._found(of_drivers)
        return self._differing[of_drivers]

    def _found(self, of_drivers: bool) -> tuple[str, ...]:
        own = {cause for frame in self.rows for cause in self._moved(frame, of_drivers)}
        if self.was.as_of != self.now.as_of:
            own.add(NEW)
        was, now = self.was, self.now
        if not of_drivers and (
            any((frame["series"].isin(self.drivers) & (frame["differs"] != "")).any() for frame in self.rows)
            or _recipes(was.release, self.drivers, True) != _recipes(now.release, self.drivers, True)
        ):
            own.add(DRIVERS)
        sides = (was.store.catalogue, now.store.catalogue)
        if of_drivers:
            recipes = [_recipes(side.release, frozenset(), False) for side in (was, now)]
        else:
            recipes = [_recipes(side.release, self.drivers, False) for side in (was, now)]
        told: dict[str, list[Any]] = {
            ASSUMPTIONS: [_plain(one.assumptions) for one in sides],
            EVENTS: [_happening(one) for one in sides],
            CATALOGUE: [_believing(one) for one in sides],
            RECIPE: recipes,
            SAMPLING: [_seeds(side.release) for side in (was, now)],
        }
        own |= {cause for cause, (a, b) in told.items() if a != b}
        return tuple(cause for cause in CAUSES if cause in own)

    def _moved(self, frame: pd.DataFrame, of_drivers: bool) -> set[str]:
        mine = frame if of_drivers else frame[~frame["series"].isin(self.drivers)]
        return set(mine["differs"]) - {""}

    def place(self, on: frozenset[str], of_drivers: bool) -> tuple[frozenset[str], bool]:
        """The mixture a set of causes stands for; both ends are the same for all numbers."""
        if on >= set(self.differing(of_drivers)):
            return frozenset(CAUSES), False
        return on, of_drivers and bool(on)

    def world(self, on: frozenset[str], of_drivers: bool) -> World:
        """The inputs with the causes of a set as they are now and all others as they were."""
        was, now = self.rows
        parts = []
        for frame, is_now in ((was, False), (now, True)):
            taken = frame["differs"].map({"": not is_now, NEW: NEW in on, REVISED: (REVISED in on) == is_now})
            if not of_drivers:
                driver = frame["series"].isin(self.drivers) & (frame["differs"] != "")
                taken = taken.where(~driver, (DRIVERS in on) == is_now)
            parts.append(frame[taken.astype(bool)])
        rows = pd.concat(parts, ignore_index=True).drop(columns="differs")
        catalogue = self._catalogue(on, rows)
        return World(Store.of(catalogue, rows), self._release(on, of_drivers), self._day(on, rows))

    def _day(self, on: frozenset[str], rows: pd.DataFrame) -> date:
        """The day the figures are seen: exact at both ends, between them the day the last of them became known."""
        was, now = self.was.as_of, self.now.as_of
        if NEW in on or was == now:
            return now
        if not {REVISED, DRIVERS} & on:
            return was
        last: date = rows["available_at"].max().date()
        return max(min(was, now), last)

    def _catalogue(self, on: frozenset[str], rows: pd.DataFrame) -> Catalogue:
        sides = (self.was.store.catalogue, self.now.store.catalogue)

        def pick(cause: str) -> tuple[Catalogue, Catalogue]:
            return (sides[1], sides[0]) if cause in on else sides

        (believing, other), (happening, _), (assuming, rest) = (
            pick(CATALOGUE),
            pick(EVENTS),
            pick(ASSUMPTIONS),
        )
        there = set(zip(rows["series"], rows["period"], rows["source"], strict=True))
        return replace(
            believing,
            root=happening.root,
            series=_union(believing.series, other.series),
            sources=_union(believing.sources, other.sources),
            corrections=tuple(c for c in believing.corrections if (c.series, c.period, c.source) in there),
            events=happening.events,
            breaks=happening.breaks,
            restates=happening.restates,
            assumptions=_union(assuming.assumptions, rest.assumptions),
        )

    def _release(self, on: frozenset[str], of_drivers: bool) -> Release:
        sides = (self.was.release, self.now.release)
        own = sides[RECIPE in on]
        driving = own if of_drivers else sides[DRIVERS in on]
        drawn = sides[SAMPLING in on]
        drawing = {one.name: one for one in drawn.experiments}
        default = drawn.experiments[0]
        experiments, champions, errors = [], {}, {}
        for mine in own.experiments:
            driver = set(mine.series) <= self.drivers
            one = next((e for e in driving.experiments if driver and e.name == mine.name), mine)
            seeded = drawing.get(one.name, default)
            experiments.append(one.model_copy(update={"seed": seeded.seed, "paths": default.paths}))
            errors[one.name] = (driving if driver and one.name in driving.errors else own).errors[one.name]
        for id in [id for one in experiments for id in one.series]:
            side = driving if id in self.drivers and id in driving.champions else own
            champion = side.champions.get(id) or own.champions[id]
            seeds = (drawn.champions.get(id) or champion).recipe
            if isinstance(champion.recipe, Recipe) and isinstance(seeds, Recipe):
                drawn_as = champion.recipe.model_copy(update={"seed": seeds.seed, "paths": seeds.paths})
                champion = replace(champion, recipe=drawn_as)
            champions[id] = champion
        return replace(own, experiments=tuple(experiments), champions=champions, errors=errors)


def _known(side: Inputs) -> pd.DataFrame:
    rows = reported(side.store.catalogue, WHENEVER)
    return rows[rows["available_at"] <= pd.Timestamp(side.as_of)]


def _union(first: Mapping[str, T], second: Mapping[str, T]) -> dict[str, T]:
    """What only the other side has is kept: nothing on this side refers to it."""
    return {**first, **{id: one for id, one in second.items() if id not in first}}


def _plain(records: Mapping[str, Any]) -> dict[str, Any]:
    """Records without the words that no number follows from."""
    return {
        id: {name: _bare(value) for name, value in one.model_dump().items() if name not in _SAID}
        for id, one in records.items()
    }


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _bare(one) for name, one in value.items() if name not in ("note", "source")}
    return [_bare(one) for one in value] if isinstance(value, list | tuple) else value


def _believing(catalogue: Catalogue) -> Any:
    families = {id: one.family for id, one in catalogue.sources.items()}
    corrections = [c.model_dump(exclude={"reason"}) for c in catalogue.corrections]
    return list(_plain(catalogue.series).items()), families, corrections


def _happening(catalogue: Catalogue) -> Any:
    paths = [catalogue.root / "balance.yaml", *sorted((catalogue.root / "scenarios").glob("*.yaml"))]
    files = {path.name: path.read_bytes() for path in paths if path.is_file()}
    return _plain(catalogue.events), _plain(catalogue.breaks), catalogue.restates, files


def _recipes(release: Release, drivers: frozenset[str], of_drivers: bool) -> str:
    """Everything the release says of drivers, or of all else, but for seeds and numbers of paths."""
    told: list[Any] = []
    for one in release.experiments:
        if (bool(drivers) and set(one.series) <= drivers) == of_drivers:
            told += [_settings(one), release.errors[one.name].to_csv()]
        for id in one.series:
            if (id in drivers) == of_drivers:
                recipe = release.champions[id].recipe
                told.append([id, recipe.model_dump(include={"model", "parameters", "horizon", "series"})])
    return json.dumps(told, default=str)


def _settings(one: Experiment) -> Any:
    judging = {"about", "groups", "as_of", "backtest", "models", "metric", "margin", "promotion"}
    return one.model_dump(exclude={*judging, "seed", "paths"})


def _seeds(release: Release) -> Any:
    recipes = {id: champion.recipe for id, champion in release.champions.items()}
    drawn = {id: (one.seed, one.paths) for id, one in recipes.items() if isinstance(one, Recipe)}
    return drawn, [(one.name, one.seed, one.paths) for one in release.experiments]
