"""A driver without a forecast says why, in the failures it causes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.evaluation import covariates
from forecasting.evaluation.backtest import Plan, plan, run
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.covariates import Foresight
from forecasting.evaluation.engine import HERE
from forecasting.evaluation.experiment import Experiment
from forecasting.models import MODELS

CUT = date(2026, 6, 30)
NAME = "driver.in.ev.2w"


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    covariates._made.cache_clear()
    yield
    covariates._made.cache_clear()


@pytest.mark.parametrize(
    ("broken", "lasts"),
    [
        (np.linalg.LinAlgError("singular"), True),
        (OSError("no space left"), False),
        (MemoryError("too little"), False),
    ],
)
def test_why_a_driver_has_no_forecast_stands_in_the_failures_it_causes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Exception, lasts: bool
) -> None:
    def breaks(*_: object) -> None:
        raise broken

    one = Experiment.model_validate({
        "name": "t", "about": "", "features": "magnet_imports", "horizon": "2027-12", "paths": 60, "seed": 1,
        "series": ["in.magnets.value.85051110"], "backtest": {"first": "2025-12", "every": 6, "steps": 3},
        "models": [{"model": "naive"}, {"model": "structural"}],
        "covariates": [{"series": "in.ev.2w", "model": "ets"}],
    })  # fmt: skip
    cache = Cache(tmp_path)

    def planned() -> Plan:
        covariates._made.cache_clear()
        return plan(store, one, CUT, Foresight(cache))

    with monkeypatch.context() as patched:
        patched.setattr(MODELS["ets"], "fit", breaks)
        found = planned()
    assert [work.origin.unforeseen for work in found.works] == [{NAME: f"ets: {broken}"}] * 2
    assert not run(found, cache, HERE)
    naive, structural = (cache.get(keys)[keys[0]].refusal for keys in found.keys)
    assert not naive
    assert f"structural: in.magnets.value.85051110: regressors {NAME} end before" in structural
    assert structural.endswith(f"; {NAME} has no forecast: ets: {broken}")
    again = planned()
    assert (again.keys == found.keys) is lasts
    assert bool(again.works[0].origin.unforeseen) is lasts
