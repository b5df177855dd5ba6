"""Verdicts in order, empty tables, and recorded overrides."""

from __future__ import annotations

import pandas as pd
import pytest

from forecasting.errors import UsageError
from forecasting.publishing.candidate import Objection
from forecasting.publishing.gates import FIXED, GATES, View, judge
from tests.publishing.gates.made import candidate, catalogue, rows, said

ENOUGH = {"a": {"target": True}, "b": {"target": True}}


def broken() -> pd.DataFrame:
    table = rows("a", "CY2026", [10.0, 11.0])
    table.loc[0, "value"] = -1.0
    return table


@pytest.mark.parametrize("name", GATES)
def test_gates_bear_an_empty_table(name: str) -> None:
    empty = rows("a", "CY2026", [1.0]).iloc[:0]
    made = candidate(empty, catalogue(**ENOUGH))
    expected = [("hold", id, "has no forecast and is not withheld") for id in ("a", "b")]
    assert said(name, made) == (expected if name == "complete" else [])


def test_verdicts_are_in_the_order_of_gates_and_series() -> None:
    verdict = judge(candidate([broken(), broken().assign(series="b")], catalogue(**ENOUGH)), {})
    names = [one.gate for one in verdict.objections]
    assert names == sorted(names, key=list(GATES).index)
    assert [one.series for one in verdict.objections if one.gate == "non_negative"] == ["a", "b"]
    assert {one.overridden for one in verdict.objections} == {""}


def test_an_override_is_recorded_and_stands_no_more() -> None:
    made = candidate(rows("a", "CY2026", [10.0, 11.0, 12.0, 13.0, 900.0]))
    assert [one.gate for one in judge(made, {}).standing("block")] == ["growth", "growth"]
    verdict = judge(made, {"growth": "  the plant\n opens in 2030 "})
    assert verdict.standing("block") == ()
    assert {one.overridden for one in verdict.objections if one.gate == "growth"} == {
        "the plant opens in 2030"
    }
    assert {one.overridden for one in verdict.objections if one.gate != "growth"} == {""}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"grwth": "because"}, "--override grwth: there is no such gate; did you mean 'growth'?"),
        ({"growth": "  "}, "--override growth: give the reason with --reason; it is published"),
        (
            {"growth": "a\0\x1b[31m b"},
            "--reason 'a\\x00\\x1b[31m b' says nothing; give a sentence readers will understand",
        ),
        (
            {"growth": "a \udcff b"},
            "--reason 'a \\udcff b' says nothing; give a sentence readers will understand",
        ),
        *(
            (
                {name: "because"},
                f"--override {name}: this gate cannot be overridden; mend the forecast instead",
            )
            for name in sorted(FIXED)
        ),
    ],
)
def test_wrong_overrides_are_usage_errors(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        judge(candidate(broken()), overrides)
    assert str(raised.value) == message


def test_what_cannot_be_overridden() -> None:
    assert {"finite", "ordered", "non_negative", "complete"} == FIXED
    assert set(GATES) >= FIXED


def test_one_objection_is_told_once() -> None:
    verdict = judge(candidate(broken()), {})
    assert len(set(verdict.objections)) == len(verdict.objections)
    assert all(isinstance(one, Objection) for one in verdict.objections)
    assert View(candidate(broken())).lines.keys() == {("a", "CY", "baseline")}
