"""A published edition says what moved since the last one and how earlier ones did; what fails there costs nothing."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.frames import Forecast
from forecasting.models.recipe import Recipe
from forecasting.publishing import champions, edition, ledger, retrospect
from forecasting.publishing.attribution import EVERY, FALLBACKS, UNKNOWN
from forecasting.publishing.attribution.mixed import DRIVERS, NEW
from forecasting.publishing.candidate import Candidate, Verdict
from forecasting.publishing.chain import AUDIT
from forecasting.publishing.facts import Facts
from forecasting.publishing.inputs import INPUTS, unpacked
from forecasting.publishing.making import Draft
from forecasting.publishing.previous import read
from forecasting.publishing.scorecard import issued
from tests.publishing.small_job import LEFT, RIGHT, TODAY, Project, plain
from tests.publishing.small_world import EV, KNOWN_TO, OXIDE

Cli = Callable[..., tuple[int, str, str]]
MARCH = date(2026, 3, 20)


def whole(facts: Facts, form: str, beside: Sequence[str]) -> Mapping[str, bytes]:
    """The plain report and the tables of the past, as the real one lays them out."""
    found = dict(plain(facts, form, beside))
    if form == "csv":
        found |= {f"{id}.csv": one.to_csv(index=False).encode() for id, one in facts.tables.items()}
    return found


@pytest.fixture(scope="module")
def month_later(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An edition of March without the last month, and one of April with it, from one release."""
    root = tmp_path_factory.mktemp("project")
    project = Project(root / "old", last=KNOWN_TO + -1, balance=True).release()
    first = project.publish(known_on=MARCH, released=MARCH, today=MARCH)
    assert first.new
    later = Project(root / "new", balance=True)
    shutil.rmtree(project.data)
    shutil.copytree(later.data, project.data)
    done = project.publish(render=whole)
    assert done.new
    return project


def test_the_first_edition_attributes_nothing_and_scores_nothing(month_later: Project) -> None:
    first = min(path for path in month_later.editions.iterdir() if path.name.startswith("2026-03"))
    assert not (first / "attribution.parquet").exists()
    assert pd.read_parquet(first / "scores.parquet").empty


def test_the_next_edition_splits_every_move_and_its_inputs_give_what_it_prints(month_later: Project) -> None:
    table = pd.read_parquet(month_later.latest / "attribution.parquet")
    causes = [cause for cause in EVERY if cause in table]
    assert set(causes) == {NEW, DRIVERS}, "neither code, nor fallbacks, nor anything unseparated"
    rest = (table[causes].sum(axis=1) - (table["after"] - table["before"])).abs()
    assert (rest <= 1e-9 * table[["before", "after"]].abs().max(axis=1)).all()
    printed = month_later.table()
    medians = printed[printed["quantile"] == 0.5].rename(columns={"series": "about"})
    mine = table[(table["scenario"] == "") & (table["measure"] == "median")]
    assert len(mine) > 100
    both = mine.merge(medians[["about", "period", "value"]], on=["about", "period"])
    assert len(both) == len(mine)
    assert (both["after"] == both["value"]).all()
    told = json.loads((month_later.latest / "MANIFEST.json").read_text())
    assert {"attribution.parquet", "scores.parquet"} <= {entry["path"] for entry in told["files"]}


def test_the_month_that_came_is_scored_against_the_edition_before_it(month_later: Project) -> None:
    scored = pd.read_parquet(month_later.latest / "scores.parquet")
    assert set(scored["period"]) >= {"2026-03"}
    row = scored[(scored["series"] == EV) & (scored["period"] == "2026-03")].iloc[0]
    assert row["edition"].startswith("2026-03-20")
    assert row["months_ahead"] in (0, 1)
    assert row["error_pct"] == pytest.approx(100 * (row["median"] / row["actual"] - 1))


def test_why_prints_the_headlines_and_one_number(month_later: Project, cli: Cli) -> None:
    code, out, _ = cli("why", "latest", "--editions", month_later.editions)
    assert code == 0
    assert "FY2030: " in out
    assert f"{NEW} " in out
    code, out, _ = cli("why", "latest", EV, "FY2030", "--editions", month_later.editions)
    assert code == 0
    assert out.count("→") == 4, "the editions, the median and both ends of the band"
    code, _, err = cli("why", "latest", "evv", "FY2030", "--editions", month_later.editions)
    assert code == 2
    assert "did you mean 'ev'" in err
    code, _, err = cli("why", "latest", EV, "FY2031", "--editions", month_later.editions)
    assert code == 2
    assert "both editions hold no ev FY2031; did you mean 'FY2030'?" in " ".join(err.split())
    first = min(p.name for p in month_later.editions.iterdir() if p.name.startswith("2026-03"))
    code, _, err = cli("why", first, "--editions", month_later.editions)
    assert code == 66
    assert "first edition" in err


def test_score_prints_and_writes_every_figure(month_later: Project, cli: Cli, tmp_path: Path) -> None:
    wanted = tmp_path / "scores.csv"
    code, out, _ = cli(
        "score", "--data", month_later.data, "--editions", month_later.editions, "--csv", wanted
    )
    assert code == 0
    assert "by months ahead" in out
    assert "up to 3 months" in out
    written = pd.read_csv(wanted, float_precision="round_trip")
    kept = pd.read_parquet(month_later.latest / "scores.parquet")
    np.testing.assert_array_equal(written["wis"], kept["wis"])


def test_an_edition_without_its_inputs_leaves_one_cause_and_a_warning(
    month_later: Project, tmp_path: Path
) -> None:
    first = min(path for path in month_later.editions.iterdir() if path.name.startswith("2026-03"))
    bare = tmp_path / first.name
    shutil.copytree(first, bare)
    previous, _ = read(first)
    (bare / INPUTS).unlink()
    inputs = unpacked(month_later.latest, tmp_path / "inputs", TODAY)
    candidate = Candidate(
        month_later.table(),
        {},
        pd.DataFrame(),
        {},
        inputs.store.catalogue,
        inputs.store.as_of(TODAY),
        TODAY,
        TODAY,
    )
    draft = Draft(candidate, Verdict(), {}, [], "")
    found = retrospect.look_back(
        month_later.editions,
        draft,
        inputs,
        replace(previous, folder=bare),
        tmp_path / "cache",
        inputs.store.catalogue.publication.job,
    )
    table = pd.read_parquet(io.BytesIO(found.files["attribution.parquet"]))
    assert [cause for cause in EVERY if cause in table] == [UNKNOWN]
    assert any("could not be attributed" in one.text for one in found.draft.verdict.objections)


def of_another_version(folder: Path) -> None:
    """Make an edition one whose data folder has a key this version does not know."""
    manifest = edition.read_manifest(folder)
    files = {one["path"]: (folder / one["path"]).read_bytes() for one in manifest["files"]}
    facts = {name: one for name, one in manifest.items() if name != "files"}
    old, new = io.BytesIO(files[INPUTS]), io.BytesIO()
    with zipfile.ZipFile(old) as was, zipfile.ZipFile(new, "w") as now:
        for name in was.namelist():
            more = b"\nkey_of_another_version: 1\n" if name == "data/publication.yaml" else b""
            now.writestr(name, was.read(name) + more)
    edition.fill(folder, files | {INPUTS: new.getvalue()}, facts)


def test_inputs_of_another_version_stop_no_edition_and_it_says_so(
    month_later: Project, tmp_path: Path, cli: Cli
) -> None:
    project = Project(tmp_path / "p", balance=True)
    for name in ("data", "bundles", "editions", "cache"):
        mine = getattr(project, name)
        shutil.rmtree(mine, ignore_errors=True)
        shutil.copytree(getattr(month_later, name), mine, symlinks=True)
    first, last = edition.editions(project.editions)
    (project.editions / AUDIT).unlink()
    of_another_version(first)
    of_another_version(last)
    last.rename(tmp_path / last.name)
    ledger.record(project.editions, first.name)
    (tmp_path / last.name).rename(last)
    ledger.record(project.editions, last.name)
    previous, release = read(last)
    assert release is None
    assert len(previous.known.frame) > 100, "the figures it printed"
    done = project.publish(render=whole, again=True)
    assert done.code == 3
    (why,) = (one for one in done.reasons if "attributed" in one)
    assert (
        f"the inputs of {last.name} can no longer be read ({last.name}/inputs.zip/data/publication.yaml"
        in why
    )
    assert "key_of_another_version" in why
    table = pd.read_parquet(done.folder / "attribution.parquet")
    assert [cause for cause in EVERY if cause in table] == [UNKNOWN]
    scored = pd.read_parquet(done.folder / "scores.parquet")
    assert set(scored["edition"]) == {first.name}
    assert scored["naive_wis"].notna().any(), "from the vintages known on its day"
    said = [
        one["text"] for one in edition.read_manifest(done.folder)["gates"] if one["gate"] == "track_record"
    ]
    assert any(f"{first.name} can no longer be read" in text and "naive yardstick" in text for text in said)
    code, out, err = cli("score", "--data", project.data, "--editions", project.editions)
    assert code == 0
    assert "by months ahead" in out
    assert f"warning: the inputs of {first.name} can no longer be read" in " ".join(err.split())


def test_a_damaged_past_edition_is_not_scored_and_named(
    month_later: Project, tmp_path: Path, cli: Cli
) -> None:
    root = tmp_path / "editions"
    shutil.copytree(month_later.editions, root, symlinks=True)
    first, last = edition.editions(root)
    table = (first / "forecasts.csv").read_text().splitlines(keepends=True)
    (first / "forecasts.csv").write_text("".join([*table[:-1], table[-1].replace(".", "0.", 1)]))
    said: list[str] = []
    assert [one.id for one in issued(root, said.append)] == [last.name]
    assert said == [
        f"{first.name} is not scored, it is not as it was published: forecast editions verify {first.name} "
        "(forecasts.csv: its hash is not the manifest's)"
    ]
    code, out, err = cli("score", "--data", month_later.data, "--editions", root)
    assert (code, out.split()[0]) == (0, "1")
    assert f"warning: {first.name} is not scored" in " ".join(err.split())
    for command in (["why", first.name], ["editions", "diff", first.name]):
        code, _, err = cli(*command, "--editions", root)
        assert code == 65
        assert "forecasts.csv: its hash is not the manifest's" in " ".join(err.split())
    shutil.rmtree(first)
    said.clear()
    issued(root, said.append)
    assert said[0].endswith("(MANIFEST.json: missing)")


def test_series_that_end_in_different_months_do_not_move_by_an_edition_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "p")
    path = project.data / "observations" / "all.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows[(rows["series"] != RIGHT) | (rows["period"] != str(KNOWN_TO))].to_csv(path, index=False)
    first = project.release().publish()
    assert project.table().query("series == @LEFT")["period"].min() == str(KNOWN_TO)
    whole_fit = champions.Bench.fitted

    def fitted(bench: champions.Bench, id: str, recipe: Recipe, widening: float = 1.0) -> Forecast:
        if (id, recipe.model) == (OXIDE, "drift"):
            raise ZeroDivisionError("a model's own fault")
        return whole_fit(bench, id, recipe, widening)

    for kept in project.cache.glob("*.npz"):
        kept.unlink()
    monkeypatch.setattr(champions.Bench, "fitted", fitted)
    second = project.publish(again=True)
    assert second.folder != first.folder
    table = pd.read_parquet(second.folder / "attribution.parquet")
    causes = table[[cause for cause in EVERY if cause in table]]
    assert list(causes) == [FALLBACKS]
    assert set(table.loc[causes.any(axis=1), "about"]) == {OXIDE}
    assert {LEFT, RIGHT} <= set(table["about"])
