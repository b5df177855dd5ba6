"""A champion that learns from several series: released, published, traced, refitted, and its fallback."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.frames import Forecast, Observations
from forecasting.models.recipe import Recipe
from forecasting.publishing import golden
from forecasting.publishing.attribution.mixed import World
from forecasting.publishing.attribution.worlds import Reruns
from forecasting.publishing.champions import Bench
from forecasting.publishing.edition import verify
from forecasting.publishing.release import load
from forecasting.publishing.trace import Tracer
from forecasting.tracking import read_bundle
from tests.publishing.small_job import BOTH, LEFT, RIGHT, TODAY, Project
from tests.publishing.small_world import OXIDE


def made(root: Path) -> Project:
    project = Project(root)
    project.models |= {LEFT: "lags", RIGHT: "lags"}
    return project.release()


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = made(tmp_path_factory.mktemp("pooled") / "p")
    project.publish()
    return project


def revised(store: Store, series: str) -> Store:
    frame = store.observations.frame.copy()
    frame.loc[(frame["series"] == series) & (frame["period"].astype(str) == "2025-06"), "value"] *= 1.5
    return Store(store.catalogue, Observations(frame))


def test_its_release_holds_all_it_learns_from_and_gives_its_golden_forecast_again(
    pooled: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = load(pooled.bundles)
    recipe = release.champions[LEFT].recipe
    assert isinstance(recipe, Recipe)
    assert recipe.series == (LEFT, RIGHT)
    assert read_bundle(release.folder).trained(LEFT).panel.ids == [LEFT, RIGHT]
    assert verify(pooled.latest)["edition"] == pooled.latest.name
    assert set(pooled.states()["standing"]) == {"ok"}
    monkeypatch.setattr(golden, "code_digest", lambda: "another")
    job = Store.open(pooled.data).catalogue.publication.job
    assert golden.refused(release, tmp_path, job) == {}


def test_a_number_is_traced_to_the_rows_of_all_it_was_learnt_from(pooled: Project) -> None:
    store = Store.open(pooled.data)
    tracer = Tracer(pooled.latest, store)
    assert set(tracer.trace(LEFT, "2027-01").inputs) == {LEFT, RIGHT}
    assert {one.series for one in tracer.trace(LEFT, "2027-01").evidence} == {LEFT, RIGHT}
    assert set(tracer.trace(BOTH, "2027-01").inputs) == {BOTH, LEFT, RIGHT}
    assert tracer.trace(OXIDE, "FY2027").inputs == (OXIDE,)
    provenance = pd.read_csv(pooled.latest / "provenance.csv")
    sources = provenance.set_index("series").loc[LEFT, "sources"]
    assert json.loads(str(sources)) == ["left_book", "right_book"]


def test_what_the_other_was_revised_to_moves_it_and_the_reruns_say_so(pooled: Project) -> None:
    store, release = Store.open(pooled.data), load(pooled.bundles)
    as_of = store.last_known(TODAY)
    bench = Bench.of(store, release, as_of)
    now = bench.fitted(LEFT, bench.champion(LEFT))
    worlds = [World(one, release, as_of) for one in (store, revised(store, RIGHT))]
    was, moved = ({f.ids: f for f in Reruns().forecasts(world)} for world in worlds)
    group = next(ids for ids in was if LEFT in ids)
    np.testing.assert_allclose(np.sort(was[group].of(LEFT), axis=1), np.sort(now.of(LEFT), axis=1), rtol=1e-9)
    assert not np.allclose(moved[group].of(LEFT), was[group].of(LEFT))
    assert np.array_equal(moved[(OXIDE,)].of(OXIDE), was[(OXIDE,)].of(OXIDE))


def test_what_it_learnt_from_must_be_known(pooled: Project) -> None:
    store, release = Store.open(pooled.data), load(pooled.bundles)
    frame = store.observations.frame
    gone = Store(store.catalogue, Observations(frame[frame["series"] != RIGHT].copy()))
    bench = Bench.of(gone, release, store.last_known(TODAY))
    with pytest.raises(DataError, match="no figure of right was known, which lags learns from"):
        bench.fitted(LEFT, bench.champion(LEFT))
    bench.fitted(LEFT, bench.plain(LEFT, "naive"))


def test_its_fallback_is_of_its_own_series_and_leaves_the_other_as_it_was(
    pooled: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(tmp_path / "p")
    whole = Bench.fitted

    def fitted(bench: Bench, id: str, recipe: Recipe, widening: float = 1.0) -> Forecast:
        if id == LEFT and recipe.model == "lags":
            raise ValueError("made to fail")
        return whole(bench, id, recipe, widening)

    monkeypatch.setattr(Bench, "fitted", fitted)
    assert project.publish().code == 3
    states = project.states()
    assert states.loc[LEFT, "standing"] == "degraded"
    assert states.loc[RIGHT, "standing"] == "ok"
    before, after = (one.table() for one in (pooled, project))
    pd.testing.assert_frame_equal(
        before[before["series"] == RIGHT].reset_index(drop=True),
        after[after["series"] == RIGHT].reset_index(drop=True),
        check_exact=True,
    )
    assert Tracer(project.latest, Store.open(project.data)).trace(LEFT, "2027-01").inputs == (LEFT,)
