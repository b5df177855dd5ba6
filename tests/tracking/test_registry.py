from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from importlib.metadata import version as installed
from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import DataError, InputMissing, PeriodError
from forecasting.frames import Panel
from forecasting.models.libraries import LIBRARIES, versions
from forecasting.models.recipe import Recipe
from forecasting.periods import Period
from forecasting.tracking import Champion, Store, Trained, champions, register
from forecasting.tracking.champion import read_panel, write_panel
from tests.tracking.conftest import NOW, a_golden, a_panel, a_recipe, trained

ROOT = Path(__file__).resolve().parents[2]
RECIPE = a_recipe(a_panel("in.ev.2w")).to_json()
EV = "in.ev.2w"


def promote(
    store: Store, run: str, series: str = EV, scale: float = 1.0, seed: int = 7, at: datetime = NOW
) -> int:
    version, _ = register(store, trained(series, scale, seed), run, "lowest mase", at=at, ledger="l" * 64)
    return version


def given(
    store: Store,
    run: str,
    golden: pd.DataFrame,
    panel: Panel,
    covariates: Panel | None = None,
    recipe: str = RECIPE,
) -> None:
    champion = Champion.of(EV, recipe, golden, panel=panel, covariates=covariates)
    register(store, Trained(champion, panel, covariates), run, "x", at=NOW)


@pytest.fixture
def run(store: Store) -> str:
    return store.client().create_run(store.experiment("in.magnets"), run_name="parent").info.run_id


def test_a_champion_is_found_by_its_alias_and_comes_back_whole(store: Store, run: str) -> None:
    assert promote(store, run) == 1
    version = store.client().get_model_version_by_alias(EV, "champion")
    assert version.run_id == run
    found = champions(store, [EV])[EV]
    assert found.recipe_json == RECIPE
    assert found.run_key == "k" * 64
    assert version.tags["forecasting.ledger"] == "l" * 64
    assert found.libraries == versions()
    assert found.inputs == {"panel": a_panel(EV).digest()}
    expected = a_golden(a_panel(EV)).sort_values(["kind", "period", "quantile"], ignore_index=True)
    pd.testing.assert_frame_equal(found.golden, expected[list(found.golden)], check_exact=True)


def in_force(store: Store) -> int:
    return int(store.client().get_model_version_by_alias(EV, "champion").version)


def test_a_model_pins_all_it_needs_as_installed(store: Store, run: str) -> None:
    import mlflow.pyfunc
    from mlflow.tracking._tracking_service.utils import _use_tracking_uri

    promote(store, run)
    with _use_tracking_uri(store.uri):
        lines = Path(mlflow.pyfunc.get_model_dependencies(f"models:/{EV}@champion")).read_text().splitlines()
    pinned = dict(line.split("==") for line in lines)
    assert pinned == {name: installed(name) for name in pinned}
    assert lines == sorted(lines, key=lambda line: line.split("==")[0])
    assert {"forecasting", "mlflow", "pandas", "pandera", "pyarrow", "pydantic", *LIBRARIES} <= set(pinned)
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not [name for name in pinned if name != "forecasting" and f"\n{name}==" not in f"\n{locked}"]


def test_the_same_champion_again_changes_nothing(store: Store, run: str) -> None:
    assert [promote(store, run), promote(store, run)] == [1, 1]
    assert promote(store, run, seed=8) == 2
    assert promote(store, run) == 1, "an earlier champion keeps its version"
    assert in_force(store) == 1


def test_what_waited_in_a_spool_never_undoes_what_was_decided_since(store: Store, run: str) -> None:
    promote(store, run, at=NOW)
    late = register(store, trained(EV, 2.0), run, "x", at=NOW - timedelta(hours=1))
    assert late == (2, False)
    assert in_force(store) == 1
    assert register(store, trained(EV, 2.0), run, "x", at=NOW + timedelta(hours=1)) == (2, True)


def test_a_promotion_cut_short_before_the_alias_moved_is_taken_up_again(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    def fail(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    promote(store, run)
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "set_registered_model_alias", fail)
        with pytest.raises(KeyboardInterrupt):
            promote(store, run, scale=2.0)
    assert in_force(store) == 1
    assert promote(store, run, scale=2.0) == 2
    assert in_force(store) == 2


@pytest.mark.parametrize("call", ["log_model_artifacts", "finalize_logged_model", "create_model_version"])
def test_a_registration_cut_short_leaves_one_logged_model_and_one_version(
    store: Store, run: str, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    import mlflow

    class Killed(BaseException):
        pass

    def fail(*_args: object, **_kwargs: object) -> None:
        raise Killed

    promote(store, run)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(mlflow.MlflowClient, call, fail)
            with pytest.raises(Killed):
                promote(store, run, scale=2.0)
    assert promote(store, run, scale=2.0) == 2
    client = store.client()
    logged = client.search_logged_models([client.get_run(run).info.experiment_id])
    assert len(logged) == 2
    assert {str(one.status) for one in logged} == {"READY"}
    versions = client.search_model_versions(f"name = '{EV}'")
    assert {version.source for version in versions} == {f"models:/{one.model_id}" for one in logged}
    assert champions(store, [EV])[EV].digest == trained(EV, 2.0).champion.digest


@pytest.mark.parametrize("name", ["EV", "in..ev", "in/ev", "", "in.ev\n", ".ev"])
def test_a_name_that_is_no_series_id_is_refused(name: str) -> None:
    panel = a_panel(EV)
    with pytest.raises(DataError, match="cannot name a model"):
        Champion.of(name, RECIPE, a_golden(panel), panel=panel)


def test_what_is_no_champion_is_refused(store: Store, run: str) -> None:
    panel = a_panel(EV)
    golden = a_golden(panel)
    bad = [
        (RECIPE, golden.drop(columns="kind")),
        (RECIPE, golden.assign(series="in.other")),
        (RECIPE, golden.assign(value=float("nan"))),
        (RECIPE, golden.iloc[:0]),
        (RECIPE, pd.concat([golden, golden])),
        ("[]", golden),
        ("{", golden),
    ]
    for recipe, frame in bad:
        with pytest.raises(DataError):
            Champion.of(EV, recipe, frame, panel=panel)
    with pytest.raises(DataError, match="time zone"):
        register(store, trained(EV), run, "x", at=datetime(2026, 1, 1))


def test_series_without_a_champion_are_all_named(store: Store, run: str) -> None:
    promote(store, run)
    with pytest.raises(InputMissing) as caught:
        champions(store, ["in.a", EV, "in.b"])
    assert [fault.where for fault in caught.value.faults] == ["in.a", "in.b"]


def model_folder(store: Store) -> Path:
    [path] = store.artifacts.rglob("forecast_model.py")
    return path.parent


@pytest.mark.parametrize(
    "file",
    [
        "artifacts/recipe.json",
        "artifacts/golden.parquet",
        "artifacts/panel.parquet",
        "forecast_model.py",
        "MLmodel",
    ],
)
def test_a_changed_file_of_a_champion_is_named(store: Store, run: str, file: str) -> None:
    promote(store, run)
    path = model_folder(store) / file
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DataError) as caught:
        champions(store, [EV])
    assert [Path(fault.where) for fault in caught.value.faults] == [path]


def test_a_file_slipped_in_is_named(store: Store, run: str) -> None:
    promote(store, run)
    (model_folder(store) / "sitecustomize.py").write_text("print('hello')")
    with pytest.raises(DataError, match="not in the manifest"):
        champions(store, [EV])


def test_a_stored_model_holds_no_path_of_this_machine(store: Store, run: str, tmp_path: Path) -> None:
    promote(store, run)
    for path in model_folder(store).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(tmp_path).encode() not in content, path
            assert str(ROOT).encode() not in content, path
            assert path.suffix != ".pkl"


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


def test_a_panel_survives_as_parquet(tmp_path: Path) -> None:
    first = Period.parse("2024-01")
    months = {first + i: float(i) / 3 for i in (0, 1, 3)}
    one = Panel.of({"b": months, "a": months, "c": months}, {"b": "vehicles", "c": "1"})
    ahead = pd.DataFrame({"b": [9.0] * 8}, index=range(first.ordinal, first.ordinal + 8))
    panel = Panel(one.kind, one.values, one.units, ahead)
    for each in (one, panel, panel.only("b", "a"), panel.only("a"), panel.until(first + 1)):
        folder = tmp_path / each.digest()
        folder.mkdir()
        write_panel(each, folder / "panel.parquet")
        again = read_panel(folder / "panel.parquet")
        assert again.ids == each.ids
        assert again.digest() == each.digest()


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
