"""Who wins, who is kept, and who is out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.evaluation.leaderboard import leaderboard, winners, with_unjudged
from forecasting.frames import Scores


def scores(crps: dict[str, float], failing: tuple[str, ...] = ()) -> Scores:
    rows = [
        {"series": "s", "model": m, "cutoff": c, "step": 1, "mase": v, "crps": v, "in_50": 1, "in_80": 1, "in_95": 1,
         "failure": "m: why" if m in failing and c == "FY2021" else ""}
        for m, v in crps.items() for c in ("FY2020", "FY2021")
    ]  # fmt: skip
    return Scores(pd.DataFrame(rows))


def test_the_default_stays_while_nobody_is_clearly_better() -> None:
    assert winners(scores({"auto": 1.0, "ets": 0.95}), "crps", ["auto", "ets"], 0.1) == {"s": "auto"}
    assert winners(scores({"auto": 1.0, "ets": 0.89}), "crps", ["auto", "ets"], 0.1) == {"s": "ets"}
    assert winners(scores({"auto": 1.0, "ets": 0.95}), "crps", ["ets", "auto"], 0.1) == {"s": "ets"}


def test_a_model_that_failed_once_is_out_whatever_its_score() -> None:
    found = scores({"auto": 1.0, "ets": 0.1}, failing=("ets",))
    assert winners(found, "crps", ["auto", "ets"], 0.1) == {"s": "auto"}
    board = leaderboard(found)
    assert board["model"].tolist() == ["auto", "ets"]
    assert board["failures"].tolist() == [0, 1]


def test_nobody_left_is_no_winner_not_a_guess() -> None:
    assert winners(scores({"auto": 1.0}, failing=("auto",)), "crps", ["auto", "ets"], 0.1) == {}


def test_a_sole_candidate_needs_no_judgement() -> None:
    assert winners(scores({"ramp": float("nan")}), "crps", ["ramp"], 0.1) == {"s": "ramp"}
    assert winners(scores({"ramp": float("nan")}), "crps", ["ramp", "naive"], 0.1) == {}


def test_means_are_over_origins_and_steps() -> None:
    board = leaderboard(scores({"a": 1.0}))
    assert board.loc[0, ["points", "origins", "failures"]].tolist() == [2, 2, 0]
    assert np.isclose(board.loc[0, "crps"], 1.0)


def test_the_board_is_in_the_order_of_the_metric_asked_for() -> None:
    made = scores({"a": 1.0, "b": 2.0})
    made.frame["mase"] = 3.0 - made.frame["crps"]
    assert leaderboard(made)["model"].tolist() == ["a", "b"]
    assert leaderboard(made, "absolute_error")["model"].tolist() == ["b", "a"]


def test_who_stands_on_no_judgement_stands_on_the_board_without_scores() -> None:
    board = leaderboard(scores({"a": 1.0}))
    assert with_unjudged(board, {}) is board
    for before in (board, board.iloc[:0]):
        row = with_unjudged(before, {"t": "a"}).iloc[-1]
        assert row[["series", "model", "points", "origins", "failures"]].tolist() == ["t", "a", 0, 0, 0]
        assert row[["mase", "crps", "path", "coverage_95"]].isna().all()
    assert with_unjudged(board, {"t": "a"})["points"].tolist() == [2, 0], "counts stay whole numbers"
