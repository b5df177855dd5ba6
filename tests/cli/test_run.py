"""``forecast run`` and ``promote``: what was found out is shown and logged, whatever could not be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.conftest import ROOT

SERIES = "price.nd_oxide.month"
pytestmark = pytest.mark.usefixtures("bare")
Run = Callable[..., tuple[int, str, str]]


def experiment(name: str, *models: dict[str, Any], **changes: Any) -> None:
    content = {
        "name": name, "about": "", "features": "prices", "series": [SERIES], "horizon": "2027-12", "paths": 100,
        "backtest": {"first": "2025-09", "every": 3, "steps": 3}, "models": list(models), **changes,
    }  # fmt: skip
    Path(f"experiments/{name}.yaml").write_text(yaml.safe_dump(content))


def test_a_series_no_model_holds_on_hides_nothing_and_ends_with_65(cli: Run) -> None:
    experiment("sound", {"model": "naive"}, {"model": "drift"})
    short = [
        {"model": "seasonal_naive"},
        {"model": "seasonal_naive", "label": "again", "parameters": {"link": "log"}},
    ]
    experiment("short", *short, backtest={"first": "2024-09", "every": 6, "steps": 3})
    experiment("early", {"model": "naive"}, as_of="1990-01-01")
    Path("experiments/all.yaml").write_text(
        yaml.safe_dump({"name": "all", "about": "", "include": ["early.yaml", "short.yaml", "sound.yaml"]})
    )
    code, out, err = cli("run", "experiments/all.yaml")
    assert code == 65, err
    assert "sound: MASE" in out
    assert "short: MASE" in out
    assert "again" in out
    assert "2 experiment(s) and champion(s) wait in" in err
    assert "error: 2 series or experiment(s) have no model to be forecast by" in err
    assert (
        f"short: {SERIES}: each of 2 model(s) failed at an origin or could not be judged; most often" in err
    )
    assert "first at 2024-09: seasonal_naive: " in err
    assert "early: " in err
    assert "mend it or leave it out; it keeps no other experiment back" in err
    assert cli("leaderboard", "experiments/all.yaml")[0] == 65


def test_nothing_is_promoted_where_a_series_has_no_model(cli: Run) -> None:
    experiment("short", {"model": "seasonal_naive"}, backtest={"first": "2024-09", "every": 6, "steps": 3})
    code, out, err = cli("promote", "experiments/short.yaml")
    assert code == 65, err
    assert "short: MASE" in out
    assert f"short: {SERIES}: each of 1 model(s) failed" in err
    assert not Path("mlruns/releases").exists()


def test_a_grid_over_the_scale_is_promoted_and_the_release_read_again(cli: Run) -> None:
    experiment("scales", {"model": "naive", "grid": {"link": ["none", "log"]}}, transform="log")
    for _ in range(2):
        code, _, err = cli("promote", "experiments/scales.yaml")
        assert code == 0, err
    assert "bug" not in err


def test_a_horizon_that_is_past_is_refused_by_every_command_and_stops_no_other_experiment(cli: Run) -> None:
    experiment("sound", {"model": "naive"})
    experiment("past", {"model": "naive"}, horizon="2025-01")
    path = "experiments/past.yaml"
    Path("experiments/all.yaml").write_text(
        yaml.safe_dump({"name": "all", "about": "", "include": ["past.yaml", "sound.yaml"]})
    )
    for command in (("run", path), ("run", path, "--dry-run"), ("promote", path)):
        code, _, err = cli(*command)
        assert code == 65, err
        assert "past: nothing is left to forecast" in err
        assert "past: horizon: 2025-01 is not after 20" in err
    code, out, err = cli("run", "experiments/all.yaml")
    assert code == 65
    assert "sound: MASE" in out
    assert "past: horizon: 2025-01 is not after 20" in err


def test_models_in_force_that_give_no_forecast_are_named_and_nothing_is_promoted(
    cli: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forecasting.evaluation.outcome import Winner

    experiment("sound", {"model": "naive"})

    def breaks(_: Winner) -> None:
        raise TypeError

    monkeypatch.setattr(Winner, "golden", breaks)
    code, _, err = cli("promote", "experiments/sound.yaml")
    assert code == 65, err
    assert "1 model(s) in force give no forecast; nothing was promoted" in err
    assert f"sound: {SERIES}: naive cannot be forecast to" in err
    assert "TypeError" in err
    assert not Path("mlruns/releases").exists()


def test_a_dry_run_asks_no_cluster_and_says_so(cli: Run) -> None:
    experiment("sound", {"model": "naive"})
    dry = ("run", "experiments/sound.yaml", "--dry-run")
    code, out, err = cli(*dry, "--cluster", "tcp://127.0.0.1:9")
    assert code == 0, err
    assert "by one process here: a dry run does not ask tcp://127.0.0.1:9 how many workers it has" in out
    assert "by one process" not in cli(*dry)[1]


def prices_by_month(**changes: Any) -> str:
    """The path of an experiment whose rival is 7% better than the default, too sure a difference to be luck."""
    content = {"paths": 1000, "backtest": {"first": "2025-03", "every": 1, "steps": 3}, **changes}
    experiment("prices", {"model": "naive"}, {"model": "drift"}, **content)
    return "experiments/prices.yaml"


def verdicts() -> list[tuple[str, str]]:
    lines = Path("mlruns/promotions.jsonl").read_text().splitlines()
    return [(one["verdict"], one["reason"]) for one in map(json.loads, lines)]


def test_promoting_twice_on_the_same_data_changes_nothing(cli: Run) -> None:
    path = prices_by_month()
    code, out, err = cli("promote", path)
    assert code == 0, err
    assert f"{SERIES:30} naive " in out
    release = Path("mlruns/releases/CURRENT").read_bytes()
    for _ in range(2):
        code, out, err = cli("promote", path)
        assert code == 0, err
        assert "unchanged: the release holds these champions already" in out
        assert "; more than 10% is asked for" in out
        assert Path("mlruns/releases/CURRENT").read_bytes() == release
    assert "promoted" not in {verdict for verdict, _ in verdicts()}
    code, out, err = cli("promote", prices_by_month(margin=0.01))
    assert code == 0, err
    assert "promoted: drift has a " in out, "the margin kept it, not luck: the test above proves something"


def test_a_champion_is_put_back_on_older_data_for_a_reason_only(cli: Run) -> None:
    path = prices_by_month()
    assert cli("promote", path, "--as-of", "2026-06-29")[0] == 0
    [[_, recipe]] = [*recipes().items()]
    now, before = recipe["as_of"], verdicts()
    code, _, err = cli("promote", path, "--as-of", "2025-12-31")
    assert code == 78, err
    assert "a champion in force knows later data than the outcome" in err
    then = err.partition("the data of ")[2][:10]
    assert then < "2026-01-01" <= now
    assert (
        f"prices: {SERIES}: the data of {then} are older than those of {now}, on which naive is in force; "
        f"run it as of {now} or later, or put it back with forecast promote --reason TEXT"
    ) in err
    assert verdicts() == before
    assert recipes()[SERIES] == recipe
    code, _, err = cli("promote", path, "--as-of", "2025-12-31", "--reason", "May was keyed in wrongly")
    assert code == 0, err
    assert recipes()[SERIES]["as_of"] == then
    verdict, why = verdicts()[-1]
    assert verdict == "overridden"
    assert why.startswith("May was keyed in wrongly (the gate: ")
    assert f"the data of {then} are older than those of {now}" in why
    code, _, err = cli("promote", path, "--as-of", "2026-06-29")
    assert code == 0, err
    assert recipes()[SERIES]["as_of"] == now, "newer data need no reason"


def test_data_that_were_taken_back_need_no_reason(cli: Run) -> None:
    Path("data").unlink()
    shutil.copytree(ROOT / "data", "data", ignore=shutil.ignore_patterns("editions"))
    path = prices_by_month()
    assert cli("promote", path, "--as-of", "2026-06-29")[0] == 0
    now = recipes()[SERIES]["as_of"]
    for file in Path("data/observations").glob("*.csv"):
        rows = pd.read_csv(file, dtype=str, keep_default_na=False)
        rows[rows["available_at"] < now].to_csv(file, index=False)
    code, _, err = cli("promote", path, "--as-of", "2026-06-29")
    assert code == 0, err
    assert recipes()[SERIES]["as_of"] < now


def recipes() -> dict[str, dict[str, Any]]:
    """The recipes of the release in force by series."""
    folder = Path("mlruns/releases") / Path("mlruns/releases/CURRENT").read_text().strip()
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("champions/*/recipe.json")}
