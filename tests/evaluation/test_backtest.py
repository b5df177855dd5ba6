"""The backtest sees what was known, fits nothing twice, and records failures as failures."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.evaluation import backtest
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.experiment import Backtest, Candidate, Experiment
from forecasting.evaluation.metrics import GRID
from forecasting.evaluation.outcome import carry_out, errors
from forecasting.frames import Observations

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
    found = backtest.tasks(store, experiment("naive"), CUT)
    later = store.observations.frame.copy()
    later.loc[later["available_at"] > pd.Timestamp("2025-08-15"), "value"] *= 3
    again = backtest.tasks(Store(store.catalogue, Observations(later)), experiment("naive"), CUT)
    early = [t for t in found if str(t.cutoff) <= "2025-06"]
    assert len(early) >= 4
    assert [t.key for t in early] == [t.key for t in again if str(t.cutoff) <= "2025-06"]
    assert all(t.panel.last <= t.cutoff for t in found)


def test_what_is_in_the_cache_is_not_fitted_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    first = carry_out(store, experiment("naive", "drift"), CUT, cache)
    fitted: list[str] = []
    original = backtest.Task.run
    monkeypatch.setattr(
        backtest.Task, "run", lambda task: fitted.append(task.candidate.name) or original(task)
    )
    again = carry_out(store, experiment("naive", "drift", "damped_drift"), CUT, cache)
    assert set(fitted) == {"damped_drift"}
    same = again.scores.frame[again.scores.frame["model"] != "damped_drift"].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, first.scores.frame.reset_index(drop=True))


def test_two_processes_give_the_numbers_of_one(store: Store, tmp_path: Path) -> None:
    one = carry_out(store, experiment("naive", "ets"), CUT, Cache(tmp_path / "1"), jobs=1)
    two = carry_out(store, experiment("naive", "ets"), CUT, Cache(tmp_path / "2"), jobs=2)
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


def test_a_damaged_cache_entry_is_fitted_again(store: Store, tmp_path: Path) -> None:
    first = carry_out(store, experiment("naive"), CUT, Cache(tmp_path))
    for path in tmp_path.rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:40])
    again = carry_out(store, experiment("naive"), CUT, Cache(tmp_path))
    pd.testing.assert_frame_equal(first.scores.frame, again.scores.frame)


def test_scores_are_in_units_of_the_naive_error(store: Store, tmp_path: Path) -> None:
    outcome = carry_out(store, experiment("seasonal_naive"), CUT, Cache(tmp_path))
    frame = outcome.scores.frame
    assert frame["step"].between(1, 6).all()
    assert 0.3 < frame["mase"].mean() < 3
    assert set(errors(outcome).columns) == set(outcome.experiment.series)
    assert json.dumps(outcome.winners["in.magnets.value.85051110"].record)


def test_what_is_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    table = np.tile(GRID, (1, 3, 1))
    cache.put("k" * 64, table)
    cache.put("r" * 64, "naive: no")
    kept = cache.get("k" * 64)
    assert isinstance(kept, np.ndarray)
    np.testing.assert_array_equal(kept, table)
    assert cache.get("r" * 64) == "naive: no"
    assert cache.get("x" * 64) is None
