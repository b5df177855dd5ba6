"""The recipe of an aggregate: the recipes of its parts, put together draw by draw."""

from __future__ import annotations

import hashlib
import json
from typing import Self

import numpy as np
from pydantic import Field, ValidationError

from forecasting.catalogue import Strict
from forecasting.errors import DataError
from forecasting.frames import Forecast, Panel
from forecasting.models.paths import FEWEST_PAST, schaake
from forecasting.models.recipe import Recipe


class Member(Strict):
    """A series of a group, the recipe that forecasts it, and the covariates that recipe may see."""

    series: str
    recipe: Recipe
    covariates: tuple[str, ...] = ()


class Total(Strict):
    """The sum of some series of a group that is forecast jointly.

    ``members`` are all series of the group, ``parts`` the ids that are added, ``errors`` the aligned past
    errors (origins × members) whose ranks the draws follow; fewer than three origins leave them independent.
    """

    total: str
    parts: tuple[str, ...] = Field(min_length=1)
    members: tuple[Member, ...] = Field(min_length=1)
    errors: tuple[tuple[float, ...], ...] = ()
    seed: int

    def to_json(self) -> str:
        """Canonical JSON, as :meth:`Recipe.to_json`."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The recipe a text holds; raises :class:`DataError` when it is none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise DataError(f"this is not a recipe: {error}") from error

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def model(self) -> str:
        return "sum"

    @property
    def series(self) -> tuple[str, ...]:
        """The series it is made from: its parts, and those that pooled models of its members learn from."""
        learnt = [id for member in self.members if member.series in self.parts for id in member.recipe.series]
        return tuple(dict.fromkeys([*self.parts, *learnt]))

    def refit(self, panel: Panel, covariates: Panel | None = None, *, wanted: str | None = None) -> Forecast:
        """Make the forecast again; raises :class:`DataError` when the data are not those of the recipes.

        The only series that can be ``wanted`` of it is the total.
        """
        parts = []
        for member in self.members:
            seen = _columns(covariates, member.covariates)
            mine = panel.only(*member.recipe.series)
            parts.append(member.recipe.refit(mine, seen, wanted=member.series))
        joined = Forecast.joined(parts)
        if len(self.errors) >= FEWEST_PAST and len(parts) > 1:
            joined = schaake(joined, np.array(self.errors), self.seed)
        total = joined.total(self.total, self.parts)
        return total if wanted is None else total.only(wanted)


def _columns(covariates: Panel | None, names: tuple[str, ...]) -> Panel | None:
    if not names:
        return None
    if covariates is None:
        raise DataError(f"the recipe needs the covariates {', '.join(names)}")
    return Panel(covariates.kind, covariates.values[list(names)])


def read_recipe(text: str) -> Recipe | Total:
    """The recipe a text holds, of one series or of an aggregate; :class:`DataError` when it is none."""
    try:
        aggregate = "members" in json.loads(text)
    except ValueError as error:
        raise DataError(f"this is not a recipe: {error}") from error
    return Total.from_json(text) if aggregate else Recipe.from_json(text)
