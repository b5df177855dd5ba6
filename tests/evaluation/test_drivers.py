"""Drivers of an experiment are forecast from what was known, once, and their failures are told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.evaluation import covariates
from forecasting.evaluation.backtest import plan, view
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.covariates import Foresight
from forecasting.evaluation.engine import HERE
from forecasting.evaluation.outcome import carry_out
from forecasting.frames import Panel
from forecasting.models import MODELS
from forecasting.periods import Period
from tests.evaluation.small import CUT, given


def test_a_driver_is_forecast_from_what_was_known_at_the_origin(store: Store) -> None:
    driver = {"series": "in.ev.2w", "model": "damped_drift", "lag": 2}
    one = given(covariates=["calendar", driver])
    now, known = Period.parse("2027-12"), date(2025, 8, 15)
    _, regressors = view(store, one, known, Period.parse("2025-06"), now)
    assert regressors is not None
    column = regressors.values["driver.in.ev.2w"]
    assert column.index[-1] == now.ordinal
    assert np.isfinite(column.loc[Period.parse("2025-01").ordinal :]).all()
    later = store.observations.frame["available_at"].dt.date > known
    frame = store.observations.frame.copy()
    frame.loc[later, "value"] *= 3
    from forecasting.frames import Observations

    _, again = view(Store(store.catalogue, Observations(frame)), one, known, Period.parse("2025-06"), now)
    assert again is not None
    assert again.digest() == regressors.digest()
    (rows,) = (store.observations.of("in.ev.2w").as_of(known).frame,)
    newest = rows[rows["status"].isin(["actual", "provisional", "derived"])]["period"].max()
    ahead = column.loc[Period.parse(newest).ordinal + 3 :]
    assert 0 < float(ahead.diff().abs().max()) < 0.2


def test_models_compete_with_drivers(store: Store, tmp_path: Path) -> None:
    models = [{"model": "naive"}, {"model": "driver"}, {"model": "structural"}]
    for covariate in ({"series": "in.ev.2w"}, {"series": "in.ev.2w", "model": "damped_drift"}):
        outcome = carry_out(store, given(models=models, covariates=[covariate]), CUT, Cache(tmp_path), HERE)
        judged = outcome.scores.frame.groupby("model")["failure"].agg(lambda words: (words == "").all())
        assert judged["driver"]
        assert judged["naive"]


def test_drivers_are_forecast_once_and_never_by_a_dry_run(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = given(covariates=[{"series": "in.ev.2w", "model": "damped_drift"}], paths=60)
    fits: list[Panel] = []
    fit = MODELS["damped_drift"].fit
    monkeypatch.setattr(MODELS["damped_drift"], "fit", lambda *of: (fits.append(of[1]), fit(*of))[1])
    covariates._made.cache_clear()
    looks = Foresight(Cache(tmp_path), makes=False)
    asked = plan(store, one, CUT, looks)
    assert not fits
    made = plan(store, one, CUT, Foresight(Cache(tmp_path)))
    assert len(fits) == len(looks.lacking) == len(made.works) + 1
    assert not {key for keys in asked.keys for key in keys} & {key for keys in made.keys for key in keys}
    assert plan(store, one, CUT).keys == made.keys
    covariates._made.cache_clear()
    looks = Foresight(Cache(tmp_path), makes=False)
    again = plan(store, one, CUT, looks)
    assert len(fits) == len(made.works) + 1
    assert not looks.lacking
    assert again.keys == made.keys


def test_a_driver_whose_model_breaks_is_given_by_its_past_only(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(MODELS["ets"], "fit", breaks)
    covariates._made.cache_clear()
    one = given(
        covariates=[{"series": "in.ev.2w", "model": "ets"}], models=[{"model": "naive"}, {"model": "sarimax"}]
    )
    outcome = carry_out(store, one, CUT, Cache(tmp_path))
    covariates._made.cache_clear()
    assert {winner.model for winner in outcome.winners.values()} == {"naive"}
    frame = outcome.scores.frame
    assert (frame[frame["model"] == "sarimax"]["failure"] != "").all()
