"""A champion loaded by MLflow: it answers a stranger, without pickles, with the forecast that was promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import DataError, PeriodError
from forecasting.frames import Panel
from forecasting.models.recipe import Recipe
from forecasting.tracking import Store, champions
from tests.conftest import ROOT
from tests.tracking.conftest import EV, a_golden, a_panel, given, promote

STRANGER = """
import sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(f"models:/{sys.argv[2]}@champion")
print(model.predict(pd.DataFrame({"horizon": ["FY2027"]})).to_json(orient="records"))
for request, params in [({"horizon": ["FY2027"]}, {"scenario": "hgih"}), ({"horizn": ["FY2027"]}, None)]:
    try:
        model.predict(pd.DataFrame(request), params=params)
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[1].strip())
"""


def test_a_stranger_loads_a_champion_without_pickles(store: Store, run: str, tmp_path: Path) -> None:
    promote(store, run)
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, store.uri, EV],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PYTHONDONTWRITEBYTECODE": "",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer, *refusals = done.stdout.strip().splitlines()
    frame = pd.DataFrame(json.loads(answer))
    golden = champions(store, [EV])[EV].golden
    expected = golden[golden["period"] <= "FY2027"]
    assert frame["period"].unique().tolist() == ["FY2025", "FY2026", "FY2027"]
    assert frame["value"].tolist() == pytest.approx(expected["value"].tolist())
    assert refusals == [
        "DataError params: scenario: unknown parameter; leave it out; this model takes none",
        "DataError column horizn: unknown column; did you mean 'horizon'?",
    ]


def loaded(store: Store, monkeypatch: pytest.MonkeyPatch):
    import mlflow
    from mlflow.tracking._tracking_service.utils import _use_tracking_uri

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with _use_tracking_uri(store.uri):
        return mlflow.pyfunc.load_model(f"models:/{EV}@champion")


def test_a_model_answers_for_the_horizon_asked(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(store, run)
    model = loaded(store, monkeypatch)
    assert set(model.metadata.get_output_schema().input_names()) >= {"period", "quantile", "value"}
    whole = model.predict(pd.DataFrame(index=[0]))
    assert whole["period"].unique().tolist() == [f"FY{year}" for year in range(2025, 2030)]
    for horizon, word in [("FY2031", "after"), ("FY2024", "before"), ("2031", "not a period")]:
        with pytest.raises(PeriodError, match=word):
            model.predict(pd.DataFrame({"horizon": [horizon]}))
    with pytest.raises(DataError, match="several horizons"):
        model.predict(pd.DataFrame({"horizon": ["FY2026", "FY2027"]}))


def test_a_refit_that_differs_is_an_error_not_an_answer(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = a_panel(EV)
    golden = a_golden(panel)
    golden.loc[3, "value"] *= 1.01
    given(store, run, golden, panel)
    with pytest.raises(DataError, match="golden forecast again") as caught:
        loaded(store, monkeypatch).predict(pd.DataFrame(index=[0]))
    assert caught.value.faults[0].do == "install the versions of its requirements.txt, or promote again"


def test_a_model_with_covariates_and_ceilings_answers(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = a_panel(EV)
    ahead = range(panel.first.ordinal, panel.last.ordinal + 6)
    panel = Panel(panel.kind, panel.values, panel.units, pd.DataFrame({EV: [50.0] * 15}, index=ahead))
    drivers = Panel(panel.kind, pd.DataFrame({"x": [1.0] * 15}, index=ahead))
    recipe = Recipe.of(panel, "drift", {}, panel.last + 5, paths=50, seed=1, covariates=drivers)
    forecast = recipe.refit(panel, drivers)
    golden = forecast.quantiles([0.5]).assign(kind="FY")
    given(store, run, golden, panel, drivers, recipe.to_json())
    assert set(champions(store, [EV])[EV].inputs) == {"panel", "covariates"}
    answer = loaded(store, monkeypatch).predict(pd.DataFrame(index=[0]))
    assert answer["value"].tolist() == golden["value"].tolist()
