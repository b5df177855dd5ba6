"""A pooled model through an experiment: fitted once for all series, kept by all of them, refused series by series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.evaluation.backtest import Plan, plan, run, seen_now
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.engine import HERE, Workers
from forecasting.evaluation.estimate import estimate
from forecasting.evaluation.fits import Work
from forecasting.evaluation.outcome import carry_out
from forecasting.evaluation.scoring import score
from forecasting.frames import Observations
from forecasting.models.recipe import Recipe
from tests.evaluation.small import CUT, given

IDS = ("in.magnets.value.85051110", "in.magnets.value.85051190", "in.magnets.value.85051900")
LATE = IDS[2]
POOLED: dict[str, Any] = {
    "series": IDS, "models": [{"model": "lags"}, {"model": "naive"}],
    "backtest": {"first": "2025-03", "every": 3, "steps": 3}, "covariates": ("events", "calendar"),
}  # fmt: skip


def planned(store: Store, **changes: Any) -> Plan:
    return plan(store, given(**{**POOLED, **changes}), CUT)


def keys(found: Plan, model: str) -> dict[tuple[str, str], str]:
    return {
        (str(work.origin.cutoff), id): key
        for work, named in zip(found.works, found.keys, strict=True)
        if work.candidate.model == model
        for id, key in zip(work.ids, named, strict=True)
    }


def scored(found: Plan, folder: Path, workers: Workers = HERE) -> pd.DataFrame:
    cache = Cache(folder)
    return score(found, cache, run(found, cache, workers))[0].frame


def without(store: Store, series: str, before: str, after: str = "0000") -> Store:
    """The store as it would be had a series been printed from a month on, or up to one."""
    frame = store.observations.frame
    period = frame["period"].astype(str)
    gone = (frame["series"] == series) & (period < before) & (period > after)
    return Store(store.catalogue, Observations(frame[~gone].copy()))


def revised(store: Store, series: str, period: str) -> Store:
    frame = store.observations.frame.copy()
    frame.loc[(frame["series"] == series) & (frame["period"].astype(str) == period), "value"] *= 1.1
    return Store(store.catalogue, Observations(frame))


@pytest.fixture(scope="module")
def here(store: Store, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return scored(planned(store), tmp_path_factory.mktemp("here"))


def test_one_fit_an_origin_for_all_series_and_the_same_numbers_in_processes(
    store: Store, here: pd.DataFrame, tmp_path: Path
) -> None:
    found = planned(store)
    pooled = [work for work in found.works if work.candidate.model == "lags"]
    assert {work.ids for work in pooled} == {IDS}
    assert len(pooled) == here["cutoff"].nunique()
    pd.testing.assert_frame_equal(scored(found, tmp_path, Workers(2)), here, check_exact=True)
    alone = scored(planned(store, series=IDS[:1], models=[{"model": "lags"}]), tmp_path)
    mine = here[(here["series"] == IDS[0]) & (here["model"] == "lags")]
    assert not np.allclose(alone["point"], mine["point"]), "the others teach it something"


def test_a_changed_sister_costs_the_pooled_fits_that_saw_it_and_only_these(store: Store) -> None:
    before, after = planned(store), planned(revised(store, LATE, "2025-05"))
    naive = {key for key, kept in keys(before, "naive").items() if keys(after, "naive")[key] == kept}
    assert naive >= {key for key in keys(before, "naive") if key[1] != LATE}
    lags = {key for key, kept in keys(before, "lags").items() if keys(after, "lags")[key] == kept}
    early = {key for key in keys(before, "lags") if key[0] < "2025-05"}
    assert lags == early
    assert early != set(keys(before, "lags"))
    other = planned(store, series=IDS[:2])
    assert not set(keys(other, "lags").values()) & set(keys(before, "lags").values())


def test_a_series_too_short_is_refused_by_name_and_the_others_are_as_without_it(
    store: Store, tmp_path: Path
) -> None:
    """It joins the pool at the first origin that knows five of its figures."""
    late = without(store, LATE, before="2025-01")
    frame = scored(planned(late), tmp_path)
    lags = frame[frame["model"] == "lags"]
    failed = lags[lags["failure"] != ""]
    assert set(failed["series"]) == {LATE}
    [first] = failed["cutoff"].unique()
    assert failed["failure"].unique().tolist() == [f"lags: {LATE} has 3 observation(s), needs at least 5"]
    two = scored(planned(late, series=IDS[:2]), tmp_path)
    both = [
        one[(one["model"] == "lags") & (one["cutoff"] == first) & one["series"].isin(IDS[:2])].reset_index(
            drop=True
        )
        for one in (frame, two)
    ]
    assert len(both[0])
    pd.testing.assert_frame_equal(both[0], both[1], check_exact=True, check_dtype=False)


def test_series_too_short_are_each_refused_in_their_own_words_when_none_is_left(
    store: Store, tmp_path: Path
) -> None:
    late = store
    for id in IDS:
        late = without(late, id, before="2025-01")
    frame = scored(planned(late), tmp_path)
    lags = frame[(frame["model"] == "lags") & (frame["cutoff"] == frame["cutoff"].min())]
    assert dict(zip(lags["series"], lags["failure"], strict=True)) == {
        id: f"lags: {id} has 3 observation(s), needs at least 5" for id in IDS
    }


def test_what_is_wrong_with_all_is_a_failure_of_each(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.models.lags.FEWEST_ROWS", 10_000)
    frame = scored(planned(store), tmp_path)
    failed = frame[frame["failure"] != ""]
    assert set(failed["series"]) == set(IDS)
    assert set(failed["model"]) == {"lags"}
    assert failed["failure"].str.contains(f"lags: {', '.join(IDS)} hold .* rows with known lags").all()


def test_a_pool_sees_what_concerns_all_its_series(store: Store) -> None:
    now = seen_now(
        store, given(**{**POOLED, "features": "ev_sales", "series": ("in.ev.2w", "in.ev.pv")}), CUT
    )
    both, one, other = (now.regressors_of(*ids) for ids in (now.panel.ids, ["in.ev.2w"], ["in.ev.pv"]))
    assert both is not None
    assert one is not None
    assert other is not None
    assert set(one.ids) != set(other.ids), "else this shows nothing"
    assert set(both.ids) == set(one.ids) & set(other.ids)


def test_a_pool_of_which_a_series_is_lacking_is_estimated_whole(store: Store, tmp_path: Path) -> None:
    found = planned(store, models=[{"model": "lags"}])
    cache = Cache(tmp_path)
    run(found, cache, HERE)
    assert estimate(found, cache).left == 0
    times = {recipe: seconds / fits for recipe, _, fits, seconds in cache.times()}
    lacking = Plan(found.today, found.works[:1], [[*found.keys[0][:2], "lacking"]], found.models, {})
    table = estimate(lacking, cache).table.iloc[0]
    assert (table["fits"], table["kept"]) == (3, 2)
    assert table["seconds"] == pytest.approx(3 * times[found.works[0].named[0]])
    assert isinstance(found.works[0].of(IDS[:1]), Work)
    assert found.works[0].of(IDS[:1]).ids == IDS


def test_a_pooled_winner_is_a_recipe_of_all_series_and_its_golden_forecast_that_of_the_backtest_model(
    store: Store, tmp_path: Path
) -> None:
    outcome = carry_out(store, given(**{**POOLED, "models": [{"model": "lags"}]}), CUT, Cache(tmp_path))
    assert not outcome.faults
    for id, winner in outcome.winners.items():
        assert isinstance(winner.recipe, Recipe)
        assert winner.recipe.series == IDS
        golden = winner.golden()
        again = winner.recipe.refit(winner.panel, winner.regressors).only(id)
        np.testing.assert_array_equal(golden["value"], again.quantiles()["value"])
        assert set(golden["series"]) == {id}
