"""Common random numbers: a lever moves what depends on it and nothing else, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecasting.balance.draws import draw, seeded
from forecasting.balance.evaluate import Values, evaluate
from forecasting.balance.nodes import Range
from forecasting.balance.outcome import Balance
from forecasting.balance.scenarios import EventLever, PlanLever, Scenario, ShareLever


def run(balance: Balance, scenario: Scenario) -> Values:
    uniforms = seeded(balance.graph, balance.seed, balance.draws)
    return evaluate(balance.graph, draw(balance.graph, balance.inputs, scenario, uniforms, balance.draws))


@pytest.fixture(scope="module")
def base(ready: Balance) -> Values:
    return ready.values("baseline")


def require_only(balance: Balance, before: Values, after: Values, starts: set[str]) -> None:
    """Nodes that do not depend on the starts are the same, bit for bit; some that do have moved."""
    may_move = balance.graph.downstream(starts)
    for id in balance.graph.nodes:
        if id not in may_move:
            np.testing.assert_array_equal(before[id], after[id], err_msg=id)
    assert any(not np.array_equal(before[id], after[id], equal_nan=True) for id in may_move)


def test_every_assumption_moves_only_what_depends_on_it(ready: Balance, base: Values) -> None:
    scenario = ready.scenarios["baseline"]
    for name in ready.graph.used:
        assumed = ready.graph.assumptions[name]
        lever = Range(low=assumed.low, central=assumed.low, high=max(assumed.low * 1.001, assumed.low + 1e-6))
        moved = replace(scenario, assumptions={name: lever})
        require_only(ready, base, run(ready, moved), {name})


def test_every_event_moves_only_what_depends_on_it(ready: Balance, base: Values) -> None:
    scenario = ready.scenarios["baseline"]
    for event, nodes in ready.graph.touched.items():
        chance = 0.0 if event in scenario.events else 1.0
        old = scenario.events.get(event, EventLever())
        lever = old.model_copy(update={"probability": chance})
        moved = replace(scenario, events={**scenario.events, event: lever})
        require_only(ready, base, run(ready, moved), set(nodes))


def test_every_series_lever_moves_only_what_depends_on_it(ready: Balance, base: Values) -> None:
    scenario = ready.scenarios["baseline"]
    for id, market in (("ev.2w", "market.2w"), ("ev.3w", "market.3w"), ("ev.pv", "market.pv")):
        moved = replace(scenario, shares={id: ShareLever(market=market, at_least=0.9, by="FY2030")})
        after = run(ready, moved)
        require_only(ready, base, after, {id})
        assert (after[id][-1] >= 0.9 * after[market][-1] * (1 - 1e-12)).all()
        assert (after[id] >= base[id]).all()
    plan = PlanLever(start="FY2026", by="FY2030")
    require_only(ready, base, run(ready, replace(scenario, plans={"irel.oxide": plan})), {"irel.oxide"})


def test_every_scenario_file_moves_only_what_depends_on_its_levers(ready: Balance, base: Values) -> None:
    for scenario in ready.scenarios.values():
        names = scenario.differs(ready.scenarios["baseline"])
        if not names:
            continue
        starts = {node for name in names for node in ready.graph.touched.get(name, (name,))}
        require_only(ready, base, ready.values(scenario.id), starts)


def test_events_switched_off_are_as_if_they_had_never_been_named(ready: Balance) -> None:
    off = ready.values("no_events")
    never = run(ready, replace(ready.scenarios["baseline"], events={}))
    for id in ready.graph.nodes:
        np.testing.assert_array_equal(off[id], never[id], err_msg=id)


def test_no_scenario_rewrites_the_past(ready: Balance, base: Values) -> None:
    end = [str(p) for p in ready.graph.periods].index("FY2025") + 1
    for id in ready.scenarios:
        after = ready.values(id)
        for node in ready.graph.nodes:
            np.testing.assert_array_equal(base[node][:end], after[node][:end], err_msg=f"{id} {node}")


def test_plans_arrive_late_and_in_part(ready: Balance) -> None:
    full = ready.values("irel_doubles_on_time")["irel.oxide"]
    late = ready.values("irel_doubles_two_years_late")["irel.oxide"]
    half = ready.values("irel_half_reached")["irel.oxide"]
    start = full[-5]
    np.testing.assert_allclose(late[-1] - start, (full[-1] - start) * 4 / 6)
    np.testing.assert_allclose(half[-1] - start, (full[-1] - start) / 2)


def test_stated_dependence_is_drawn(ready: Balance) -> None:
    uniforms = seeded(ready.graph, 3, 20_000)
    two, three = uniforms("assumption:magnet_per_e2w"), uniforms("assumption:magnet_per_e3w")
    assert abs(float(np.corrcoef(two, three)[0, 1]) - 6 / np.pi * np.arcsin(0.8 / 2)) < 0.02
    assert abs(float(np.corrcoef(two, uniforms("assumption:wind_pm_share"))[0, 1])) < 0.03
