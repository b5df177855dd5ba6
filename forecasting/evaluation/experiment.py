"""Experiment files: what is forecast, by which models, and how they are judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from forecasting.catalogue import Catalogue, Identifier, Strict, read_yaml, validate
from forecasting.errors import ConfigError, Fault, InputMissing, nearest
from forecasting.evaluation.candidates import Candidate, Driver
from forecasting.evaluation.checks import faults_of, named, sketched, summed_elsewhere
from forecasting.models.links import Scale
from forecasting.periods import Period

__all__ = ["Backtest", "Candidate", "Driver", "Experiment", "Promotion", "Suite", "read_experiments"]


PAGE = "docs/experiments.md"


def _is_period(label: str) -> str:
    Period.parse(label)
    return label


PeriodLabel = Annotated[str, AfterValidator(_is_period)]


class Backtest(Strict):
    """Rolling origins: the last period of the first training part, the steps between origins and ahead.

    ``last`` is the last origin, by default the last period with one step that can be judged.
    """

    first: PeriodLabel
    every: int = Field(ge=1, strict=True)
    steps: int = Field(ge=1, strict=True)
    last: PeriodLabel | None = None


class Promotion(Strict):
    """What a challenger must show before it replaces the champion of a series.

    ``alpha`` is the nominal rate, one-sided, at which an equal challenger may be promoted; ``margin`` the share by more
    than which its mean score must be lower, by default the experiment's own, so that a rival too near to the first
    champion stays so on the same data; ``pairs`` the fewest origins at which both were judged, below which the
    answer is inconclusive; ``issued`` the fewest forecasts really issued before those have a say of their own.
    """

    alpha: float = Field(default=0.1, gt=0, lt=0.5, strict=True)
    margin: float | None = Field(default=None, ge=0, lt=1, strict=True)
    pairs: int = Field(default=8, ge=3, strict=True)
    issued: int = Field(default=4, ge=2, strict=True)


class Experiment(Strict):
    """Some series of one period kind and the models that compete for them.

    ``series`` lists them, ``groups`` adds all of a catalogue group that are of the horizon's period kind and no
    sums of others. ``as_of`` fixes the day whose knowledge is used. ``metric`` picks the winner of each series
    (its mean over origins and steps, scaled by the naive error); the first model is the default and stays unless
    another's mean is lower by more than the fraction ``margin``. ``covariates`` may hold ``events``, ``breaks``,
    ``calendar`` and ``plan``, and series with their own forecasts (:class:`Driver`). ``transform`` is the scale of
    every model that does not name one. Grids are unfolded, so ``models`` holds one entry a model,
    and ``promotion`` has the margin it falls back to.
    """

    name: Identifier
    about: str
    features: str
    series: tuple[Identifier, ...] = ()
    groups: tuple[str, ...] = ()
    as_of: date | None = None
    horizon: PeriodLabel
    backtest: Backtest
    models: tuple[Candidate, ...] = Field(min_length=1)
    transform: Scale | None = None
    covariates: tuple[Literal["events", "breaks", "calendar", "plan"] | Driver, ...] = ()
    metric: Literal["crps", "absolute_error"] = "crps"
    margin: float = Field(default=0.1, ge=0, lt=1, strict=True)
    promotion: Promotion = Promotion()
    paths: int = Field(default=1000, ge=50, strict=True)
    seed: int = Field(default=2030, strict=True)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        unfolded: list[Candidate] = []
        faults = [] if self.series or self.groups else ["name at least one series or one group"]
        for candidate in self.models:
            try:
                unfolded += candidate.unfolded(self.transform)
            except ValueError as error:
                faults.append(str(error))
        if faults:
            raise ValueError("; ".join(faults))
        object.__setattr__(self, "models", tuple(unfolded))
        if self.promotion.margin is None:
            object.__setattr__(self, "promotion", self.promotion.model_copy(update={"margin": self.margin}))
        return self

    @property
    def end(self) -> Period:
        return Period.parse(self.horizon)

    @property
    def declared(self) -> tuple[str, ...]:
        """The covariates known ahead by declaration."""
        return tuple(one for one in self.covariates if isinstance(one, str))

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """The covariates that have forecasts of their own."""
        return tuple(one for one in self.covariates if isinstance(one, Driver))


class Suite(Strict):
    """Several experiment files, by their names beside this one."""

    name: Identifier
    about: str
    include: tuple[str, ...] = Field(min_length=1)


def read_experiments(path: Path, catalogue: Catalogue) -> list[Experiment]:
    """The experiments of a file: itself, or those a suite includes, each checked against the catalogue.

    Raises :class:`ConfigError` with every fault of every file, the nearest known name for a misspelt one.
    """
    faults: list[Fault] = []
    found = list(_read(path, _content(path), catalogue, (), faults))
    names = [one.name for one in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(Fault(f"{path}: include", f"experiment {name!r} stands twice", "include it once"))
    faults += summed_elsewhere(path, found, catalogue)
    if faults:
        raise ConfigError(f"{path}: {len(faults)} fault(s)", faults)
    return found


def _content(path: Path) -> Any:
    try:
        return read_yaml(path)
    except InputMissing as error:
        beside = [one.name for one in path.parent.glob("*.yaml")]
        raise InputMissing(
            "; ".join([error.message, *([nearest(path.name, beside)] if beside else [])])
        ) from None


def _read(
    path: Path, content: Any, catalogue: Catalogue, above: tuple[Path, ...], faults: list[Fault]
) -> Iterator[Experiment]:
    """The sound experiments of a file and of those it includes; what is wrong with the others goes to ``faults``."""
    try:
        if isinstance(content, dict) and "include" in content:
            suite = validate(path, content, Suite, PAGE)
            for name in suite.include:
                yield from _included(path, name, catalogue, (*above, path.resolve()), faults)
            return
        experiment = _grouped(validate(path, content, Experiment, PAGE), catalogue)
    except ConfigError as error:
        faults += error.faults
        if isinstance(content, dict):
            faults += [*named(path, content, catalogue), *sketched(path, content, catalogue)]
        return
    wrong = [*named(path, content, catalogue), *faults_of(path, experiment, catalogue)]
    faults += wrong
    if not wrong:
        yield experiment


def _included(
    suite: Path, name: str, catalogue: Catalogue, above: tuple[Path, ...], faults: list[Fault]
) -> Iterator[Experiment]:
    path, where = suite.parent / name, f"{suite}: include"
    if path.resolve() in above:
        faults.append(Fault(where, f"{name} includes itself through this suite", "leave it out"))
        return
    try:
        content = read_yaml(path)
    except InputMissing:
        near = nearest(name, [one.name for one in path.parent.glob("*.yaml")])
        faults.append(Fault(where, f"{name} is missing", near))
    except ConfigError as error:
        faults.append(Fault(where, error.message, "the file cannot be read"))
    else:
        yield from _read(path, content, catalogue, above, faults)


def _grouped(experiment: Experiment, catalogue: Catalogue) -> Experiment:
    members = [
        id
        for id, one in catalogue.series.items()
        if one.group in experiment.groups and one.kind is experiment.end.kind and not one.sum_of
    ]
    return experiment.model_copy(update={"series": tuple(dict.fromkeys([*experiment.series, *members]))})
