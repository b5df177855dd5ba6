"""The engine gives the same numbers wherever it runs, and loses nothing when workers die."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.errors import ConfigError, ServiceAway
from forecasting.evaluation import cluster, engine, fits
from forecasting.evaluation.backtest import Plan, plan, run
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.engine import HERE, Workers
from forecasting.evaluation.estimate import estimate
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.fits import Fit, Work
from forecasting.evaluation.scoring import score
from forecasting.models import MODELS
from tests.evaluation.servers import Cluster, started

CUT = date(2026, 6, 30)
GIVEN = {
    "name": "t", "about": "", "features": "magnet_imports", "horizon": "2027-12", "paths": 100, "seed": 1,
    "series": ("in.magnets.value.85051110", "in.magnets.value.85051900"),
    "backtest": {"first": "2024-06", "every": 2, "steps": 6}, "covariates": ("events", "calendar"),
    "models": [{"model": "naive"}, {"model": "ets"}, {"model": "lags"}, {"model": "structural"}],
}  # fmt: skip
DEADLY = (5, 12)  # the numbers of works whose process is killed with their result in hand, once each


def planned(store: Store, **changes: object) -> Plan:
    return plan(store, Experiment.model_validate({**GIVEN, **changes}), CUT)


def scored(found: Plan, cache: Cache, workers: Workers = HERE) -> pd.DataFrame:
    return score(found, cache, run(found, cache, workers))[0].frame


@pytest.fixture(scope="module")
def here(store: Store, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return scored(planned(store), Cache(tmp_path_factory.mktemp("here")))


def test_a_fit_does_not_depend_on_the_series_beside_it(store: Store) -> None:
    one = planned(store, series=GIVEN["series"][:1], models=[{"model": "ets"}])
    two = planned(store, models=[{"model": "ets"}])
    assert {key for keys in one.keys for key in keys} < {key for keys in two.keys for key in keys}


def test_an_older_series_leaves_the_fits_of_the_others(store: Store) -> None:
    """Registrations begin years before magnets are printed; magnets see of those years only a driver's past."""
    magnet, older = GIVEN["series"][0], "in.ev.2w"
    declared = {"covariates": ("events", "breaks", "calendar"), "models": [{"model": "structural"}]}

    def keys(**changes: object) -> set[str]:
        return {key for keys in planned(store, **changes).keys for key in keys}

    assert keys(series=(magnet,), **declared) < keys(series=(magnet, older), **declared)
    driven = {**declared, "covariates": ({"series": "in.ev.3w"},)}
    assert not keys(series=(magnet,), **driven) & keys(series=(magnet, older), **driven)


def test_series_fitted_in_one_call_get_the_numbers_of_each_alone(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = planned(
        store, series=(*GIVEN["series"], "in.magnets.value.85051190"), covariates=(), models=[
            {"model": name} for name in ("naive", "drift", "damped_drift", "seasonal_naive")
        ] + [{"model": "theta", "parameters": {"origins": 2, "link": "none"}}],
    )  # fmt: skip
    monkeypatch.setattr(fits, "CALL", 1e9)
    monkeypatch.setattr(fits, "FIRST", 2)
    calls = []
    seen = Work._together
    monkeypatch.setattr(Work, "_together", lambda *given: (calls.append(len(given[3])), seen(*given))[1])
    together = scored(found, Cache(tmp_path / "together"))
    assert set(calls) == {1, 2}
    monkeypatch.setattr(fits, "FIRST", 1)
    monkeypatch.setattr(fits, "MOST", 1)
    pd.testing.assert_frame_equal(together, scored(found, Cache(tmp_path / "alone")), check_exact=True)


def test_a_refusal_in_one_call_is_that_of_its_own_series(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fits, "CALL", 1e9)
    ids = (*GIVEN["series"], "in.magnets.value.85051190")
    found = planned(store, series=ids, covariates=(), models=[{"model": "naive"}])
    work = found.works[0]
    gone = work.origin.panel.values.copy()
    gone[work.ids[2]] = float("nan")
    broken = replace(work, origin=replace(work.origin, panel=replace(work.origin.panel, values=gone)))
    whole, part = dict(work.run()), dict(broken.run())
    assert part[work.ids[2]].refusal.startswith(f"naive: {work.ids[2]} has 0 observation(s)")
    assert (part[work.ids[1]].quantiles == whole[work.ids[1]].quantiles).all()


def test_a_work_out_of_time_hands_back_what_it_has(
    store: Store, here: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUDGET", 0.0)
    pd.testing.assert_frame_equal(scored(planned(store), Cache(tmp_path)), here, check_exact=True)


def _dies_once(folder: Path, n: int, packed: bytes, code: str) -> tuple[int, dict[str, Fit]]:
    found = engine._carried(n, packed, code)
    if n in DEADLY:
        with suppress(FileExistsError):
            (folder / str(n)).touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
    return found


def test_a_process_killed_in_the_middle_costs_its_tasks_only(
    store: Store, here: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    monkeypatch.setattr(engine, "_carried", partial(_dies_once, deaths))
    found = scored(planned(store), Cache(tmp_path), Workers(2))
    assert {path.name for path in deaths.iterdir()} == set(map(str, DEADLY))
    pd.testing.assert_frame_equal(found, here, check_exact=True)


def _dies_on_ets(n: int, packed: bytes, code: str) -> tuple[int, dict[str, Fit]]:
    if pickle.loads(packed).candidate.model == "ets":
        os.kill(os.getpid(), signal.SIGKILL)
    return engine._carried(n, packed, code)


def test_a_fit_that_kills_its_process_is_a_failure_in_words_and_never_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backtest = {"first": "2025-06", "every": 6, "steps": 3}
    found = planned(store, backtest=backtest, models=[{"model": "naive"}, {"model": "ets"}])
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_carried", _dies_on_ets)
        frame = scored(found, Cache(tmp_path), Workers(2))
    failed = frame[frame["failure"] != ""]
    assert set(failed["model"]) == {"ets"}
    assert set(failed["failure"]) == {"ets: its process died (killed, out of memory, or crashed)"}
    again = scored(found, Cache(tmp_path))
    assert (again["failure"] == "").all()


def test_an_estimate_learns_from_the_seconds_of_before(store: Store, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    found = planned(store, models=[{"model": "naive"}, {"model": "drift"}])
    before = estimate(found, cache)
    assert before.left == found.fits
    assert before.words(2).endswith("time unknown; never timed here and not counted: drift, naive")
    few = planned(store, models=[{"model": "naive"}], backtest={"first": "2025-06", "every": 6, "steps": 3})
    run(few, cache, HERE)
    known = estimate(found, cache).table.set_index("model")
    spent = cache.times()[0][3] / few.fits
    assert known.loc["naive", "seconds"] == pytest.approx(spent * found.fits / 2)
    assert (known.loc["naive", "from"], known.loc["drift", "from"]) == ("these parameters", "")
    run(found, cache, HERE)
    done = estimate(found, cache)
    assert (done.left, done.words(1)) == (0, "nothing to fit: everything is kept already")


def test_a_worker_with_other_code_is_refused() -> None:
    with pytest.raises(ConfigError, match="install the same version and the same"):
        engine._carried(0, b"", "another digest")


def test_a_scheduler_that_is_away_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 1)
    with pytest.raises(ServiceAway, match=r"tcp://127.0.0.1:9 cannot be reached .* run without --cluster"):
        run(planned(store), Cache(tmp_path), Workers(cluster="tcp://127.0.0.1:9"))


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("dask"), 2) as made:
        yield made


@pytest.mark.servers
def test_a_cluster_gives_the_numbers_of_this_machine_also_when_a_worker_is_killed(
    store: Store, here: pd.DataFrame, dask: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers(cluster=dask.address)
    found = planned(store)
    pd.testing.assert_frame_equal(scored(found, Cache(tmp_path / "1"), workers), here, check_exact=True)

    def kill(done: int, of: int) -> None:
        if of > done >= of // 3 and dask.workers[0].poll() is None:
            dask.workers[0].kill()

    cache = Cache(tmp_path / "2")
    lost = run(found, cache, workers, kill)
    assert dask.workers[0].wait() == -signal.SIGKILL
    assert not lost
    pd.testing.assert_frame_equal(score(found, cache, lost)[0].frame, here, check_exact=True)
    fits = {model: count for _, model, count, _ in cache.times()}
    assert sum(fits.values()) == found.fits

    own, carried = os.getpid(), engine._carried

    def elsewhere(n: int, packed: bytes, code: str) -> tuple[int, dict[str, Fit]]:
        assert os.getpid() != own, "a cluster of one thread is idle"
        return carried(n, packed, code)

    monkeypatch.setattr(engine, "_carried", elsewhere)
    pd.testing.assert_frame_equal(scored(found, Cache(tmp_path / "3"), workers), here, check_exact=True)


@pytest.mark.parametrize(
    "broken", [LookupError, TypeError, IndexError, KeyError, MemoryError, ZeroDivisionError]
)
def test_whatever_a_fit_breaks_with_is_a_failure_of_that_fit(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: type[Exception]
) -> None:
    def breaks(*_: object) -> None:
        raise broken("deep inside")

    monkeypatch.setattr(MODELS["ets"], "fit", breaks)
    found = planned(store, models=[{"model": "naive"}, {"model": "ets"}])
    cache = Cache(tmp_path)
    frame = scored(found, cache)
    words = frame[frame["failure"] != ""].groupby("model")["failure"].unique()
    assert list(words.index) == ["ets"]
    assert all("deep inside" in told for told in words["ets"])
    kept = {model for _, model, _, _ in cache.times()}
    assert kept == ({"naive"} if broken is MemoryError else {"naive", "ets"})


def test_a_time_is_estimated_though_every_fit_so_far_died(store: Store, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    found = planned(store, models=[{"model": "naive"}])
    cache.put({}, *found.works[0].named)
    assert cache.times() == []
    made = estimate(found, cache)
    assert made.untimed == ["naive"]
    assert made.left == found.fits
