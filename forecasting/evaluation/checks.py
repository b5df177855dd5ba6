"""What is wrong with an experiment file beyond its form: names, kinds, sums and bounds, held against the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.catalogue import Catalogue
from forecasting.errors import Fault, ForecastingError, nearest
from forecasting.features import BUILDERS, CEILINGS
from forecasting.models import MODELS, build
from forecasting.periods import Period

if TYPE_CHECKING:
    from forecasting.evaluation.candidates import Driver
    from forecasting.evaluation.experiment import Experiment


def named(path: Path, content: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Fault]:
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


def sketched(path: Path, content: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Fault]:
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


def faults_of(path: Path, experiment: Experiment, catalogue: Catalogue) -> Iterator[Fault]:
    """What can never be carried out, or would not be what it says, in an experiment of the right form."""
    yield from _series_faults(path, experiment, catalogue)
    yield from _backtest_faults(path, experiment)
    asked, least = experiment.promotion.margin, experiment.margin
    if asked is not None and asked < least:
        found = f"{asked:g} is below margin {least:g}: promoting twice would unseat a first champion on the same data"
        yield Fault(f"{path}: promotion.margin", found, "leave it out, or lower margin as well")
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


def _series_faults(path: Path, experiment: Experiment, catalogue: Catalogue) -> Iterator[Fault]:
    kind = experiment.end.kind
    for id in experiment.series:
        if id not in catalogue.series:
            continue
        one = catalogue.series[id]
        if one.kind is not kind:
            yield Fault(
                f"{path}: horizon",
                f"{experiment.horizon} is a {kind} period, {id} is kept by {one.kind}",
                "give the horizon in the period kind of the series",
            )
        giver = CEILINGS.get(one.kind)
        if one.within and giver and experiment.features in BUILDERS and experiment.features != giver:
            found = f"{id} lies below {one.within}, and {experiment.features} gives no ceilings"
            yield Fault(f"{path}: features", found, f"use features: {giver}")
    for id, parts in _sums(experiment, experiment, catalogue):
        found = f"{id} stands beside all its parts, {parts}, and is forecast as their sum"
        yield Fault(f"{path}: series", found, f"leave {id} out, or one of its parts")


def summed_elsewhere(path: Path, found: Sequence[Experiment], catalogue: Catalogue) -> Iterator[Fault]:
    """Sums that one experiment of a suite forecasts by a model of their own, and another as the sum of its series."""
    for one in found:
        for other in found:
            if other.name == one.name:
                continue
            for id, parts in _sums(one, other, catalogue):
                said = f"{one.name} forecasts {id}, which {other.name} forecasts as the sum of {parts}"
                yield Fault(
                    f"{path}: include", said, f"leave {id} out of {one.name}, or a part out of {other.name}"
                )


def _sums(one: Experiment, other: Experiment, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """The series of one experiment all of whose parts another forecasts, and these."""
    for id in one.series:
        parts = catalogue.series[id].sum_of if id in catalogue.series else ()
        if parts and set(parts) <= set(other.series):
            yield id, ", ".join(parts)


def _backtest_faults(path: Path, experiment: Experiment) -> Iterator[Fault]:
    asked = experiment.backtest
    given = {key: label for key, label in (("first", asked.first), ("last", asked.last)) if label is not None}
    origins = {key: Period.parse(label) for key, label in given.items()}
    other = [key for key, origin in origins.items() if origin.kind is not experiment.end.kind]
    for key in other:
        found = f"{given[key]} is of another kind than the horizon"
        yield Fault(f"{path}: backtest.{key}", found, "use one kind")
    if not other and "last" in origins and origins["last"] < origins["first"]:
        found = f"{asked.last} is before the first origin, {asked.first}"
        yield Fault(f"{path}: backtest.last", found, "give a later one, or leave it out")


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
