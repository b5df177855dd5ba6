"""Which experiment forecasts a series after a promotion, and what cannot be taken apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forecasting.catalogue import Catalogue
from forecasting.data.store import Store
from forecasting.errors import ConfigError
from forecasting.evaluation.experiment import Experiment
from forecasting.models.recipe import Recipe
from forecasting.publishing.promotion import in_release
from forecasting.publishing.regrouping import regrouped
from forecasting.publishing.release import Release, load
from tests.publishing.small_job import LEFT, RIGHT, Project
from tests.publishing.small_world import EV, MARKET, OXIDE


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Catalogue]:
    project = Project(tmp_path_factory.mktemp("regrouping")).release()
    return load(project.bundles), Store.open(project.data).catalogue


def named(release: Release, name: str, *series: str) -> Experiment:
    return release.experiments[0].model_copy(update={"name": name, "series": series})


def groups(found: list[Experiment]) -> dict[str, tuple[str, ...]]:
    return {one.name: one.series for one in found}


def test_a_series_leaves_the_experiment_that_forecast_it_and_an_empty_one_goes(
    world: tuple[Release, Catalogue],
) -> None:
    release, catalogue = world
    there = groups(list(release.experiments))
    assert groups(regrouped(None, [named(release, "new", OXIDE)], catalogue)) == {"new": (OXIDE,)}
    assert groups(regrouped(release, [named(release, "mines", OXIDE)], catalogue)) == there
    found = groups(regrouped(release, [named(release, "copy", OXIDE)], catalogue))
    assert found == {"markets": (MARKET,), "vehicles": (EV,), "flows": (LEFT, RIGHT), "copy": (OXIDE,)}
    found = groups(regrouped(release, [named(release, "all", MARKET, LEFT, RIGHT)], catalogue))
    assert found == {"vehicles": (EV,), "mines": (OXIDE,), "all": (MARKET, LEFT, RIGHT)}
    two = replace(release, experiments=(named(release, "two", OXIDE, EV), *release.experiments[:1]))
    found = groups(regrouped(two, [named(release, "copy", EV)], catalogue))
    assert found == {"two": (OXIDE,), "markets": (MARKET,), "copy": (EV,)}


def test_sums_markets_and_pools_stay_together(world: tuple[Release, Catalogue]) -> None:
    release, catalogue = world
    with pytest.raises(ConfigError, match="one would take left out of it: they add up to both") as told:
        regrouped(release, [named(release, "one", LEFT)], catalogue)
    [fault] = told.value.faults
    assert (fault.where, fault.do) == (
        "flows", "name all of left, right in one, or promote flows without them in a suite with one",
    )  # fmt: skip
    with pytest.raises(ConfigError, match="a, b would take left, right out of it"):
        regrouped(release, [named(release, "a", LEFT), named(release, "b", RIGHT)], catalogue)
    moved = groups(regrouped(release, [named(release, "flows", RIGHT), named(release, "b", LEFT)], catalogue))
    assert (moved["flows"], moved["b"]) == ((RIGHT,), (LEFT,))
    of_ev = catalogue.series[EV]
    wider = replace(catalogue, series={**catalogue.series, OXIDE: of_ev.model_copy(update={"within": LEFT})})
    both = (named(release, "whole", MARKET, LEFT), named(release, "parts", EV, OXIDE))
    with pytest.raises(ConfigError, match="take left out of it: parts lies below them"):
        regrouped(replace(release, experiments=both), [named(release, "b", LEFT)], wider)
    champion = release.champions[OXIDE]
    assert isinstance(champion.recipe, Recipe)
    pooled = replace(champion, recipe=champion.recipe.model_copy(update={"series": (OXIDE, EV)}))
    two = replace(
        release,
        experiments=(named(release, "two", OXIDE, EV),),
        champions={**release.champions, OXIDE: pooled},
    )
    with pytest.raises(ConfigError, match="take ev out of it: drift of oxide is fitted on all of them"):
        regrouped(two, [named(release, "b", EV)], catalogue)


def test_a_release_with_a_series_in_two_experiments_is_promoted_again(
    world: tuple[Release, Catalogue],
) -> None:
    release, catalogue = world
    assert in_release(release, [])
    twice = replace(release, experiments=(*release.experiments, named(release, "copy", LEFT, RIGHT)))
    assert not in_release(twice, [])
    [flows] = [one for one in release.experiments if one.name == "flows"]
    assert regrouped(twice, [flows], catalogue) == list(release.experiments)


def test_one_series_in_two_experiments_of_one_promotion_is_refused(world: tuple[Release, Catalogue]) -> None:
    release, catalogue = world
    with pytest.raises(ConfigError, match="stands in the experiments a and b; leave it in one of them"):
        regrouped(release, [named(release, "a", OXIDE), named(release, "b", OXIDE)], catalogue)
