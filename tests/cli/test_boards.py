"""The leaderboard says by what it is ordered, whom it marks, and who stands though nothing judged it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.test_run import SERIES, experiment

ENDED = "price.nd_oxide.cny.month"  # ends before the first origin
pytestmark = pytest.mark.usefixtures("bare")
Run = Callable[..., tuple[int, str, str]]


def test_a_sole_model_that_nothing_judged_stands_on_a_board_of_others(cli: Run) -> None:
    experiment("one", {"model": "naive"}, series=[ENDED, SERIES])
    code, out, err = cli("leaderboard", "experiments/one.yaml", "--csv", "b.csv", "--html", "b.html")
    assert code == 0, err
    stands = [line for line in out.splitlines() if line.startswith(f"> {ENDED}")]
    assert stands == [
        f"> {ENDED:30} {'naive':24}  not judged by any origin; it stands as the only model of its file"
    ]
    assert "> the only model of the file" in out
    row = pd.read_csv("b.csv").set_index("series").loc[ENDED]
    assert row[["model", "points", "origins", "failures", "untested"]].tolist() == [
        "naive", 0, 0, 0, "never judged",
    ]  # fmt: skip
    assert pd.isna(row["crps"])
    page = Path("b.html").read_text()
    assert f">{ENDED}</h3>" in page
    assert "<p>naive, the only model of the file, stands unjudged: no origin could judge it.</p>" in page
    assert cli("run", "experiments/one.yaml", "--dry-run")[0] == 0


def test_several_models_that_nothing_judged_do_not_stand_and_a_dry_run_ends_like_the_run(cli: Run) -> None:
    late = {"backtest": {"first": "2029-09", "every": 3, "steps": 3}, "horizon": "2030-12"}
    experiment("late", {"model": "naive"}, {"model": "drift"}, **late)
    said = (
        f"late: {SERIES}: could not be backtested from 2029-09 on; choose an earlier first origin or name a"
    )
    code, out, err = cli("run", "experiments/late.yaml")
    assert code == 65
    assert said in err
    assert "nothing could be judged, and none of 2 models stands" in out
    code, out, err = cli("run", "experiments/late.yaml", "--dry-run")
    assert code == 65
    assert said in err
    assert "no origin from 2029-09 on can be judged: nothing to backtest" in out
    experiment("ended", {"model": "naive"}, {"model": "drift"}, series=[ENDED, SERIES])
    code, out, err = cli("run", "experiments/ended.yaml", "--dry-run")
    assert code == 65
    assert f"ended: {ENDED}: could not be backtested from 2025-09 on" in err
    assert f"ended: {SERIES}" not in err
    assert "fits to make" in out, "what would be fitted is shown all the same"
    experiment("late", {"model": "naive"}, **late)
    assert cli("run", "experiments/late.yaml", "--dry-run")[0] == 0
    code, out, err = cli("run", "experiments/late.yaml")
    assert code == 0, err
    assert f"> {SERIES:30} {'naive':24}  not judged" in out


@pytest.mark.parametrize(("metric", "head"), [("crps", "CRPS"), ("absolute_error", "MASE")])
def test_the_board_names_its_metric_and_what_it_marks(cli: Run, metric: str, head: str) -> None:
    experiment("two", {"model": "naive"}, {"model": "drift"}, metric=metric, margin=0.2)
    code, out, err = cli("leaderboard", "experiments/two.yaml", "--html", "b.html")
    assert code == 0, err
    assert f"lowest mean {head} first; behind: how much higher it is than that of the best of all" in out
    assert f"p against the best of all by {head} (paired test" in out
    assert (
        f"> the winner of the backtest: naive, the first of the file, unless the lowest mean {head} is more than "
        "20% lower"
    ) in out
    assert f"lowest mean {head} first, by which behind, p and set are told too" in Path("b.html").read_text()
