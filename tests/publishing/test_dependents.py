"""What a failure carries with it, and in which words."""

from __future__ import annotations

from typing import Any

from forecasting.balance.joint import TONNES, UNIT_VALUE, VALUE
from forecasting.catalogue import Catalogue
from forecasting.publishing.candidate import State
from forecasting.publishing.dependents import missing_from_balance, states
from tests.publishing.gates.made import catalogue

OK = {id: State(id, "ok", "ets") for id in ("a", "b", "market")}
OF = catalogue(
    a={"within": "market"},
    b={},
    market={},
    all={"sum_of": ["a", "b"]},
    other={"sum_of": ["a", "gone"]},
    gone={},
)


def standing(of: Catalogue = OF, refused: dict[str, str] | None = None, **changed: Any) -> dict[str, State]:
    fitted = {**OK, **{id: State(id, *what) for id, what in changed.items()}}
    return states(fitted, of, refused or {})


def test_where_all_is_well_sums_are() -> None:
    assert standing() == {**OK, "all": State("all", "ok", "sum")}


def test_a_withheld_market_withholds_its_part_and_the_sum_of_that() -> None:
    found = standing(market=("withheld", "", "no data"))
    assert found["a"] == State("a", "withheld", "", "its market market is withheld")
    assert found["all"] == State("all", "withheld", "", "its part a is withheld")
    assert found["b"] == OK["b"]


def test_what_rests_on_weaker_values_is_degraded_and_says_on_which() -> None:
    found = standing(market=("stale", "ets", "late", "e"))
    assert found["a"] == State("a", "degraded", "ets", "its market market is stale (ets)")
    assert found["all"] == State("all", "degraded", "sum", "its part a is degraded (ets)")
    both = standing(a=("degraded", "naive", "the champion failed"), b=("stale", "x", "late", "e"))
    assert both["all"].reason == "its part a is degraded (naive); its part b is stale (x)"
    own = standing(a=("degraded", "naive", "the champion failed"), market=("degraded", "drift", "so"))
    assert own["a"].reason == "the champion failed; its market market is degraded (drift)"
    again = standing(a=("degraded", "naive", own["a"].reason), market=("degraded", "drift", "so"))
    assert again["a"] == own["a"], "as in an edition that is made again"


def test_all_withheld_parts_are_named() -> None:
    found = standing(a=("withheld", "", "x"), b=("withheld", "", "y"))
    assert found["all"].reason == "its part a is withheld; its part b is withheld"


def test_what_stands_by_itself_is_not_made_worse() -> None:
    stale = ("stale", "ets", "late", "e")
    assert standing(a=stale, market=("withheld", "", "x"))["a"] == State("a", *stale)


def test_a_refused_sum_is_withheld_with_the_reason() -> None:
    found = standing(refused={"all": "gate sums: too large"})
    assert found["all"] == State("all", "withheld", "", "refused: gate sums: too large")
    gone = standing(refused={"all": "gate sums: too large"}, a=("withheld", "", "x"))
    assert gone["all"].reason == "its part a is withheld"


def test_tonnes_rest_on_the_value() -> None:
    of = catalogue(**{VALUE.replace(".", "__"): {}})
    assert TONNES not in states({VALUE: State(VALUE, "ok", "ets")}, of, {})
    of.assumptions[UNIT_VALUE] = object()  # type: ignore[index, assignment]
    assert states({VALUE: State(VALUE, "ok", "ets")}, of, {})[TONNES] == State(
        TONNES, "ok", "value / unit value"
    )
    found = states({VALUE: State(VALUE, "withheld", "", "x")}, of, {})[TONNES]
    assert found == State(TONNES, "withheld", "", f"its value {VALUE} is withheld")
    refused = states({VALUE: State(VALUE, "ok", "ets")}, of, {TONNES: "gate slip: x"})[TONNES]
    assert refused == State(TONNES, "withheld", "", "refused: gate slip: x")


def test_without_a_graph_the_balance_lacks_nothing() -> None:
    assert missing_from_balance({"a": State("a", "withheld", "")}, OF) == []
