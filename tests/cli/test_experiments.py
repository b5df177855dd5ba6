"""What is asked of experiments: their names, reasons, days and suites, and champions that cannot compete."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from forecasting.models import MODELS
from tests.cli.test_run import SERIES, Run, experiment

pytestmark = pytest.mark.usefixtures("bare", "sound")


@pytest.fixture
def sound() -> None:
    experiment("sound", {"model": "naive"}, {"model": "drift"})


def suite(*names: str) -> str:
    content = {"name": "all", "about": "", "include": [f"{name}.yaml" for name in names]}
    Path("experiments/all.yaml").write_text(yaml.safe_dump(content))
    return "experiments/all.yaml"


def everything() -> set[Path]:
    return {path for path in Path().rglob("*") if "data" not in path.parts}


@pytest.mark.parametrize("reason", ["", " \n\t", "\x1b[31m \n", "bad \udcff byte"])
def test_a_reason_that_says_nothing_is_refused_before_anything_is_written(cli: Run, reason: str) -> None:
    before = everything()
    code, out, err = cli("promote", "sound", "--reason", reason)
    assert (code, out) == (2, "")
    assert f"--reason {reason!r} says nothing" in err
    assert everything() == before


def test_a_champion_that_cannot_be_built_is_missed_aloud(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment("sound", {"model": "damped_drift"})
    assert cli("promote", "sound")[0] == 0
    experiment("sound", {"model": "naive"}, {"model": "drift"})
    monkeypatch.delitem(MODELS, "damped_drift")
    missed = (
        f"a champion in force does not compete: sound: {SERIES}: damped_drift cannot be built: unknown model"
    )
    for command in (["run", "sound"], ["run", "sound", "--dry-run"], ["leaderboard", "sound"]):
        code, out, err = cli(*command)
        assert (code, err.count(missed)) == (0, 1), err
        assert "damped_drift" not in out
    code, _, err = cli("promote", "sound")
    assert code == 78
    assert "a champion cannot be challenged" in err
    code, _, err = cli("promote", "sound", "--reason", " gone \n for good ")
    assert code == 0, err
    last = json.loads(Path("mlruns/promotions.jsonl").read_text().splitlines()[-1])
    assert last["reason"].startswith("gone for good (the gate: damped_drift cannot be built")
    assert missed not in cli("run", "sound")[2]


def test_rows_of_a_leaderboard_of_several_experiments_say_whose_they_are(cli: Run) -> None:
    experiment(
        "later", {"model": "naive"}, {"model": "drift"}, backtest={"first": "2026-01", "every": 1, "steps": 2}
    )
    assert cli("leaderboard", suite("sound", "later"), "--csv", "b.csv")[0] == 0
    table = pd.read_csv("b.csv")
    assert list(table.columns[:3]) == ["experiment", "series", "model"]
    assert table["experiment"].tolist() == ["sound", "sound", "later", "later"]


def test_an_experiment_is_found_by_its_name_and_the_nearest_is_named_for_another(cli: Run) -> None:
    for name in ("sound", "sound.yaml", "experiments/sound.yaml"):
        assert "sound: 1 series" in cli("run", name, "--dry-run")[1]
    for name, words in (
        ("soud", "soud is neither a file nor an experiment in "),
        ("soud.yaml", "did you mean 'sound.yaml'?"),
        ("experiments/soud.yaml", "did you mean 'sound.yaml'?"),
        ("experiments", "experiments is a folder; name an experiment file in it: sound.yaml"),
        ("data/observations", "data/observations is a folder; name an experiment file in it: it has none"),
    ):
        code, out, err = cli("run", name, "--dry-run")
        assert (code, out) == (66, "")
        assert words in err
    for command in ("run", "promote", "leaderboard"):
        code, _, err = cli(command, "soud")
        assert (code, "did you mean 'sound'?" in err) == (66, True)


def test_a_dry_run_shows_every_experiment_of_a_suite_and_each_that_cannot_be_carried_out_once(
    cli: Run,
) -> None:
    experiment("past", {"model": "naive"}, horizon="2025-01")
    experiment("early", {"model": "naive"}, as_of="1850-01-01")
    path = suite("past", "early", "sound")
    for command, shown in ((["run", path, "--dry-run"], "sound: 1 series"), (["run", path], "sound: MASE")):
        code, out, err = cli(*command)
        assert code == 65, err
        assert shown in out
        assert "error: 2 series or experiment(s) have no model to be forecast by" in err
        told = [line for line in err.splitlines() if line.startswith("  ")]
        assert len(told) == 2
        assert re.fullmatch(
            r"  past: nothing is left to forecast; past: horizon: 2025-01 is not after 20\S+, known on \S+; give a "
            "later one; mend it or leave it out; it keeps no other experiment back",
            told[0],
        )
        assert told[1].startswith(
            "  early: nothing was known on 1850-01-01: the first observation became known on"
        )


def test_a_day_before_all_data_of_a_series_is_named(cli: Run) -> None:
    for command in (["run", "sound", "--dry-run"], ["run", "sound"], ["promote", "sound"]):
        code, _, err = cli(*command, "--as-of", "1990-01-01")
        assert code == 65
        assert re.search(
            rf"nothing to fit for {SERIES}: .* as of (19[0-8]\d-\d\d-\d\d|1990-01-01); the first became known on 20",
            err,
        ), err
