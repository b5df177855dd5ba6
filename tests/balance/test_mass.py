"""Every draw adds up, in tonnes of magnet and of oxide, and nothing is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.balance.nodes import SumNode
from forecasting.balance.outcome import Balance
from forecasting.balance.scenarios import read_scenarios


@pytest.fixture(scope="module", params=["baseline", "mission", "worst", "japan_agreement_on"])
def values(request: pytest.FixtureRequest, ready: Balance) -> dict[str, np.ndarray]:
    return ready.values(request.param)


def test_demand_less_supply_is_the_gap_on_every_draw(values: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(values["demand.magnet"] - values["plants.magnets"], values["gap.home"])
    np.testing.assert_array_equal(values["demand.magnet"] - values["supply.available"], values["gap.market"])
    np.testing.assert_array_equal(values["demand.oxide"] - values["home.oxide"], values["gap.oxide"])


def test_sums_equal_their_parts(values: dict[str, np.ndarray], ready: Balance) -> None:
    checked = 0
    for id, node in ready.graph.nodes.items():
        if isinstance(node, SumNode) and id not in ready.graph.touched:
            total = sum(values[part] for part in node.of) - sum(
                (values[part] for part in node.minus), start=np.zeros(())
            )
            np.testing.assert_allclose(values[id], total, rtol=1e-12)
            checked += 1
    assert checked > 15


def test_magnets_of_all_grades_are_all_magnets(values: dict[str, np.ndarray]) -> None:
    uses = ["ev.2w", "ev.3w", "ev.pv", "ev.bus", "ev.goods", "hybrid", "combustion", "wind", "ac", "other"]
    total = sum(values[f"demand.{use}"] for use in uses)
    np.testing.assert_allclose(values["demand.magnet"], total, rtol=1e-12)


def test_oxide_and_magnet_terms_agree_through_the_conversions(values: dict[str, np.ndarray]) -> None:
    factor = values["oxide.per.magnet"]
    np.testing.assert_allclose(values["demand.oxide"], values["demand.magnet"] * factor, rtol=1e-12)
    np.testing.assert_allclose(values["gap.market.oxide"], values["gap.market"] * factor, rtol=1e-12)
    lacking = values["demand.magnet"] - values["home.oxide.as.magnet"]
    known = np.isfinite(lacking)
    np.testing.assert_allclose((lacking * factor)[known], values["gap.oxide"][known], rtol=1e-9, atol=1e-6)


def test_every_tonne_of_oxide_is_exported_used_sold_or_in_stock(
    values: dict[str, np.ndarray], ready: Balance
) -> None:
    at = [str(p) for p in ready.graph.periods].index("FY2026")
    ahead = slice(at + 1, None)
    came = (values["irel.oxide"] + values["recycled.oxide"])[ahead].sum(axis=0)
    went = (values["irel.exports"] + values["plants.oxide.home"] + values["home.oxide.sold"])[ahead].sum(
        axis=0
    )
    np.testing.assert_allclose(values["oxide.stock"][-1] - values["oxide.stock"][at], came - went, atol=1e-6)
    assert (values["oxide.stock"][ahead] >= -1e-9).all()


def test_a_tonne_of_magnet_takes_more_oxide_than_it_contains(values: dict[str, np.ndarray]) -> None:
    contained = 0.28 / 0.8574
    assert values["oxide.per.magnet"].min() > contained
    assert 0.4 < np.median(values["oxide.per.magnet"]) < 0.52


def test_more_never_retires_than_was_registered(values: dict[str, np.ndarray]) -> None:
    for kind in ("2w", "3w", "pv"):
        gone = values[f"retired.{kind}"].sum(axis=0)
        assert (gone <= values[f"ev.{kind}"].sum(axis=0) + 1e6).all()
        assert (values[f"retired.{kind}"] >= 0).all()


def test_scenarios_answer_the_question(ready: Balance) -> None:
    assert len(read_scenarios(ready.graph)) >= 8
    base, mission = ready.values("baseline"), ready.values("mission")
    assert mission["plants.magnets"][-1].mean() > base["plants.magnets"][-1].mean()
    assert mission["irel.exports"][-1].max() == 0
