"""The balance as a function of its inputs: every input at a level between 0 and 1 of its own distribution.

Tornado and Sobol indices move inputs one by one, so here they are independent, and a series stands at the same
level of its distribution in every year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.balance.draws import draw, inputs_of
from forecasting.balance.evaluate import Values, evaluate
from forecasting.balance.nodes import SeriesNode
from forecasting.balance.outcome import Balance
from forecasting.balance.scenarios import Scenario
from forecasting.frames import Array


@dataclass(frozen=True)
class Entry:
    """One input: its name among the uniform numbers, what kind it is, and how a reader knows it."""

    name: str
    kind: str
    id: str
    title: str


def entries(balance: Balance, scenario: Scenario, node: str) -> list[Entry]:
    """The inputs a node depends on in a scenario, in a fixed order; points and certain events are left out."""
    graph = balance.graph
    reach = set(graph.upstream(node))
    names = {name for id in reach for name in graph.nodes[id].inputs}
    found = []
    for id, record in graph.nodes.items():
        if id in reach and isinstance(record, SeriesNode) and _uncertain(balance, id):
            found.append(Entry(f"series:{id}", "series", record.series, record.title))
    for name in inputs_of(graph, scenario):
        assumed = scenario.assumptions.get(name, graph.assumptions[name])
        planned = any(plan.times == name and id in reach for id, plan in scenario.plans.items())
        if (name in names or planned) and assumed.low < assumed.high:
            found.append(Entry(f"assumption:{name}", "assumption", name, graph.assumptions[name].title))
    for event, lever in sorted(scenario.events.items()):
        chance = graph.events[event].probability if lever.probability is None else lever.probability
        moved = [id for id in graph.touched[event] if id in reach]
        if not moved or chance == 0:
            continue
        title = graph.events[event].title
        if chance < 1:
            found.append(Entry(f"event:{event}", "event", event, title))
        for id in moved:
            record = graph.nodes[id]
            size = lever.effects.get(id, record.events.get(event))
            if size is not None and size.low < size.high:
                found.append(Entry(f"effect:{event}:{id}", "effect", f"{event} on {id}", f"{title}: size"))
    return found


def at_levels(balance: Balance, scenario: Scenario, levels: Mapping[str, Array], count: int) -> Values:
    """All nodes with the named inputs at levels (one array of ``count`` each) and all others at their medians."""
    middle = np.full(count, 0.5)

    def uniforms(name: str) -> Array:
        return levels.get(name, middle)

    world = draw(balance.graph, balance.inputs, scenario, uniforms, count, joint=False)
    return evaluate(balance.graph, world)


def _uncertain(balance: Balance, id: str) -> bool:
    last = balance.inputs[id].window([balance.graph.last])[0]
    return bool(np.isfinite(last).all() and np.ptp(last) > 0)
