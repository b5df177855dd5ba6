"""What the leaderboard page says of who is best, and of what cannot be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from forecasting.evaluation.comparison import confidence
from forecasting.frames import Scores
from forecasting.reports.contest import Contest, page

ORIGINS = np.arange(12)
LEVEL = 1.0 + 0.1 * (ORIGINS % 3)


def scores(losses: Mapping[str, np.ndarray], steps: int = 1) -> Scores:
    rows = [
        {"series": "s", "model": model, "cutoff": f"FY{2000 + origin}", "period": f"FY{2000 + origin + step}",
         "step": step, "actual": 1.0, "point": 1.0, "mase": loss, "crps": loss, "path": loss,
         "in_50": 1.0, "in_80": 1.0, "in_95": 1.0, "failure": ""}
        for model, of_it in losses.items() for origin, loss in enumerate(of_it) for step in range(1, steps + 1)
    ]  # fmt: skip
    return Scores(pd.DataFrame(rows))


def told(losses: Mapping[str, np.ndarray], steps: int = 1, in_force: str = "", metric: str = "crps") -> str:
    """The page of these losses by origin, as it stands."""
    none = pd.DataFrame(columns=["model", "cutoff", "series", "period", "quantile", "value"])
    champions = {"s": in_force} if in_force else {}
    made = Contest("test", "About.", date(2026, 1, 1), metric, scores(losses, steps), none, champions)
    return page([made]).decode()


def test_origins_that_all_overlap_tell_nothing_and_the_page_says_so() -> None:
    said = told({"a": LEVEL[:4], "b": LEVEL[:4] + np.array([0.5, 0.4, 0.6, 0.5])}, steps=4)
    assert "a has the lowest mean CRPS on 4 paired origins." in said
    assert "Cannot be told from it, as 4 origins that all overlap cannot be tested: b." in said
    assert "old from it at 5%" not in said


def test_a_constant_difference_is_not_called_an_overlap() -> None:
    said = told({"a": LEVEL, "b": LEVEL + 0.5})
    assert "as a difference that is the same at all 12 origins cannot be tested: b." in said
    assert "overlap" not in said.partition("lowest mean")[2]


def test_models_are_named_by_what_can_be_said_of_them() -> None:
    noise = np.random.default_rng(3).normal(0, 0.02, 12)
    losses = {
        "best": LEVEL,
        "near": LEVEL + noise - noise.mean() + 0.001,
        "far": LEVEL + 1 + noise,
        "twin": LEVEL,
    }
    said = told(losses, metric="absolute_error")
    assert (
        "best has the lowest mean absolute error on 12 paired origins. Not told from it at 5%: near." in said
    )
    assert "as a difference that is the same at all 12 origins cannot be tested: twin." in said
    clear = told({"best": LEVEL, "far": LEVEL + 1 + noise})
    assert "Told from it at 5%: far." in clear
    alone = told({"best": LEVEL})
    assert "No other model could be compared with it." in alone


def test_a_champion_that_did_not_compete_is_not_put_among_those_that_did() -> None:
    losses = {"a": LEVEL, "b": LEVEL[::-1]}
    assert "In force: b. a has the lowest" in told(losses, in_force="b")
    page = told(losses, in_force="ets")
    assert "In force: ets, which is none of these models. a has the lowest" in page
    assert "Cumulative difference to a" in page
    assert "In force" not in told(losses)


def test_equal_models_are_seldom_told_apart() -> None:
    """The p-value as published tells one pair in five apart with these origins, and some of five models in 64%."""
    random = np.random.default_rng(11)
    apart = {2: 0, 5: 0}
    for models in apart:
        for _ in range(100):
            errors = random.standard_t(5, size=(models, 8 + 3))
            overlapping = [10 + np.convolve(one, np.ones(4) / 4, "valid") for one in errors]
            found = confidence(scores({f"m{i}": one for i, one in enumerate(overlapping)}, steps=4), "crps")
            apart[models] += bool((found["p"] <= 0.05).any())
    assert all(count <= 100 * 0.05 + 2 * np.sqrt(100 * 0.05 * 0.95) for count in apart.values()), apart


def test_the_table_is_in_the_order_of_the_metric() -> None:
    def order(metric: str) -> list[str]:
        made = scores({"a": LEVEL, "b": LEVEL + 1})
        made.frame["mase"] = 3 - made.frame["crps"]
        none = pd.DataFrame(columns=["model", "cutoff", "series", "period", "quantile", "value"])
        text = page([Contest("test", "", date(2026, 1, 1), metric, made, none, {})]).decode()
        return re.findall(r'<tr><th scope="row">(\w+)</th>', text)

    assert order("crps") == ["a", "b"]
    assert order("absolute_error") == ["b", "a"]
