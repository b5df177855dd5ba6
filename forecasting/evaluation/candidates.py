"""The models of an experiment file: names, parameters, grids that unfold into several, scales of the target."""

from __future__ import annotations

import math
from dataclasses import fields
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from forecasting.catalogue import Identifier, Strict
from forecasting.models import MODELS
from forecasting.models.links import Scale

MOST = 200  # models one grid may unfold into


def _one_line(label: str) -> str:
    joined = label.replace("\u200c", "").replace("\u200d", "")  # Indian scripts join letters with these two
    if label != " ".join(label.split()) or not joined.isprintable():
        raise ValueError("a label is one printable line, its words one space apart")
    return label


Label = Annotated[str, AfterValidator(_one_line), Field(json_schema_extra={"pattern": r"^(\S+( \S+)*)?$"})]


class Candidate(Strict):
    """A model that competes: its name in MODELS, its parameters, and the label it is reported under.

    ``grid`` gives several values for some parameters; every combination becomes a model of its own, labelled
    with its values. ``transform`` is the scale the model works on, another word for its parameter ``link``; either
    goes before the experiment's ``transform``. A model that chooses its own scale takes ``auto`` only.

    >>> [one.name for one in Candidate(model="ets", grid={"damping": (0.8, 0.9)}).unfolded(None)]
    ['ets(damping=0.8)', 'ets(damping=0.9)']
    """

    model: str
    label: Label = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    transform: Scale | None = None

    @model_validator(mode="after")
    def _sound(self) -> Candidate:
        twice = sorted(set(self.grid) & set(self.parameters))
        if twice:
            raise ValueError(f"{', '.join(twice)} stands in parameters and in grid; keep one")
        if any(not values for values in self.grid.values()):
            raise ValueError("a parameter of a grid has no value; give at least one")
        count = math.prod(len(values) for values in self.grid.values())
        if count > MOST:
            raise ValueError(f"the grid unfolds into {count} models; at most {MOST} are allowed")
        return self

    @property
    def name(self) -> str:
        return self.label or self.model

    def unfolded(self, transform: Scale | None) -> list[Candidate]:
        """One candidate for each combination of the grid, with the scale as a parameter."""
        found = []
        for values in product(*self.grid.values()):
            chosen = dict(zip(self.grid, values, strict=True))
            told = ", ".join(f"{key}={value}" for key, value in chosen.items())
            label = " ".join(f"{self.name}({told})".split()) if chosen else self.label
            given = {**self.parameters, **chosen, **self._scale(transform)}
            found.append(Candidate(model=self.model, label=label, parameters=given, transform=self.transform))
        return found

    def _scale(self, transform: Scale | None) -> dict[str, str]:
        if self.model not in MODELS:
            return {}
        own = self.grid.get("link", (self.parameters["link"],) if "link" in self.parameters else ())
        if any(link != self.transform for link in own) and self.transform is not None:
            told = ", ".join(map(repr, own))
            raise ValueError(f"{self.name}: link {told} and transform {self.transform!r} differ; keep one")
        wanted = self.transform or transform
        if own or wanted is None:
            return {}
        if any(one.name == "link" for one in fields(MODELS[self.model])):
            return {"link": wanted}
        if wanted != "auto":
            raise ValueError(f"{self.name}: this model chooses its own scale; give it transform: auto")
        return {}


class Driver(Strict):
    """A series as covariate, with its own forecast: made at every origin from what was known there.

    ``model`` forecasts it and the median is what regressions see after its last figure, so the error of that
    forecast is in the backtest; without a model only its past is given, for models that forecast their drivers
    themselves (``driver``). ``lag`` lets it act that many periods later; ``transform`` is the scale it is given
    on, by default the logarithm with a model and its own unit without.
    """

    series: Identifier
    model: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    transform: Literal["log", "none"] | None = None
    lag: int = Field(default=0, ge=0, strict=True)

    @field_validator("parameters")
    @classmethod
    def _owned(cls, given: dict[str, Any], found: ValidationInfo) -> dict[str, Any]:
        if given and found.data.get("model", "misspelt") is None:
            raise ValueError("parameters without a model; name the model they belong to, or leave them out")
        return given

    @property
    def scale(self) -> str:
        return self.transform or ("none" if self.model is None else "log")
