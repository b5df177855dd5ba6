"""Experiment files: what is forecast, by which models, and how they are judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from forecasting.catalogue import Catalogue, Identifier, Strict, read_yaml, validate
from forecasting.errors import ConfigError, Fault, ForecastingError, nearest
from forecasting.features import BUILDERS
from forecasting.models import MODELS, build
from forecasting.periods import Period


class Candidate(Strict):
    """A model that competes: its name in MODELS, its parameters, and the label it is reported under."""

    model: str
    label: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.label or self.model


class Backtest(Strict):
    """Rolling origins: the last period of the first training part, the steps between origins and ahead."""

    first: str
    every: int = Field(ge=1)
    steps: int = Field(ge=1)

    @field_validator("first")
    @classmethod
    def _is_period(cls, label: str) -> str:
        Period.parse(label)
        return label


class Promotion(Strict):
    """What a challenger must show before it replaces the champion of a series.

    ``alpha`` is the nominal rate, one-sided, at which an equal challenger may be promoted; ``margin`` the least
    share by which its mean score must be lower; ``pairs`` the fewest origins at which both were judged, below which the
    answer is inconclusive; ``issued`` the fewest forecasts really issued before those have a say of their own.
    """

    alpha: float = Field(default=0.1, gt=0, lt=0.5)
    margin: float = Field(default=0.0, ge=0, lt=1)
    pairs: int = Field(default=8, ge=3)
    issued: int = Field(default=4, ge=2)


class Experiment(Strict):
    """One group of series of one period kind and the models that compete for them.

    ``metric`` picks the winner of each series (its mean over origins and steps, scaled by the naive error); the
    first model is the default and stays unless another's mean is lower by more than the fraction ``margin``;
    ``covariates`` may hold ``events``, ``breaks``, ``calendar`` and ``plan``.
    """

    name: Identifier
    about: str
    features: str
    series: tuple[Identifier, ...] = Field(min_length=1)
    horizon: str
    backtest: Backtest
    models: tuple[Candidate, ...] = Field(min_length=1)
    covariates: tuple[Literal["events", "breaks", "calendar", "plan"], ...] = ()
    metric: Literal["crps", "absolute_error"] = "crps"
    margin: float = Field(default=0.1, ge=0, lt=1)
    promotion: Promotion = Promotion()
    paths: int = Field(default=1000, ge=50)
    seed: int = 2030

    @field_validator("horizon")
    @classmethod
    def _is_period(cls, label: str) -> str:
        Period.parse(label)
        return label

    @property
    def end(self) -> Period:
        return Period.parse(self.horizon)


class _Suite(Strict):
    name: Identifier
    about: str
    include: tuple[str, ...] = Field(min_length=1)


def read_experiments(path: Path, catalogue: Catalogue) -> list[Experiment]:
    """The experiments of a file: itself, or those a suite includes, each checked against the catalogue.

    Raises :class:`ConfigError` with every fault of every file, the nearest known name for a misspelt one.
    """
    content = read_yaml(path)
    if isinstance(content, dict) and "include" in content:
        suite = validate(path, content, _Suite)
        return [one for name in suite.include for one in read_experiments(path.parent / name, catalogue)]
    experiment = validate(path, content, Experiment)
    faults = list(_faults(path, experiment, catalogue))
    if faults:
        raise ConfigError(f"{path}: {len(faults)} fault(s)", faults)
    return [experiment]


def _faults(path: Path, experiment: Experiment, catalogue: Catalogue) -> Iterator[Fault]:
    if experiment.features not in BUILDERS:
        yield Fault(
            f"{path}: features",
            f"unknown builder {experiment.features!r}",
            nearest(experiment.features, BUILDERS),
        )
    for id in experiment.series:
        if id not in catalogue.series:
            yield Fault(f"{path}: series", f"unknown series {id!r}", nearest(id, catalogue.series))
        elif catalogue.series[id].kind is not experiment.end.kind:
            yield Fault(
                f"{path}: horizon",
                f"{experiment.horizon} is a {experiment.end.kind} period, {id} is kept by {catalogue.series[id].kind}",
                "give the horizon in the period kind of the series",
            )
    if Period.parse(experiment.backtest.first).kind is not experiment.end.kind:
        yield Fault(
            f"{path}: backtest.first",
            f"{experiment.backtest.first} is of another kind than the horizon",
            "use one kind",
        )
    names = [candidate.name for candidate in experiment.models]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(f"{path}: models", f"label {name!r} stands twice", "give each model its own label")
    for position, candidate in enumerate(experiment.models):
        where = f"{path}: models.{position}"
        if candidate.model not in MODELS:
            yield Fault(where, f"unknown model {candidate.model!r}", nearest(candidate.model, MODELS))
            continue
        try:
            build(candidate.model, candidate.parameters)
        except ForecastingError as error:
            yield Fault(where, error.message, "see forecasting/models")
