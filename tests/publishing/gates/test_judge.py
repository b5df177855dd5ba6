"""The contract every gate keeps, over every class of seeded defects."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from forecasting.publishing.gates import judge
from tests.publishing.gates.clean import World
from tests.publishing.gates.defects import DEFECTS


def shuffled(table: pd.DataFrame) -> pd.DataFrame:
    return table.sample(frac=1, random_state=1).reset_index(drop=True)


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
