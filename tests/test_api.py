"""The Python API from data to a promoted model: the walkthrough, executed; and how little it costs to import."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from forecasting.api import Project
from forecasting.errors import ConfigError, DataError, InputMissing, UsageError
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.experiment import Candidate, Experiment
from forecasting.models.total import Total
from forecasting.publishing.champions import Bench
from forecasting.publishing.promotion import in_release, judge
from forecasting.publishing.succession import _decide
from forecasting.tracking import (
    Champion,
    Promotion,
    Trained,
    default_store,
    export_bundle,
    promotions,
    read_bundle,
    writing,
)
from tests.conftest import ROOT

PRICE = "price.nd_oxide.month"


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("walkthrough")
    shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("editions"))
    shutil.copytree(ROOT / "experiments", root / "experiments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECAST_PROJECT", str(root))
        patch.setenv("FORECAST_TRACKING_URI", "http://127.0.0.1:9")
        patch.setattr(tempfile, "tempdir", str(root))
        found = runpy.run_path(str(ROOT / "experiments" / "walkthrough.py"))["project"]
    assert isinstance(found, Project)
    assert found.root.parent == root, "a copy"
    assert not (root / "mlruns").exists(), "the project itself stays as it is"
    return found


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


def only(project: Project, *models: str, name: str = "prices", **more: object) -> Experiment:
    """The experiment of prices with some simple models."""
    [prices] = project.experiments("prices")
    made = tuple(Candidate(model=model) for model in models)
    return prices.model_copy(update={"models": made, "paths": 100, "name": name, **more})


def lines(project: Project) -> list[Promotion]:
    return promotions(project.tracking, PRICE)


def test_another_model_as_the_only_one_of_its_file_is_declared_with_what_it_replaces(walked: Project) -> None:
    before = walked.champion(PRICE)
    other = "damped_drift" if before.model != "damped_drift" else "naive"
    walked.promote(walked.gate([walked.run(only(walked, other))]))
    last = lines(walked)[-1]
    assert (last.verdict, walked.champion(PRICE).model) == ("declared", other)
    assert last.evidence["champion"] == before.model
    assert last.evidence["was"] == {"model": before.recipe.model, "parameters": before.recipe.parameters}
    walked.promote(walked.gate([walked.run(only(walked, other, seed=7))]))
    assert lines(walked)[-1].verdict == "refreshed", "the same model"


def test_a_series_promoted_from_another_experiment_leaves_the_one_it_stood_in(walked: Project) -> None:
    walked.promote(walked.gate([walked.run(only(walked, "naive", "drift", name="metals"))]))
    release = walked.release
    assert release is not None
    assert [one.name for one in release.experiments] == ["walkthrough", "metals"]
    assert set(release.errors) == {"walkthrough", "metals"}
    Bench.of(walked.store, release, walked.store.last_known(date(2026, 6, 30)))


def test_what_is_summed_is_not_taken_apart_and_nothing_is_written(walked: Project) -> None:
    release = walked.release
    assert release is not None
    one = release.experiments[0]
    alone = one.model_copy(update={"name": "alone", "series": one.series[:1], "models": one.models[:1]})
    written = promotions(walked.tracking)
    settled = walked.gate([walked.run(alone)])
    with pytest.raises(
        ConfigError, match=r"alone would take in\.magnets\.value\.85051110 out of it: they add up to"
    ):
        walked.promote(settled)
    assert promotions(walked.tracking) == written
    now = walked.release
    assert now is not None
    assert now.digest == release.digest


def test_a_sum_and_a_model_of_its_own_replace_each_other_by_declaration(
    walked: Project, tmp_path: Path
) -> None:
    release = walked.release
    assert release is not None
    own, total = walked.champion(PRICE), walked.champion("in.magnets.value.850511")
    outcome = walked.run(only(walked, "naive", "drift", name="metals"))
    summed = replace(release, champions={**release.champions, PRICE: total})
    decision = judge(walked.store, outcome, summed, Cache(tmp_path / "fits")).decisions[PRICE]
    assert (decision.verdict, decision.evidence["was"]["model"]) == ("declared", "sum")
    assert "where the sum of its parts was in force" in decision.why
    tracking = default_store(tmp_path)
    made = read_bundle(walked.releases).trained(PRICE)
    for before, verdict in ((None, "first"), (own, "declared"), (total, "refreshed")):
        number = len(promotions(tracking))
        golden = made.champion.golden.assign(value=made.champion.golden["value"] + number)
        changed = Champion.of(PRICE, made.champion.recipe_json, golden, panel=made.panel)
        with writing(tracking) as book:
            _decide(book, changed, None, before, datetime.now(UTC))
        assert promotions(tracking)[-1].verdict == verdict


def test_a_champion_that_cannot_be_built_asks_for_a_reason_and_hides_no_drift(walked: Project) -> None:
    walked.promote(walked.gate([walked.run(only(walked, "drift", name="metals"))]))
    bundle = read_bundle(walked.releases)
    changed = {series: bundle.trained(series) for series in bundle.champions}
    gone = changed[PRICE].champion.recipe_json.replace('"parameters": {', '"parameters": {"no_such": 1,')
    gone = gone.replace("1,}", "1}")
    changed[PRICE] = replace(
        changed[PRICE],
        champion=Champion.of(PRICE, gone, changed[PRICE].champion.golden, panel=changed[PRICE].panel),
    )
    export_bundle(changed, walked.releases, bundle.attachments)
    found = walked.drift()
    assert [fault.where for fault in found.lost] == [PRICE]
    assert "cannot be refitted: model 'drift' cannot be built; no_such: " in found.lost[0].found
    assert found.table.loc[found.table["series"] == PRICE, "now"].isna().all()
    assert found.table.loc[found.table["series"] != PRICE, "moved"].notna().all()
    assert found.moved.empty
    outcome = walked.run(only(walked, "naive", "damped_drift", name="metals"))
    with pytest.raises(ConfigError, match=r"drift cannot be built: .*no_such.*--reason TEXT"):
        walked.gate([outcome])
    walked.promote(walked.gate([outcome], reason="the parameter is no more"))
    last = lines(walked)[-1]
    assert last.verdict == "overridden"
    assert last.reason.startswith("the parameter is no more (the gate: drift cannot be built")
    assert last.evidence["was"]["parameters"]["no_such"] == 1
    assert not walked.drift().lost


def test_a_series_that_no_experiment_forecasts_any_more_has_no_champion_and_the_ledger_says_so(
    walked: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(walked.root, tmp_path / "copy")
    copy = Project.open(tmp_path / "copy")
    monkeypatch.setenv("FORECAST_TRACKING_URI", "http://127.0.0.1:9")
    release = copy.release
    assert release is not None
    one = release.experiments[0]
    gone, *kept = one.series
    smaller = one.model_copy(update={"series": tuple(kept), "models": one.models[:1]})
    settled = copy.gate([copy.run(smaller)])
    assert not in_release(release, settled), "an unchanged recipe of each is not the same release"
    done = copy.promote(settled)
    recipes = {id: champion.recipe for id, champion in release.champions.items()}
    sums = {id for id, total in recipes.items() if isinstance(total, Total) and gone in total.parts}
    assert sums
    assert set(done.dropped) == {gone, *sums}
    after = copy.release
    assert after is not None
    assert set(after.champions) == set(release.champions) - set(done.dropped)
    for id in done.dropped:
        last = promotions(copy.tracking, id)[-1]
        assert (last.verdict, last.digest) == ("dropped", "")
        assert last.replaced is not None
        assert "no experiment forecasts it any more" in last.reason
    with pytest.raises(InputMissing, match=f"{gone} has no champion"):
        copy.champion(gone)
    back = copy.promote(copy.gate([copy.run(one.model_copy(update={"models": one.models[:1]}))]))
    assert not back.dropped
    assert promotions(copy.tracking, gone)[-1].verdict == "first", "it begins again"


def test_editions_are_read_once_for_all_experiments_of_a_gate(
    walked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forecasting.publishing import promotion

    read: list[date] = []
    issued = promotion.issued_forecasts
    monkeypatch.setattr(
        promotion, "issued_forecasts", lambda root, day: (read.append(day), issued(root, day))[1]
    )
    outcome = walked.run(only(walked, "naive"))
    assert len(walked.gate([outcome, outcome])) == 2
    assert read == [outcome.as_of]


@pytest.mark.parametrize("reason", ["", " \n", "bad \udcff byte"])
def test_a_reason_is_a_printable_line(walked: Project, reason: str) -> None:
    with pytest.raises(UsageError, match="says nothing; give a sentence"):
        walked.gate([], reason)


def test_what_moved_since_promotion_is_named_by_series_and_period(walked: Project) -> None:
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
    with pytest.raises(
        InputMissing, match=r"ev_sale is neither a file nor an experiment .* did you mean 'ev_sales'\?"
    ):
        walked.experiments("ev_sale")
    with pytest.raises(
        InputMissing, match=r"experiments is a folder; name an experiment file in it: china_exports"
    ):
        walked.experiments(walked.root / "experiments")
    (walked.releases / "CURRENT").write_text("nothing\n")
    with pytest.raises(DataError, match="damaged"):
        _ = walked.release


def test_importing_the_api_brings_in_nothing_heavy() -> None:
    code = "import sys, forecasting.api; print(sorted({'pandas', 'mlflow', 'matplotlib', 'scipy'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=os.environ, timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr
