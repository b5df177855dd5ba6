"""From a number in the table back to where it comes from: formula, inputs, series, assumptions, sources, events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from forecasting.balance import nodes
from forecasting.balance.draws import inputs_of
from forecasting.balance.evaluate import Values
from forecasting.balance.graph import Graph
from forecasting.balance.outcome import Balance
from forecasting.balance.scenarios import EventLever, Scenario
from forecasting.catalogue import Source
from forecasting.errors import UsageError
from forecasting.frames import Array
from forecasting.periods import Period


def explain(
    balance: Balance, scenario: str, node: str, period: str, sources: Mapping[str, Source]
) -> Iterator[str]:
    """Lines of text: the number and its band, how it is made, and everything it is made from, in order.

    Raises :class:`~forecasting.errors.ConfigError` for an unknown node and :class:`UsageError` for a year
    outside the graph.
    """
    graph = balance.graph
    graph.require(node)
    year = Period.parse(period)
    if year.kind is not graph.first.kind or year not in graph.periods:
        raise UsageError(
            f"{period} is not a year of the balance; name one from {graph.first} to {graph.last}"
        )
    values = balance.values(scenario)
    record = balance.scenarios[scenario]
    chain = graph.upstream(node)
    yield f"{node} in {year}, scenario {scenario}: {record.title}"
    yield ""
    yield f"Nodes ({len(chain)}), each after the one it feeds"
    for id in reversed(chain):
        yield from _node(balance, record, id, year, values)
    used = {name for id in chain for name in graph.nodes[id].inputs if name not in graph.nodes}
    used |= {plan.times for id, plan in record.plans.items() if id in chain and plan.times}
    yield ""
    yield f"Assumptions ({len(used)}), drawn once a world"
    cited: set[str] = set()
    for name in (n for n in inputs_of(graph, record) if n in used):
        assumed = graph.assumptions[name]
        lever = record.assumptions.get(name)
        span = lever or assumed
        by = (
            f" (scenario; register {assumed.low:g} / {assumed.central:g} / {assumed.high:g})" if lever else ""
        )
        yield f"  {name}: {span.low:g} / {span.central:g} / {span.high:g} {assumed.unit}, {assumed.distribution}{by}"
        yield f"    {assumed.title}; measures {assumed.basis}; owner {assumed.owner}, review by {assumed.review_by}"
        yield f"    sources: {', '.join(assumed.source) or 'none'}; {assumed.note}"
        cited |= set(assumed.source)
    acting = {e: lv for e, lv in record.events.items() if set(graph.touched[e]) & set(chain)}
    yield ""
    yield f"Events ({len(acting)}) that act on it in this scenario"
    for id, event_lever in sorted(acting.items()):
        yield from _event(graph, id, event_lever, [n for n in graph.touched[id] if n in chain])
        cited.add(graph.events[id].source)
    yield ""
    yield f"Sources ({len(cited)})"
    for id in sorted(cited):
        if id in sources:
            yield f"  {id}: {sources[id].publisher}, {sources[id].title}; {sources[id].address}"
        else:
            yield f"  {id}: not in sources.yaml"


def formula(node: nodes.Node) -> str:
    """How a node is made, in a line.

    >>> from forecasting.balance.nodes import SumNode
    >>> formula(SumNode(kind="sum", title="", unit="t magnet", side="gap", of=("demand",), minus=("supply",)))
    'demand − supply'
    """
    match node:
        case nodes.SeriesNode():
            return f"series {node.series}" + (f", then assumption {node.after}" if node.after else "")
        case nodes.AssumptionNode():
            return f"assumption {node.of}"
        case nodes.GrowthNode():
            return f"{node.base} × (1 + {node.rate}) ^ (years since {node.at})"
        case nodes.ProductNode():
            terms = [f"({t})" if nodes.split(t)[0] else t for t in node.of]
            return " × ".join(terms or ["1"]) + "".join(f" ÷ {t}" for t in node.per)
        case nodes.SumNode():
            return " + ".join(node.of) + "".join(f" − {t}" for t in node.minus)
        case nodes.LeastNode():
            return f"the smallest of {', '.join(node.of)}"
        case nodes.PlantNode():
            waits = " + ".join(name for name in (node.delay, node.gestation) if name)
            return (
                f"{node.capacity} × {node.built} × {node.utilisation}, from {node.award} + {waits}, "
                f"ramp {node.ramp}"
            )
        case nodes.RetiredNode():
            return f"{node.of} × Weibull({node.scale}, {node.shape})"
        case nodes.DrawdownNode():
            return f"{node.want}, as far as {node.inflow} and the stock reach"
        case nodes.StockNode():
            return f"{node.initial} at {node.at} + {node.inflow} − " + " − ".join(node.outflow)


def _node(balance: Balance, scenario: Scenario, id: str, year: Period, values: Values) -> Iterator[str]:
    graph = balance.graph
    node = graph.nodes[id]
    yield f"  {id} = {_band(values[id][year - graph.first])} {node.unit}"
    yield f"    {node.title}: {formula(node)}"
    if isinstance(node, nodes.SeriesNode):
        lever = scenario.shares.get(id) or scenario.plans.get(id)
        origin = balance.inputs[id].origin_of(year)
        after = f"assumption {node.after}" if node.after and origin == "not known" else origin
        yield f"    {year}: {after}" + (f"; lever {lever}" if lever else "")
        for period, (target, source) in balance.inputs[id].targets.items():
            yield f"    announced for {period}: {target:,.6g} {node.unit} ({source})"
    if node.note:
        yield f"    note: {node.note}"


def _band(draws: Array) -> str:
    if np.isnan(draws).any():
        return "not known,"
    low, median, high = np.quantile(draws, [0.1, 0.5, 0.9])
    return f"{median:,.6g} (80 %: {low:,.6g} to {high:,.6g})"


def _event(graph: Graph, id: str, lever: EventLever, moved: list[str]) -> Iterator[str]:
    event = graph.events[id]
    chance = event.probability if lever.probability is None else lever.probability
    start, ramp = (
        lever.start or event.start,
        event.ramp_months if lever.ramp_months is None else lever.ramp_months,
    )
    yield f"  {id}: {event.title}; probability {chance:g}, from {start}, ramp {ramp} months ({event.source})"
    for node in moved:
        size = lever.effects.get(node, graph.nodes[node].events.get(id))
        if size is not None:
            sign = {"up": "+", "down": "−", "none": "±"}[event.direction]
            yield f"    {node}: {sign}{size.low:.0%} / {sign}{size.central:.0%} / {sign}{size.high:.0%}"
        else:
            yield f"    {node}: sets it off"
