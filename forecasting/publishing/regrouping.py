"""Which experiment of a release forecasts a series: one does, and what must be forecast together stays together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forecasting.catalogue import Catalogue
from forecasting.errors import ConfigError, Fault
from forecasting.evaluation.experiment import Experiment
from forecasting.models.recipe import Recipe
from forecasting.publishing.release import Release


def regrouped(
    release: Release | None, promoted: Sequence[Experiment], catalogue: Catalogue
) -> list[Experiment]:
    """The experiments of the next release: those promoted, and of the others what these leave them.

    An experiment that is left without a series is dropped. Raises :class:`ConfigError` when two of those promoted
    forecast one series, and when a series leaves an experiment that forecasts it together with others: for their sum,
    as markets of other series, or by a model fitted on all of them.
    """
    takers = {id: one.name for one in promoted for id in one.series}
    _require_once(promoted, takers)
    names = {one.name for one in promoted}
    found = {one.name: one for one in (release.experiments if release else ())}
    faults = []
    for one in [one for one in found.values() if one.name not in names]:
        left = tuple(id for id in one.series if id not in takers)
        if left == one.series:
            continue
        if left:
            found[one.name] = one.model_copy(update={"series": left})
        else:
            del found[one.name]
    found |= {one.name: one for one in promoted}
    if release is not None:
        for one in release.experiments:
            if one.name not in names and set(one.series) & set(takers):
                faults += list(_torn(one, release, list(found.values()), catalogue, takers))
    if faults:
        raise ConfigError("what is forecast together cannot be taken apart", faults)
    return list(found.values())


def _require_once(promoted: Sequence[Experiment], takers: Mapping[str, str]) -> None:
    faults = [
        Fault(id, f"stands in the experiments {one.name} and {takers[id]}", "leave it in one of them")
        for one in promoted
        for id in one.series
        if takers[id] != one.name
    ]
    if faults:
        raise ConfigError("a series is promoted from one experiment at a time", faults)


def _torn(
    one: Experiment,
    release: Release,
    after: Sequence[Experiment],
    catalogue: Catalogue,
    takers: Mapping[str, str],
) -> Iterator[Fault]:
    """Why series cannot leave an experiment of the release."""
    for whole, why in _bonds(one, release, catalogue, takers):
        gone = sorted(whole & set(takers))
        if not gone or any(whole <= set(group.series) for group in after):
            continue
        by = ", ".join(sorted({takers[id] for id in gone}))
        do = f"name all of {', '.join(sorted(whole))} in {by}, or promote {one.name} without them in a suite with {by}"
        yield Fault(one.name, f"{by} would take {', '.join(gone)} out of it: {why}", do)


def _bonds(
    one: Experiment, release: Release, catalogue: Catalogue, takers: Mapping[str, str]
) -> Iterator[tuple[set[str], str]]:
    """The series of an experiment that must be forecast in one, and why."""
    mine = set(one.series)
    for id, series in catalogue.series.items():
        if series.sum_of and set(series.sum_of) <= mine:
            yield set(series.sum_of), f"they add up to {id}"
    for other in release.experiments:
        markets = {catalogue.series[id].within for id in other.series if id in catalogue.series} - {None}
        if markets and markets <= mine:
            yield {str(id) for id in markets}, f"{other.name} lies below them"
    for id in one.series:
        recipe = release.champions[id].recipe if id in release.champions and id not in takers else None
        if isinstance(recipe, Recipe) and len(recipe.series) > 1:
            yield set(recipe.series), f"{recipe.model} of {id} is fitted on all of them"
