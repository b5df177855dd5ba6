"""The Python API from data to a promoted model: the walkthrough, executed; and how little it costs to import."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from forecasting.api import Project
from forecasting.errors import DataError, InputMissing
from forecasting.tracking import promotions
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("walkthrough")
    shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("editions"))
    shutil.copytree(ROOT / "experiments", root / "experiments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECAST_PROJECT", str(root))
        patch.delenv("FORECAST_TRACKING_URI", raising=False)
        runpy.run_path(str(ROOT / "experiments" / "walkthrough.py"))
    return Project.open(root)


def test_the_walkthrough_ends_with_champions_in_force_and_mlflow_told(walked: Project) -> None:
    import mlflow

    release = walked.release
    assert release is not None
    assert [one.name for one in release.experiments] == ["walkthrough"]
    assert {one.verdict for one in promotions(walked.tracking)} == {"first"}
    client = mlflow.MlflowClient(walked.tracking.uri)
    for series in release.champions:
        version = client.get_model_version_by_alias(series, "champion")
        assert client.get_run(version.run_id).data.tags["forecasting.key"] == release.champions[series].run_id
    assert b"Cumulative difference" in (walked.root / "mlruns" / "walkthrough.html").read_bytes()


def test_a_second_promotion_of_the_same_changes_nothing(walked: Project) -> None:
    release = walked.release
    assert release is not None
    outcome = walked.run(release.experiments[0])
    again = walked.promote(walked.gate([outcome]))
    assert again.folder.name == release.digest
    assert {d.verdict for one in again.settled for d in one.decisions.values()} <= {"same", "inconclusive"}
    assert again.delivery.waiting == 0


def test_another_experiment_joins_the_release_and_leaves_the_rest_as_it_was(walked: Project) -> None:
    before = walked.release
    [prices] = walked.experiments("prices")
    prices = prices.model_copy(update={"models": prices.models[1:3], "paths": 100})
    walked.promote(walked.gate([walked.run(prices)]))
    after = walked.release
    assert before is not None
    assert after is not None
    assert set(after.champions) == {*before.champions, "price.nd_oxide.month"}
    assert [one.name for one in after.experiments] == ["walkthrough", "prices"]
    assert all(after.champions[id].recipe == one.recipe for id, one in before.champions.items())


def test_what_moved_since_promotion_is_named_by_series_and_period(walked: Project) -> None:
    from forecasting.tracking import Trained, export_bundle, read_bundle
    from forecasting.tracking.champion import Champion

    assert walked.drift().moved.empty
    bundle = read_bundle(walked.releases)
    changed = {}
    for series in bundle.champions:
        one = bundle.trained(series)
        golden = one.champion.golden.copy()
        if series == "price.nd_oxide.month":
            golden.loc[golden["period"] == "2028-01", "value"] *= 1.02
        made = Champion.of(
            series, one.champion.recipe_json, golden, panel=one.panel, covariates=one.covariates
        )
        older = replace(made, libraries={**made.libraries, "numpy": "1.0"})
        changed[series] = Trained(older, one.panel, one.covariates)
    export_bundle(changed, walked.releases, bundle.attachments)
    found = walked.drift()
    assert set(found.moved["period"]) == {"2028-01"}
    assert found.moved["moved"].to_numpy() == pytest.approx(1 / 1.02 - 1)
    assert set(found.libraries["library"]) == {"numpy"}


def test_what_is_not_there_is_said(walked: Project, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="is no project"):
        Project.open(tmp_path)
    with pytest.raises(InputMissing, match="did you mean 'in"):
        walked.champion("in.magnets.value.8505119")
    (walked.releases / "CURRENT").write_text("nothing\n")
    with pytest.raises(DataError, match="damaged"):
        _ = walked.release


def test_importing_the_api_brings_in_nothing_heavy() -> None:
    code = "import sys, forecasting.api; print(sorted({'pandas', 'mlflow', 'matplotlib', 'scipy'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=os.environ, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr
