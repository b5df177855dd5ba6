"""Champions as registered models: found by alias, never doubled, kept whole, and damage to their files named."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version as installed
from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import DataError, InputMissing
from forecasting.frames import Panel
from forecasting.models.libraries import LIBRARIES, versions
from forecasting.periods import Period
from forecasting.tracking import Champion, Store, champions, register
from forecasting.tracking.champion import read_panel, write_panel
from tests.conftest import ROOT
from tests.tracking.conftest import EV, NOW, a_golden, a_panel, a_recipe, promote, trained

RECIPE = a_recipe(a_panel(EV)).to_json()


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
