"""Identities, shares, headlines and the declared order of scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from forecasting.catalogue.gating import ScenarioOrder
from forecasting.publishing.candidate import Candidate, State
from forecasting.publishing.gates.balance import BANDS
from tests.publishing.gates.made import after, candidate, catalogue, rows, said

TABLE = rows("a", "CY2026", [8.0])
SPREAD = dict(zip(BANDS, (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0), strict=True))
STRUCTURE = pd.DataFrame(
    [
        ["gap", "home", "demand", 1.0],
        ["gap", "home", "plants", -1.0],
        ["demand", "demand", "", 0.0],
        ["plants", "home_supply", None, 0.0],
    ],
    columns=["node", "role", "part", "sign"],
)
MEANS = {"demand": 100.0, "plants": 30.0, "gap": 70.0}
COLUMNS = {"demand": "demand", "plants": "home_supply", "gap": "gap_home"}


def balance(**means: Mapping[str, float]) -> dict[str, pd.DataFrame]:
    """The tables of scenarios by name; each gives the means of its nodes in FY2030, FY2029 has one less."""
    held, heads = [], []
    for scenario, nodes in (means or {"baseline": MEANS}).items():
        head: dict[str, Any] = {"scenario": scenario, "period": "FY2030"}
        for node, mean in nodes.items():
            for period, level in (("FY2029", 0.5 * mean), ("FY2030", mean)):
                bands = {name: level + by for name, by in SPREAD.items()}
                chance = 0.5 if node == "gap" else None
                row = {"scenario": scenario, "node": node, "unit": "t magnet", "period": period}
                held.append({**row, "mean": level, **bands, "p_positive": chance})
            for name in ("low_80", "median", "high_80"):
                head[f"{COLUMNS.get(node, node)}_{name}"] = mean + SPREAD[name]
        heads.append(head)
    return {"balance": pd.DataFrame(held), "scenarios": pd.DataFrame(heads), "structure": STRUCTURE}


def made(tables: Mapping[str, pd.DataFrame], gates: dict[str, Any] | None = None, **others: Any) -> Candidate:
    return candidate(TABLE, catalogue(gates), balance=tables, **others)


def changed(
    column: str, value: float, node: str = "plants", period: str = "FY2030"
) -> dict[str, pd.DataFrame]:
    tables = balance()
    bands = tables["balance"]
    bands.loc[(bands["node"] == node) & (bands["period"] == period), column] = value
    return tables


def test_a_sound_balance_passes_in_any_order() -> None:
    tables = balance()
    assert said("identities", made(tables)) == []
    assert said("identities", made({**tables, "balance": tables["balance"].iloc[::-1]})) == []


def test_means_add_up() -> None:
    text = "gap FY2030 in baseline: the mean is 70, its parts add up to 69.99; the tolerance is 1e-09"
    assert said("identities", made(changed("mean", 30.01))) == [("hold", "", text)]
    assert said("identities", made(changed("mean", 30 + 0.9e-7))) == []
    assert len(said("identities", made(changed("mean", 30 + 1.1e-7)))) == 1
    loose = {"identities": {"tolerance": 1e-3, "severity": "warn"}}
    assert said("identities", made(changed("mean", 30.09), loose)) == []
    assert said("identities", made(changed("mean", 29.89), loose))[0][0] == "warn"


def test_nought_is_the_sum_of_noughts() -> None:
    assert said("identities", made(balance(baseline=dict.fromkeys(MEANS, 0.0)))) == []


def test_a_sum_whose_parts_are_gone_is_missed() -> None:
    tables = balance()
    tables["balance"] = tables["balance"][tables["balance"]["node"] != "plants"]
    assert ("hold", "", "gap: the balance has no plants") in said("identities", made(tables))


def test_numbers_are_finite_and_bands_ordered() -> None:
    text = "plants FY2029 in baseline has a number that is not finite"
    assert ("hold", "", text) in said("identities", made(changed("mean", float("nan"), period="FY2029")))
    assert ("hold", "", text) in said("identities", made(changed("low_95", float("inf"), period="FY2029")))
    text = "plants FY2029 in baseline has bands that cross"
    assert said("identities", made(changed("low_80", 14.1, period="FY2029"))) == [("hold", "", text)]
    assert said("identities", made(changed("low_80", 14.0, period="FY2029"))) == []


@pytest.mark.parametrize(("column", "value"), [("low_95", -0.01), ("high_95", 1.01)])
def test_shares_lie_between_nought_and_one(column: str, value: float) -> None:
    tables = balance()
    share = tables["balance"].iloc[[0]].assign(node="share", unit="1", mean=0.5, **dict.fromkeys(BANDS, 0.5))
    share = share.assign(low_95=0.0, high_95=1.0)
    tables["balance"] = pd.concat([tables["balance"], share], ignore_index=True)
    assert said("identities", made(tables)) == []
    tables["balance"].loc[tables["balance"]["node"] == "share", column] = value
    text = "share FY2029 in baseline has a share outside 0 to 1"
    assert said("identities", made(tables)) == [("hold", "", text)]


@pytest.mark.parametrize(("value", "passes"), [(0.0, True), (1.0, True), (-0.01, False), (1.01, False)])
def test_probabilities_lie_between_nought_and_one(value: float, passes: bool) -> None:
    text = "gap FY2030 in baseline has a share outside 0 to 1"
    found = said("identities", made(changed("p_positive", value, "gap")))
    assert found == ([] if passes else [("hold", "", text)])


def test_headlines_repeat_the_table() -> None:
    tables = balance()
    tables["scenarios"].loc[0, "gap_home_median"] = 71.0
    text = (
        "scenario baseline: gap_home_median is 71, the balance has 70 for gap FY2030; the tolerance is 1e-09"
    )
    assert said("identities", made(tables)) == [("hold", "", text)]
    tables["scenarios"].loc[0, "gap_home_median"] = 70.0 + 6e-8
    assert said("identities", made(tables)) == []
    tables["scenarios"].loc[0, "gap_home_median"] = 70.0 - 8e-8
    assert len(said("identities", made(tables))) == 1
    tables = balance()
    tables["scenarios"].loc[0, "period"] = "FY2031"
    text = "scenario baseline: demand_low_80 is 98, the balance has nan for demand FY2031; the tolerance is 1e-09"
    assert said("identities", made(tables)) == [("hold", "", text)]
    missing = {name: table for name, table in balance().items() if name != "scenarios"}
    text = "there is no table of scenarios beside the balance"
    assert said("identities", made(missing)) == [("hold", "", text)]


def test_without_a_structure_only_the_numbers_are_judged() -> None:
    tables = {"balance": changed("mean", 29.0)["balance"]}
    assert said("identities", made(tables)) == []


def test_a_balance_does_not_vanish_unless_a_series_is_withheld() -> None:
    assert said("identities", made({})) == []
    text = "there is no balance and no series is withheld; the previous edition had one"
    gone = after(made({}), balance=balance())
    assert said("identities", gone) == [("hold", "", text)]
    empty = after(made({"balance": pd.DataFrame()}), balance=balance())
    assert said("identities", empty) == [("hold", "", text)]
    assert said("identities", after(made({}), balance={})) == []
    withheld = made({}, states={"b": State("b", "withheld", ""), "a": State("a", "ok", "")})
    assert said("identities", after(withheld, balance=balance())) == []
    fine = made({}, states={"a": State("a", "ok", "")})
    assert said("identities", after(fine, balance=balance())) == [("hold", "", text)]


LOW, HIGH = {**MEANS, "plants": 10.0, "gap": 90.0}, {**MEANS, "plants": 60.0, "gap": 40.0}
THREE = {"baseline": MEANS, "late": LOW, "soon": HIGH}


def declared(
    *orders: tuple[str, ...], gates: dict[str, Any] | None = None, **means: Any
) -> list[tuple[str, str, str]]:
    of = catalogue(gates)
    records = tuple(ScenarioOrder(node=node, scenarios=ids, why="made up") for node, *ids in orders)
    held = replace(of, publication=of.publication.model_copy(update={"scenario_order": records}))
    return said("scenarios", candidate(TABLE, held, balance=balance(**(means or THREE))))


def test_declared_orders_hold() -> None:
    assert declared(("plants", "late", "baseline", "soon"), ("gap", "soon", "baseline", "late")) == []
    assert declared(("demand", "late", "baseline", "soon"), ("demand", "soon", "baseline", "late")) == []
    assert declared() == []
    assert said("scenarios", candidate(TABLE)) == []
    text = "plants FY2029: the mean of soon is 30, above 15 of baseline; declared is late <= soon <= baseline"
    assert declared(("plants", "late", "soon", "baseline")) == [("hold", "", text)]
    warned = declared(("plants", "late", "soon", "baseline"), gates={"scenarios": {"severity": "warn"}})
    assert [one[0] for one in warned] == ["warn"]


def test_every_order_is_judged_and_each_told_once() -> None:
    found = declared(("plants", "soon", "baseline", "late"), ("gap", "late", "baseline", "soon"))
    assert [text.split(":")[0] for _, _, text in found] == ["gap FY2029", "plants FY2029"]
    after_unknown = declared(("plants", "nobody", "late"), ("gap", "late", "soon"))
    assert [text.split(":")[0] for _, _, text in after_unknown] == ["gap FY2029", "plants"]


def test_orders_have_a_tolerance() -> None:
    near = {"baseline": MEANS, "late": {**MEANS, "plants": 30.0 + 3e-8}}
    assert len(declared(("plants", "late", "baseline"), **near)) == 1
    assert declared(("plants", "late", "baseline"), gates={"scenarios": {"tolerance": 1e-8}}, **near) == []


def test_unknown_scenarios_are_named() -> None:
    text = "plants: scenario 'nobody' of a declared order is not in the balance"
    assert declared(("plants", "late", "nobody")) == [("hold", "", text)]


def test_every_band_is_in_order() -> None:
    tables = balance(**THREE)
    bands = tables["balance"]
    rows_of = (bands["node"] == "plants") & (bands["scenario"] == "late") & (bands["period"] == "FY2030")
    bands.loc[rows_of, "high_95"] = 34.0
    of = catalogue()
    order = ScenarioOrder(node="plants", scenarios=("late", "baseline"), why="made up")
    held = replace(of, publication=of.publication.model_copy(update={"scenario_order": (order,)}))
    text = "plants FY2030: the high_95 of late is 34, above 33 of baseline; declared is late <= baseline"
    assert said("scenarios", candidate(TABLE, held, balance=tables)) == [("hold", "", text)]
