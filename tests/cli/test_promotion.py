"""Promotion by the command line: first champions, doubt, reasons, tracking that is away, drift and the leaderboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from forecasting.publishing.release import load
from forecasting.tracking import read_bundle
from tests.browser import opened
from tests.conftest import ROOT

SERIES = "price.nd_oxide.month"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("promotion")
    shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("editions"))
    (root / "experiments").mkdir()
    content = yaml.safe_load((ROOT / "experiments" / "prices.yaml").read_text())
    content |= {"paths": 100, "models": [{"model": "naive"}, {"model": "drift"}]}
    (root / "experiments" / "prices.yaml").write_text(yaml.safe_dump(content))
    return root


@pytest.fixture(autouse=True)
def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("FORECAST_TRACKING_URI", raising=False)


def compete(folder: Path, *models: str) -> Path:
    path = folder / "experiments" / "prices.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "models": [{"model": model} for model in models]}))
    return path


def champion(folder: Path) -> str:
    return load(folder / "mlruns" / "releases").champions[SERIES].model


def test_a_first_champion_is_released_though_tracking_is_away(
    folder: Path, cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_TRACKING_URI", "http://127.0.0.1:9")
    code, out, err = cli("promote", "experiments/prices.yaml")
    assert code == 0, err
    assert f"the first champion: {champion(folder)}" in out
    assert "tracking is away" in err
    assert "2 experiment(s) and champion(s) wait in" in err
    assert "forecast track sync" in err
    code, out, _ = cli("track", "status")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[:2]] == ["experiment", "champion"]
    code, out, err = cli("track", "sync")
    assert code == 69
    assert "delivered 0, waiting 2" in out
    assert "does not answer" in err


def test_what_waited_is_told_once_tracking_is_back(folder: Path, cli: Run) -> None:
    import mlflow

    assert cli("track", "sync")[1].startswith("delivered 2, waiting 0")
    assert cli("track", "sync")[1].startswith("delivered 0, waiting 0")
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlruns/mlflow.db")
    version = client.get_model_version_by_alias(SERIES, "champion")
    assert client.get_run(version.run_id).data.tags["forecasting.key"]
    code, out, _ = cli("track", "promotions", SERIES)
    assert code == 0
    assert "first" in out
    assert "1 decision(s), the chain is whole" in out


def test_a_damaged_database_of_runs_stops_no_promotion_but_the_telling_itself(folder: Path, cli: Run) -> None:
    database = folder / "mlruns" / "mlflow.db"
    whole = database.read_bytes()
    database.write_bytes(b"no database")
    code, _, err = cli("promote", "experiments/prices.yaml")
    assert code == 0, err
    assert "tracking is damaged" in err
    assert "mlflow.db" in err
    code, out, err = cli("track", "sync")
    assert code == 65
    assert "delivered 0, waiting 2" in out
    assert "restore the backup" in err
    database.write_bytes(whole)
    assert cli("track", "sync")[1].startswith("delivered 2, waiting 0")


def test_the_leaderboard_is_shown_written_and_opens_without_a_network(folder: Path, cli: Run) -> None:
    code, out, _ = cli(
        "leaderboard", "experiments/prices.yaml", "--csv", "b.csv", "--scores", "s.csv", "--html", "b.html"
    )
    assert code == 0
    assert "p against the best" in out
    board, scores = pd.read_csv(folder / "b.csv"), pd.read_csv(folder / "s.csv")
    assert {"crps", "behind", "dm", "p", "set_p", "pairs"} <= set(board.columns)
    assert {"series", "model", "cutoff", "step", "crps"} <= set(scores.columns)
    page = (folder / "b.html").read_bytes()
    cli("leaderboard", "experiments/prices.yaml", "--html", "again.html")
    assert (folder / "again.html").read_bytes() == page
    assert page.count(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox') == 3
    for words in (b"Error by horizon", b"Calibration", b"Cumulative difference", b"in force"):
        assert words in page
    code, _, err = cli("leaderboard", "experiments/prices.yaml", "--csv", "no/such/folder.csv")
    assert code == 73
    assert "cannot be written" in err


@pytest.mark.browser
def test_the_page_asks_for_nothing_and_axe_finds_nothing(folder: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    address = (folder / "b.html").as_uri()
    with opened(offline=True) as (page, complaints, requests):
        page.goto(address)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert complaints == []
    assert set(requests) == {address}


def test_doubt_keeps_a_champion_that_left_the_file_and_a_reason_overrides_it(folder: Path, cli: Run) -> None:
    before = champion(folder)
    rivals = [model for model in ("naive", "drift", "damped_drift") if model != before]
    path = compete(folder, *rivals)
    for command in (("leaderboard", path, "--html", "left.html"), ("run", path, "--dry-run"), ("run", path)):
        code, out, _ = cli(*command)
        assert code == 0
        assert f"{before}-champion" in out
    assert f"In force: {before}-champion. " in (folder / "left.html").read_text()
    code, out, _ = cli("promote", path)
    assert code == 0
    assert champion(folder) == f"{before}-champion"
    assert "stays" in out
    doubt = "inconclusive" in out
    code, out, _ = cli("promote", path, "--reason", "the desk trusts it")
    assert code == 0
    assert (champion(folder) != f"{before}-champion") == doubt
    _, told, _ = cli("track", "promotions", SERIES)
    assert ("the desk trusts it (the gate: inconclusive" in told) == doubt
    assert doubt, "choose models of which one has a lower mean than the first champion"


def test_nothing_drifts_until_a_library_does(folder: Path, cli: Run) -> None:
    code, out, _ = cli("drift", "--csv", "drift.csv")
    assert code == 0
    assert "the libraries and the code of the models are those the champions were made with" in out
    assert "0 of " in out
    assert list(pd.read_csv(folder / "drift.csv")["moved"].unique()) == [0.0]


def test_a_ledger_cut_off_at_its_end_is_noticed_against_the_release(folder: Path, cli: Run) -> None:
    path = folder / "mlruns" / "promotions.jsonl"
    whole = path.read_bytes()
    assert cli("track", "promotions")[0] == 0
    digest = read_bundle(folder / "mlruns" / "releases").champions[SERIES].digest
    lines = whole.splitlines(keepends=True)
    first = json.loads(lines[0])["digest"]
    assert digest != first
    for left, found in (
        (0, f"no line put the champion {digest[:12]} of {SERIES} in force"),
        (1, f"its last line about {SERIES} names {first[:12]}, the release holds {digest[:12]}"),
    ):
        path.write_bytes(b"".join(lines[:left]))
        for command in ("promotions", "sync"):
            code, _, err = cli("track", command)
            assert code == 65, command
            assert "the ledger of promotions and the release name different champions" in err
            assert f"{path}: {found}; forecast promote again, which sets it right, or restore" in err
    path.write_bytes(whole)
    assert cli("track", "promotions")[0] == 0


def test_a_series_nobody_decided_about_and_a_folder_that_is_no_project_are_named(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = cli("track", "promotions", "price.nd_oxide.monht")
    assert (code, f"'price.nd_oxide.monht'; did you mean '{SERIES}'?" in err) == (66, True)
    monkeypatch.setattr("forecasting.cli.track.project_root", lambda: tmp_path)
    for command in ("promotions", "sync", "status"):
        code, out, err = cli("track", command)
        assert (code, f"{tmp_path} is no project: it has no data/series.yaml" in err) == (66, True), out


def test_a_ledger_that_was_changed_is_named(folder: Path, cli: Run) -> None:
    path = folder / "mlruns" / "promotions.jsonl"
    path.write_text(path.read_text().replace("first", "never", 1))
    code, _, err = cli("track", "promotions")
    assert code == 65
    assert f"{path}:1" in err
