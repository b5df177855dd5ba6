"""The contract every gate keeps, and verdicts with recorded overrides."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from forecasting.errors import UsageError
from forecasting.publishing.candidate import Objection
from forecasting.publishing.gates import FIXED, GATES, View, judge
from tests.publishing.gates.clean import World
from tests.publishing.gates.defects import DEFECTS
from tests.publishing.gates.made import candidate, catalogue, rows, said

ENOUGH = {"a": {"target": True}, "b": {"target": True}}


def shuffled(table: pd.DataFrame) -> pd.DataFrame:
    return table.sample(frac=1, random_state=1).reset_index(drop=True)


def broken() -> pd.DataFrame:
    table = rows("a", "CY2026", [10.0, 11.0])
    table.loc[0, "value"] = -1.0
    return table


@pytest.mark.parametrize("name", DEFECTS)
def test_gates_are_pure_and_do_not_see_the_order_of_rows(name: str, world: World) -> None:
    """The same objections twice, nothing changed, and the same again with every table in another order."""
    made = DEFECTS[name].make(world, 0)
    before = made.table.copy(), made.certificates.copy(), {k: t.copy() for k, t in made.balance.items()}
    first = judge(made, {})
    pd.testing.assert_frame_equal(made.table, before[0])
    pd.testing.assert_frame_equal(made.certificates, before[1])
    for key, table in before[2].items():
        pd.testing.assert_frame_equal(made.balance[key], table)
    assert judge(made, {}) == first
    mixed = replace(
        made,
        table=shuffled(made.table),
        certificates=shuffled(made.certificates),
        balance={key: shuffled(table) for key, table in made.balance.items()},
    )
    assert judge(mixed, {}) == first


@pytest.mark.parametrize("name", DEFECTS)
def test_gates_name_the_series_and_give_a_number(name: str, world: World) -> None:
    made = DEFECTS[name].make(world, 1)
    said = [one for one in judge(made, {}).objections if one.gate in DEFECTS[name].gates]
    assert said
    for one in said:
        assert one.text.strip() == one.text != ""
        if one.series:
            known = {*made.table["series"], *made.catalogue.series, *made.states}
            assert one.series in known


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
    verdict = judge(made, {"growth": "  the plant opens in 2030 "})
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
