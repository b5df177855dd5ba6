"""``forecast drift`` where one champion cannot be refitted: the others are shown and written all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from forecasting.models.libraries import versions
from forecasting.tracking import Champion, export_bundle, read_bundle
from tests.publishing.small_job import Project
from tests.publishing.small_world import EV, OXIDE

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A small project with a release, in which the test runs."""
    project = Project(tmp_path)
    (tmp_path / "experiments").mkdir()
    project.bundles = tmp_path / "mlruns" / "releases"
    project.release()
    monkeypatch.chdir(tmp_path)
    return project


def test_a_champion_that_is_lost_hides_no_other(released: Project, tmp_path: Path, cli: Run) -> None:
    bundle = read_bundle(released.bundles)
    changed = {series: bundle.trained(series) for series in bundle.champions}
    for series, factor, model in ((EV, 1, "brownian"), (OXIDE, 2, "drift")):
        one = changed[series]
        golden = one.champion.golden.assign(value=one.champion.golden["value"] * factor)
        recipe = one.champion.recipe_json.replace('"model": "drift"', f'"model": "{model}"')
        changed[series] = replace(one, champion=Champion.of(series, recipe, golden, panel=one.panel))
    export_bundle(changed, released.bundles, bundle.attachments)
    for place in (tmp_path / "missing" / "drift.csv", tmp_path):
        code, out, err = cli("drift", "--csv", place)
        assert (code, out) == (73, "")
        assert f"{place}: cannot be written (" in err
        assert "name another file" in err
    code, out, err = cli("drift", "--csv", "drift.csv")
    assert code == 65, out + err
    assert out.startswith("the libraries and the code of the models are those the champions were made with\n")
    assert "cannot be refitted: unknown model 'brownian'" in out
    assert "-50.00%" in out, "the others are shown"
    assert "1 champion(s) cannot be refitted with what is installed" in err
    assert "ev: cannot be refitted: unknown model 'brownian'" in err
    assert "or promote again" in err
    table = pd.read_csv(tmp_path / "drift.csv")
    assert set(table.loc[table["now"].isna(), "series"]) == {EV}
    assert set(table["series"]) == set(bundle.champions)


def test_other_code_of_the_models_is_told_beside_the_libraries(
    released: Project, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.publishing.drift.code_digest", lambda: "c" * 64)
    code, out, err = cli("drift")
    assert code == 0, out + err
    count = len(read_bundle(released.bundles).champions)
    assert out.splitlines()[:2] == [
        "the libraries are those the champions were made with",
        f"the code of the models is another than {count} of the champions were made with",
    ]
    monkeypatch.setattr("forecasting.publishing.drift.versions", lambda: {**versions(), "scipy": "0.1"})
    code, out, err = cli("drift")
    assert "scipy" in out.splitlines()[0]
    assert "the code of the models" not in out, "other libraries give another digest as well"
