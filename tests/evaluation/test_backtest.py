"""The backtest sees what was known, fits nothing twice, and records failures as failures."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.evaluation import backtest, cache
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.engine import Workers
from forecasting.evaluation.experiment import Backtest, Candidate, Experiment
from forecasting.evaluation.fits import Fit, Work, kept
from forecasting.evaluation.outcome import carry_out, errors
from forecasting.frames import Observations
from forecasting.models import libraries

CUT = date(2026, 6, 30)


def experiment(*models: str, **changes: object) -> Experiment:
    given = {
        "name": "t", "about": "", "features": "magnet_imports", "horizon": "2027-12", "paths": 100, "seed": 1,
        "series": ("in.magnets.value.85051110", "in.magnets.value.85051900"),
        "backtest": Backtest(first="2024-12", every=6, steps=6),
        "models": tuple(Candidate(model=m) for m in models), **changes,
    }  # fmt: skip
    return Experiment.model_validate(given)


def test_nothing_after_an_origin_reaches_its_tasks(store: Store) -> None:
    found = backtest.plan(store, experiment("naive"), CUT)
    later = store.observations.frame.copy()
    later.loc[later["available_at"] > pd.Timestamp("2025-08-15"), "value"] *= 3
    again = backtest.plan(Store(store.catalogue, Observations(later)), experiment("naive"), CUT)

    def early(one: backtest.Plan) -> list[str]:
        pairs = zip(one.works, one.keys, strict=True)
        return [key for work, keys in pairs for key in keys if str(work.origin.cutoff) <= "2025-06"]

    assert len(early(found)) >= 4
    assert early(found) == early(again)
    assert found.keys != again.keys
    assert all(work.origin.panel.last <= work.origin.cutoff for work in found.works)


def test_what_is_in_the_cache_is_not_fitted_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    first = carry_out(store, experiment("naive", "drift"), CUT, cache)
    fitted: list[str] = []
    original = Work.run
    monkeypatch.setattr(
        Work, "run", lambda work, budget: fitted.append(work.candidate.name) or original(work, budget)
    )
    again = carry_out(store, experiment("naive", "drift", "damped_drift"), CUT, cache)
    assert set(fitted) == {"damped_drift"}
    same = again.scores.frame[again.scores.frame["model"] != "damped_drift"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, first.scores.frame.reset_index(drop=True))


def test_two_processes_give_the_numbers_of_one(store: Store, tmp_path: Path) -> None:
    one = carry_out(store, experiment("naive", "ets"), CUT, Cache(tmp_path / "1"), Workers(1))
    two = carry_out(store, experiment("naive", "ets"), CUT, Cache(tmp_path / "2"), Workers(2))
    pd.testing.assert_frame_equal(one.scores.frame, two.scores.frame, check_exact=True)


def test_a_refusal_is_recorded_under_its_own_name(store: Store, tmp_path: Path) -> None:
    short = experiment("naive", "seasonal_naive", series=("price.nd_oxide.month",), features="prices",
                       backtest=Backtest(first="2024-06", every=3, steps=3))  # fmt: skip
    outcome = carry_out(store, short, CUT, Cache(tmp_path))
    failed = outcome.scores.frame[outcome.scores.frame["failure"] != ""]
    assert set(failed["model"]) == {"seasonal_naive"}
    assert failed["failure"].str.startswith("seasonal_naive: ").all()
    assert failed["point"].isna().all()
    assert outcome.winners["price.nd_oxide.month"].model == "naive"


def test_a_damaged_cache_is_set_aside_and_its_fits_made_again(store: Store, tmp_path: Path) -> None:
    first = carry_out(store, experiment("naive"), CUT, Cache(tmp_path))
    kept = Cache(tmp_path)
    kept._connection.execute("UPDATE fits SET quantiles = zeroblob(length(quantiles))")
    kept._connection.commit()
    kept.close()
    again = carry_out(store, experiment("naive"), CUT, Cache(tmp_path))
    pd.testing.assert_frame_equal(first.scores.frame, again.scores.frame)
    for path in tmp_path.glob("fits.sqlite*"):
        path.write_bytes(b"no database at all" * 100)
    with pytest.warns(UserWarning, match="is damaged .* its fits are made again"):
        again = carry_out(store, experiment("naive"), CUT, Cache(tmp_path))
    pd.testing.assert_frame_equal(first.scores.frame, again.scores.frame)


def test_scores_are_in_units_of_the_naive_error(store: Store, tmp_path: Path) -> None:
    outcome = carry_out(store, experiment("seasonal_naive"), CUT, Cache(tmp_path))
    frame = outcome.scores.frame
    assert frame["step"].between(1, 6).all()
    assert 0.3 < frame["mase"].mean() < 3
    assert set(errors(outcome).columns) == set(outcome.experiment.series)
    assert json.dumps(outcome.winners["in.magnets.value.85051110"].record)


def test_a_record_holds_the_score_of_the_better_naive_model(store: Store, tmp_path: Path) -> None:
    outcome = carry_out(store, experiment("damped_drift", "naive", "seasonal_naive"), CUT, Cache(tmp_path))
    for id, winner in outcome.winners.items():
        mine = outcome.board[
            (outcome.board["series"] == id) & outcome.board["model"].isin(["naive", "seasonal_naive"])
        ]
        best = mine.sort_values("crps").iloc[0]
        assert len(mine) == 2
        assert (winner.record["naive_crps"], winner.record["naive_mase"]) == (best["crps"], best["mase"])
    alone = carry_out(store, experiment("damped_drift"), CUT, Cache(tmp_path))
    assert all("naive_crps" not in winner.record for winner in alone.winners.values())


def test_what_is_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    quantiles, draws = kept(np.random.default_rng(1).lognormal(size=(1, 3, 500)))
    cache.put(
        {"k": Fit(quantiles[0], draws[0], "", 0.5), "r": Fit.refused("naive: no", 0.1)}, "recipe", "naive"
    )
    found = Cache(tmp_path).get(["k", "r", "x"])
    assert set(found) == {"k", "r"} == cache.known(["k", "r", "x"])
    np.testing.assert_array_equal(found["k"].quantiles, quantiles[0])
    np.testing.assert_array_equal(found["k"].draws, draws[0])
    assert (found["k"].refusal, found["r"].refusal) == ("", "naive: no")
    assert cache.times() == [("recipe", "naive", 2, 0.6)]


def test_the_digest_of_the_code_names_every_library_that_can_move_a_forecast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = cache.code_digest.__wrapped__()
    assert usual == cache.code_digest()
    for name in libraries.LIBRARIES:
        other = libraries.versions() | {name: "0.0"}
        monkeypatch.setattr(cache, "versions", lambda other=other: other)
        assert cache.code_digest.__wrapped__() != usual, name
    monkeypatch.setattr(cache, "versions", lambda: libraries.versions.__wrapped__() | {"python": "0"})
    assert cache.code_digest.__wrapped__() == usual


def test_an_origin_that_cannot_be_seen_fails_every_model_and_is_told(store: Store, tmp_path: Path) -> None:
    """A driver is below nought until a revision, so it has no logarithm at some origins."""
    frame = store.observations.frame.copy()
    first = (frame["series"] == "in.ev.2w") & (frame["period"] == "2025-02")
    frame.loc[first, "source"] = "pti_fada_2025_02"
    frame.loc[first & (frame["available_at"] < pd.Timestamp("2026-01-01")), "value"] = -5.0
    fallen = Store(store.catalogue, Observations(frame))
    found = experiment("naive", "drift", covariates=[{"series": "in.ev.2w", "model": "drift"}],
                       backtest=Backtest(first="2024-12", every=3, steps=6))  # fmt: skip
    planned = backtest.plan(fallen, found, CUT)
    seen = {str(work.origin.cutoff) for work in planned.works}
    hidden = {str(cutoff) for cutoff in planned.refused}
    asked = {str(cutoff) for cutoff in backtest.origins(found, planned.today.last)}
    assert seen
    assert hidden
    assert seen | hidden == asked
    outcome = carry_out(fallen, found, CUT, Cache(tmp_path))
    failed = outcome.scores.frame[outcome.scores.frame["failure"] != ""]
    assert set(failed["cutoff"]) == hidden
    assert set(failed["model"]) == {"naive", "drift"}
    assert set(failed["series"]) == set(found.series)
    assert failed["failure"].str.contains("a driver that is not positive has no log").all()
    assert not outcome.winners
    assert all("a driver that is not positive has no log" in str(fault) for fault in outcome.faults)


def test_an_origin_before_everything_known_is_no_failure(store: Store) -> None:
    found = backtest.plan(
        store, experiment("naive", backtest=Backtest(first="1990-12", every=120, steps=6)), CUT
    )
    assert not found.refused
