"""No model wins that cannot forecast from all that is known to the horizon."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import plan
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.outcome import Outcome, carry_out
from forecasting.evaluation.promotion import settle
from forecasting.frames import Forecast
from forecasting.models import MODELS
from forecasting.periods import Period

CUT = date(2026, 6, 30)
ID, OTHER = "in.magnets.value.85051110", "in.magnets.value.85051190"
BASE: dict[str, Any] = {
    "name": "t", "about": "", "features": "magnet_imports", "horizon": "2028-12", "paths": 60, "seed": 1,
    "series": [ID, OTHER], "backtest": {"first": "2025-01", "every": 6, "steps": 3}, "margin": 0.0,
    "models": [{"model": "naive"}, {"model": "drift"}, {"model": "seasonal_naive"}],
}  # fmt: skip


def given(**changes: Any) -> Experiment:
    return Experiment.model_validate({**BASE, **changes})


def breaking(
    patch: pytest.MonkeyPatch, model: str, error: Exception | None = None, ids: tuple[str, ...] = (ID,)
) -> list[Period]:
    """Let a model break where it is asked beyond 2027, or give no numbers there; gives what it was asked to."""
    asked: list[Period] = []
    predict = MODELS[model].predict

    def broken(self: Any, horizon: Period, **options: Any) -> Forecast:
        asked.append(horizon)
        made = predict(self, horizon, **options)
        if horizon.end.year > 2027 and set(made.ids) & set(ids):
            if error is not None:
                raise error
            made.paths[:] = np.inf
        return made

    patch.setattr(MODELS[model], "predict", broken)
    return asked


def winning(outcome: Outcome) -> dict[str, str]:
    return {id: winner.model for id, winner in outcome.winners.items()}


@pytest.fixture(scope="module")
def sound(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return carry_out(store, given(), CUT, Cache(tmp_path_factory.mktemp("sound")))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (np.linalg.LinAlgError("singular"), "singular"),
        (TypeError("no number"), "no number"),
        (None, "quantiles are not finite numbers"),
    ],
)
def test_the_next_best_wins_where_the_best_breaks_beyond_the_backtest(
    store: Store,
    sound: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    words: str,
) -> None:
    best = winning(sound)[ID]
    asked = breaking(monkeypatch, best, error)
    found = carry_out(store, given(), CUT, Cache(tmp_path))
    assert not found.faults
    assert winning(found)[OTHER] == winning(sound)[OTHER]
    left = sound.board[(sound.board["series"] == ID) & (sound.board["model"] != best)]
    assert winning(found)[ID] == left.sort_values("crps")["model"].iloc[0]
    row = found.board.set_index(["series", "model"]).loc[(ID, best)]
    before = sound.board.set_index(["series", "model"]).loc[(ID, best)]
    assert (row["failures"], before["failures"]) == (1, 0)
    assert row[["mase", "crps", "points"]].equals(before[["mase", "crps", "points"]])
    failed = found.scores.frame[found.scores.frame["failure"] != ""]
    assert failed["failure"].tolist() == [f"to 2028-12: {best}: {words}"]
    assert failed["cutoff"].tolist() == [str(found.winners[ID].panel.last)]
    tries = len(asked)
    again = carry_out(store, given(), CUT, Cache(tmp_path))
    assert winning(again) == winning(found)
    assert len(asked) == tries, "what a model said to the horizon is kept like any fit"


def test_the_lowest_mean_is_tried_as_well_where_the_margin_keeps_the_default(
    store: Store, sound: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = winning(sound)[ID]
    names = sorted(("naive", "drift", "seasonal_naive"), key=lambda name: name == best)
    one = given(margin=0.99, models=[{"model": name} for name in names])
    breaking(monkeypatch, best, ValueError("stops"))
    found = carry_out(store, one, CUT, Cache(tmp_path))
    assert winning(found)[ID] == names[0]
    champion = {ID: names[0], OTHER: winning(found)[OTHER]}
    decision = settle(one, found.scores, champion)[ID]
    assert best not in (decision.chosen, decision.challenger), (
        "the gate meets no model that stops before the horizon"
    )


def test_a_series_no_model_reaches_the_horizon_of_is_a_fault_and_the_others_win(
    store: Store, sound: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in ("naive", "drift", "seasonal_naive"):
        breaking(monkeypatch, model, ValueError(f"{model} stops in 2027"))
    found = carry_out(store, given(), CUT, Cache(tmp_path))
    assert winning(found) == {OTHER: winning(sound)[OTHER]}
    [fault] = found.faults
    assert fault.where == f"t: {ID}"
    assert "each of 3 model(s) failed" in fault.found
    assert "to 2028-12: " in fault.found
    assert "stops in 2027" in fault.found
    assert "another first origin or horizon" in fault.do
    one = given(models=[{"model": "naive"}], series=[ID], backtest={**BASE["backtest"], "first": "2026-05"})
    [fault] = carry_out(store, one, CUT, Cache(tmp_path)).faults
    assert "naive stops in 2027" in fault.found, "a sole model that nothing could judge is tried as well"


def test_a_driver_that_ends_before_the_horizon_lets_no_model_win_that_needs_it(
    store: Store, tmp_path: Path
) -> None:
    one = given(covariates=[{"series": "in.ev.2w", "lag": 12}], models=[{"model": "sarimax"}], series=[ID])
    found = carry_out(store, one, CUT, Cache(tmp_path))
    judged = found.scores.frame[found.scores.frame["failure"] == ""]
    assert len(judged), "it holds at every origin of the backtest"
    assert not found.winners
    assert "driver.in.ev.2w end before 2028-12" in found.faults[0].found
    assert "give drivers a model" in found.faults[0].do


def test_a_horizon_that_is_past_is_refused_before_anything_is_fitted(store: Store) -> None:
    with pytest.raises(DataError, match="t: nothing is left to forecast") as caught:
        plan(store, given(horizon="2025-12"), CUT)
    [fault] = caught.value.faults
    assert fault.where == "t: horizon"
    assert fault.found.startswith("2025-12 is not after 2026-")
    assert fault.do == "give a later one"
