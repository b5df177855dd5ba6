"""Experiment files: what is forecast, by which models, and how they are judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from forecasting.catalogue import Catalogue, Identifier, Strict, read_yaml, validate
from forecasting.errors import ConfigError, Fault, ForecastingError, InputMissing, nearest
from forecasting.evaluation.candidates import Candidate, Driver
from forecasting.features import BUILDERS
from forecasting.models import MODELS, build
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

    ``alpha`` is the nominal rate, one-sided, at which an equal challenger may be promoted; ``margin`` the least
    share by which its mean score must be lower; ``pairs`` the fewest origins at which both were judged, below which the
    answer is inconclusive; ``issued`` the fewest forecasts really issued before those have a say of their own.
    """

    alpha: float = Field(default=0.1, gt=0, lt=0.5, strict=True)
    margin: float = Field(default=0.0, ge=0, lt=1, strict=True)
    pairs: int = Field(default=8, ge=3, strict=True)
    issued: int = Field(default=4, ge=2, strict=True)


class Experiment(Strict):
    """Some series of one period kind and the models that compete for them.

    ``series`` lists them, ``groups`` adds all of a catalogue group that are of the horizon's period kind and no
    sums of others. ``as_of`` fixes the day whose knowledge is used. ``metric`` picks the winner of each series
    (its mean over origins and steps, scaled by the naive error); the first model is the default and stays unless
    another's mean is lower by more than the fraction ``margin``. ``covariates`` may hold ``events``, ``breaks``,
    ``calendar`` and ``plan``, and series with their own forecasts (:class:`Driver`). ``transform`` is the scale of
    every model that does not name one. Grids are unfolded, so ``models`` holds one entry a model.
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
            faults += [*_named(path, content, catalogue), *_sketched(path, content, catalogue)]
        return
    wrong = [*_named(path, content, catalogue), *_faults(path, experiment, catalogue)]
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


def _named(path: Path, content: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Fault]:
    """Unknown builders, series and groups of a file as it was read, whatever else is wrong with it."""
    groups = {one.group for one in catalogue.series.values() if one.group}
    for key, known, kind in (
        ("features", BUILDERS, "builder"),
        ("series", catalogue.series, "series"),
        ("groups", groups, "group"),
    ):
        given = content.get(key)
        for name in given if isinstance(given, list) else [given]:
            if isinstance(name, str) and name not in known:
                yield Fault(f"{path}: {key}", f"unknown {kind} {name!r}", nearest(name, known))


def _sketched(path: Path, content: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Fault]:
    """Unknown models, parameters and drivers of a file that is no experiment yet."""
    for key in ("models", "covariates"):
        given = content.get(key)
        for one in given if isinstance(given, list) else []:
            if not isinstance(one, dict):
                continue
            series, model, parameters = one.get("series"), one.get("model"), one.get("parameters")
            where = f"{path}: {key}.{one.get('label') or series or model}"
            if isinstance(series, str) and series not in catalogue.series:
                yield Fault(where, f"unknown series {series!r}", nearest(series, catalogue.series))
            if isinstance(model, str):
                yield from _model_faults(where, model, parameters if isinstance(parameters, dict) else {})


def _faults(path: Path, experiment: Experiment, catalogue: Catalogue) -> Iterator[Fault]:
    for id in experiment.series:
        if id in catalogue.series and catalogue.series[id].kind is not experiment.end.kind:
            yield Fault(
                f"{path}: horizon",
                f"{experiment.horizon} is a {experiment.end.kind} period, {id} is kept by {catalogue.series[id].kind}",
                "give the horizon in the period kind of the series",
            )
    for field in ("first", "last"):
        label = getattr(experiment.backtest, field)
        if label is not None and Period.parse(label).kind is not experiment.end.kind:
            yield Fault(
                f"{path}: backtest.{field}", f"{label} is of another kind than the horizon", "use one kind"
            )
    for group in experiment.groups:
        kinds = {one.kind for one in catalogue.series.values() if one.group == group and not one.sum_of}
        if kinds and experiment.end.kind not in kinds:
            found = f"no series of group {group!r} is kept by {experiment.end.kind}, as the horizon is"
            yield Fault(f"{path}: groups", found, f"give a horizon by {' or '.join(sorted(map(str, kinds)))}")
    given = [one if isinstance(one, str) else one.series for one in experiment.covariates]
    for name in sorted({name for name in given if given.count(name) > 1}):
        yield Fault(f"{path}: covariates", f"{name!r} stands twice", "name it once")
    for driver in experiment.drivers:
        yield from _driver_faults(path, driver, experiment, catalogue)
    names = [candidate.name for candidate in experiment.models]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(f"{path}: models", f"label {name!r} stands twice", "give each model its own label")
    told: set[tuple[str, str]] = set()  # a grid's fault is told of its first combination only
    for candidate in experiment.models:
        where, grid = f"{path}: models.{candidate.name}", candidate.name.partition("(")[0]
        for fault in _model_faults(where, candidate.model, candidate.parameters):
            if (grid, fault.found) not in told:
                told.add((grid, fault.found))
                yield fault


def _driver_faults(
    path: Path, driver: Driver, experiment: Experiment, catalogue: Catalogue
) -> Iterator[Fault]:
    where = f"{path}: covariates.{driver.series}"
    if driver.series not in catalogue.series:
        yield Fault(where, f"unknown series {driver.series!r}", nearest(driver.series, catalogue.series))
    elif catalogue.series[driver.series].kind is not experiment.end.kind:
        found = catalogue.series[driver.series].kind
        yield Fault(
            where, f"{driver.series} is kept by {found}", "use a driver of the period kind of the series"
        )
    elif driver.series in experiment.series:
        yield Fault(where, f"{driver.series} would explain itself", "leave it out")
    if driver.model is not None:
        yield from _model_faults(where, driver.model, driver.parameters)


def _model_faults(where: str, model: str, parameters: Mapping[str, Any]) -> Iterator[Fault]:
    if model not in MODELS:
        yield Fault(where, f"unknown model {model!r}", nearest(model, MODELS))
        return
    try:
        build(model, parameters)
    except ForecastingError as error:
        told = "; ".join(f"{fault.where}: {fault.found}; {fault.do}" for fault in error.faults)
        yield Fault(where, f"{error.message} ({told})" if told else error.message, "see docs/models.md")
