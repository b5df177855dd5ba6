"""The gate: luck is not promoted, a better model is, and everything it cannot tell stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.evaluation.comparison import paired
from forecasting.evaluation.experiment import Backtest, Candidate, Experiment, Promotion
from forecasting.evaluation.promotion import Decision, contending, decide, declare, settle
from forecasting.models import build
from forecasting.models.recipe import Recipe
from tests.evaluation.test_comparison import scores

GATE = Promotion()


def experiment(*models: str, **promotion: float) -> Experiment:
    return Experiment(
        name="t", about="", features="production", series=("s",), horizon="FY2030",
        backtest=Backtest(first="FY2000", every=1, steps=1), models=tuple(Candidate(model=m) for m in models),
        promotion=Promotion(**promotion),
    )  # fmt: skip


def verdict(one: np.ndarray, other: np.ndarray, lag: int = 1, rivals: int = 1) -> str:
    made = Decision("s", "same", "champion", "challenger", "", paired(one, other, lag), rivals)
    return decide(made, GATE, "crps").verdict


@pytest.mark.parametrize(("origins", "lag"), [(10, 1), (12, 4)])
def test_two_equal_models_swapped_a_thousand_times_are_promoted_at_no_more_than_the_nominal_rate(
    origins: int, lag: int
) -> None:
    rng = np.random.default_rng([20301, origins, lag])
    promoted = 0
    for _ in range(1000):
        common = rng.gamma(2, size=origins)
        losses = [
            common + np.convolve(rng.gamma(2, size=origins + lag - 1), np.ones(lag) / lag, "valid")
            for _ in "ab"
        ]
        first, second = losses if promoted % 2 else losses[::-1]
        promoted += verdict(first, second, lag) == "promoted"
    assert promoted / 1000 <= GATE.alpha
    assert promoted > 0, "a gate that never opens proves nothing"


def test_picking_the_best_of_nine_equal_rivals_does_not_open_the_gate_more_often() -> None:
    rng = np.random.default_rng(9)
    promoted = 0
    for _ in range(500):
        losses = rng.gamma(2, size=(10, 12))
        best = 1 + int(losses[1:].mean(axis=1).argmin())
        promoted += verdict(losses[best], losses[0], rivals=9) == "promoted"
    assert promoted / 500 <= GATE.alpha


def test_a_clearly_better_model_is_promoted_with_its_evidence() -> None:
    rng = np.random.default_rng(1)
    base = rng.gamma(4, size=16)
    made = scores({"naive": base, "drift": 0.6 * base + rng.normal(0, 0.1, 16), "ets": base + 1})
    decision = settle(experiment("naive", "drift", "ets"), made, {"s": "naive"})["s"]
    assert (decision.verdict, decision.chosen) == ("promoted", "drift")
    assert decision.evidence["origins"] == 16
    assert decision.evidence["p"] < 0.1
    assert decision.evidence["rivals"] == 2
    assert "lower mean crps than naive on 16 paired origins" in decision.why


def test_what_cannot_be_told_keeps_the_champion_and_says_why() -> None:
    rng = np.random.default_rng(2)
    base = rng.gamma(4, size=16)
    noisy = scores({"naive": base, "drift": base + rng.normal(0, 2, 16) - 0.5})
    better = scores({"naive": base, "drift": 0.97 * base})
    half = scores({"naive": base, "drift": 0.5 * base})
    cases = [
        (experiment("naive", "drift"), noisy, "is above 0.1"),
        (experiment("naive", "drift", pairs=17), better, "16 paired origins are fewer than 17"),
        (experiment("naive", "drift", margin=0.05), better, "; more than 5% is asked for"),
        (experiment("naive", "drift", margin=0.5), half, "; more than 50% is asked for"),
    ]
    for given, made, words in cases:
        decision = settle(given, made, {"s": "naive"})["s"]
        assert (decision.verdict, decision.chosen) == ("inconclusive", "naive")
        assert decision.why.startswith("inconclusive, naive stays: drift has a ")
        assert words in decision.why


def test_a_reason_overrides_doubt_and_is_kept_beside_the_gates_own_words() -> None:
    made = scores({"naive": np.array([2.0, 1, 3]), "drift": np.array([1.9, 1.1, 2.9])})
    decision = settle(experiment("naive", "drift"), made, {"s": "naive"}, reason="drift is understood here")[
        "s"
    ]
    assert (decision.verdict, decision.chosen) == ("overridden", "drift")
    assert decision.why.startswith("drift is understood here (the gate: inconclusive")
    worse = scores({"naive": np.array([1.0, 1, 3]), "drift": np.array([1.9, 1.1, 3.9])})
    stays = settle(experiment("naive", "drift"), worse, {"s": "naive"}, reason="please")["s"]
    assert (stays.verdict, stays.chosen) == ("same", "naive")


def test_a_first_champion_needs_no_challenge() -> None:
    made = scores({"naive": np.array([2.0, 2, 2]), "drift": np.array([1.0, 1, 1])})
    decision = settle(experiment("naive", "drift"), made, {})["s"]
    assert (decision.verdict, decision.chosen, decision.champion) == ("first", "drift", None)


@pytest.mark.parametrize(("editions", "issued", "expected"), [
    (4, (1.0, 0.8), "promoted"), (4, (1.0, 1.2), "inconclusive"), (3, (1.0, 1.2), "promoted"),
    (0, (1.0, 1.2), "promoted"),
])  # fmt: skip
def test_forecasts_really_issued_have_a_say_once_there_are_enough(
    editions: int, issued: tuple[float, float], expected: str
) -> None:
    rng = np.random.default_rng(1)
    base = rng.gamma(4, size=16)
    made = scores({"naive": base, "drift": 0.6 * base + rng.normal(0, 0.1, 16)})
    rows = [
        {"series": "s", "edition": f"e{e}", "period": f"FY{2020 + p}", "model": model, "loss": loss}
        for e in range(editions) for p in range(3) for model, loss in zip(("naive", "drift"), issued, strict=True)
    ]  # fmt: skip
    columns = ["series", "edition", "period", "model", "loss"]
    table = pd.DataFrame(rows, columns=columns)
    decision = settle(experiment("naive", "drift"), made, {"s": "naive"}, table)["s"]
    assert decision.verdict == expected
    assert ("say otherwise" in decision.why) == (expected == "inconclusive")
    if editions:
        assert decision.evidence["issued"] == [editions, *issued]


def test_a_champion_that_left_the_file_competes_under_its_own_name() -> None:
    given = experiment("naive", "drift")
    old = Recipe(series=("s",), model="damped_drift", parameters=build("damped_drift", {}).parameters, seed=1,
                 horizon="FY2030", panel_digest="x")  # fmt: skip
    entered, labels, _ = contending(given, {"s": ("mine", old)})
    assert labels == {"s": "mine-champion"}
    assert [c.name for c in entered.models] == ["naive", "drift", "mine-champion"]
    again, labels, _ = contending(entered, {"s": ("mine-champion", old)})
    assert (len(again.models), labels) == (3, {"s": "mine-champion"})
    kept = Experiment.model_validate_json(entered.model_copy(update={"transform": "sqrt"}).model_dump_json())
    assert kept.models[-1].parameters == old.parameters, "its scale is its own"
    same = old.model_copy(update={"model": "drift", "parameters": build("drift", {}).parameters})
    assert contending(given, {"s": ("renamed", same), "other": ("x", same)}) == (given, {"s": "drift"}, {})


def test_a_champion_that_cannot_be_built_is_left_out_and_said() -> None:
    given = experiment("naive", "drift")
    old = Recipe(
        series=("s",), model="drift", parameters={"no_such": 1}, seed=1, horizon="FY2030", panel_digest="x"
    )
    entered, labels, lost = contending(given, {"s": ("mine", old)})
    assert (entered, labels) == (given, {})
    assert (
        "mine cannot be built: model 'drift' cannot be built; no_such: 'drift' has no such" in lost["s"].found
    )
    assert lost["s"].do.endswith("or decide with forecast promote --reason TEXT")


def test_a_file_of_one_model_is_declared_unless_it_is_the_champion() -> None:
    def recipe(model: str, **parameters: float) -> Recipe:
        return Recipe(
            series=("s",), model=model, parameters=parameters, seed=1, horizon="FY2030", panel_digest="x"
        )

    written = recipe("ets", **build("ets", {}).parameters)
    assert declare("ets", {"s": recipe("ets")}, {})["s"].verdict == "first"
    assert declare("ets", {"s": recipe("ets")}, {"s": ("mine", written)})["s"].verdict == "same"
    for other in (recipe("ets", damping=0.8), recipe("naive"), recipe("ets", no_such=1)):
        made = declare("ets", {"s": recipe("ets")}, {"s": ("mine", other)})["s"]
        assert (made.verdict, made.chosen) == ("declared", "ets")
        assert made.why == "declared: the file names ets only; it replaces mine without a test"
        assert made.evidence["was"] == {"model": other.model, "parameters": other.parameters}


def test_a_series_without_champion_on_which_no_model_held_is_not_decided() -> None:
    made = scores({"naive": np.array([np.nan]), "drift": np.array([np.nan])})
    assert settle(experiment("naive", "drift"), made, {}) == {}


def test_evidence_is_plain_numbers() -> None:
    doubt = Decision("s", "same", "a", "b", "", paired(np.zeros(8), np.ones(8), 1), 2)
    told = replace(doubt, issued=(5, 0.123456789, 0.2)).evidence
    assert told["p"] is None
    assert told["issued"] == [5, 0.123457, 0.2]
