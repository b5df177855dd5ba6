"""The graph worked out on every draw at once: one array (years, draws) a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forecasting.balance import nodes
from forecasting.balance.draws import World
from forecasting.balance.graph import Graph
from forecasting.balance.unitcheck import product_factor
from forecasting.errors import DataError
from forecasting.frames import Array
from forecasting.periods import Period

Values = dict[str, Array]
TOLERANCE = 1e-9  # of a stock or share, relative: rounding, not a shortage


def evaluate(graph: Graph, world: World) -> Values:
    """Every node on every draw; NaN in past years where an input was not observed.

    Raises :class:`DataError` when a share leaves 0 to 1, a stock falls below zero or a year ahead is unknown.
    """
    values: Values = {}
    units = {
        **{n: a.unit for n, a in graph.assumptions.items()},
        **{i: n.unit for i, n in graph.nodes.items()},
    }
    for id in graph.order:
        node = graph.nodes[id]
        found = _KINDS[type(node)](_Place(graph, world, values, units, id), node)
        if id in world.factors:
            found = found * world.factors[id]
        values[id] = found
        _check(graph, id, node, found)
    return values


class _Place:
    """Where a node is worked out: its graph, world, and the nodes before it."""

    def __init__(self, graph: Graph, world: World, values: Values, units: Mapping[str, str], id: str) -> None:
        self.graph, self.world, self.values, self.units, self.id = graph, world, values, units, id

    def of(self, name: str) -> Array:
        """A node's values, or an assumption's draws, as (years, draws)."""
        if name in self.values:
            return self.values[name]
        drawn = self.world.assumptions[name]
        return np.broadcast_to(drawn, (len(self.graph.periods), len(drawn)))

    def factor(self, term: str) -> Array:
        sign, name = nodes.split(term)
        value = self.of(name)
        if not sign:
            return value
        return np.add(1.0, value) if sign == "+" else np.subtract(1.0, value)


def _series(place: _Place, node: nodes.SeriesNode) -> Array:
    own = place.world.series[place.id]
    if node.after is None:
        return own
    known = np.isfinite(own).any(axis=1)
    last = int(np.flatnonzero(known)[-1]) if known.any() else -1
    filled = own.copy()
    filled[last + 1 :] = place.of(node.after)[last + 1 :]
    return filled


def _assumption(place: _Place, node: nodes.AssumptionNode) -> Array:
    return np.asarray(place.of(node.of))


def _growth(place: _Place, node: nodes.GrowthNode) -> Array:
    years = np.array([period - Period.parse(node.at) for period in place.graph.periods], dtype=float)
    return np.asarray(place.of(node.base) * (1.0 + place.of(node.rate)) ** years[:, None])


def _product(place: _Place, node: nodes.ProductNode) -> Array:
    found = np.full((len(place.graph.periods), place.world.draws), product_factor(node, place.units))
    for term in node.of:
        found = found * place.factor(term)
    with np.errstate(divide="ignore"):  # a zero is named by the check that follows
        for term in node.per:
            found = found / place.factor(term)
    return found


def _sum(place: _Place, node: nodes.SumNode) -> Array:
    found = place.of(node.of[0]).copy()
    for name in node.of[1:]:
        found = found + place.of(name)
    for name in node.minus:
        found = found - place.of(name)
    return found


def _least(place: _Place, node: nodes.LeastNode) -> Array:
    found = place.of(node.of[0])
    for name in node.of[1:]:
        found = np.minimum(found, place.of(name))
    return found


def _plant(place: _Place, node: nodes.PlantNode) -> Array:
    periods, draws = place.graph.periods, place.world.draws
    if node.award not in place.world.awards:
        return np.zeros((len(periods), draws))
    happens, award = place.world.awards[node.award]
    ready = award.ordinal + place.world.assumptions[node.delay]
    if node.gestation is not None:
        ready = ready + place.world.assumptions[node.gestation]
    ramp = np.maximum(place.world.assumptions[node.ramp], 1.0)
    level = np.zeros((len(periods), draws))
    for t, period in enumerate(periods):
        for month in period.months():
            level[t] += np.clip((month.ordinal + 1 - ready) / ramp, 0.0, 1.0)
    size = place.of(node.capacity) * place.of(node.built) * place.of(node.utilisation)
    return size * happens * level / 12.0


def _retired(place: _Place, node: nodes.RetiredNode) -> Array:
    graph = place.graph
    flow = place.of(node.of)
    scale, shape = place.world.assumptions[node.scale], place.world.assumptions[node.shape]
    ages = np.maximum(np.arange(-0.5, 80.0), 0.0)
    alive = np.exp(-((ages[:, None] / scale) ** shape))
    lost = alive[:-1] - alive[1:]  # by whole years since registration
    found = np.zeros_like(flow)
    first, past = place.world.before.get(node.of, (graph.first, np.empty(0)))
    for t, period in enumerate(graph.periods):
        for c in range(t + 1):
            found[t] += flow[c] * lost[t - c]
        for c, sold in enumerate(past):
            if np.isfinite(sold):
                found[t] += sold * lost[period - (first + c)]
    return found


def _drawdown(place: _Place, node: nodes.DrawdownNode) -> Array:
    inflow, want = place.of(node.inflow), place.of(node.want)
    stock = place.world.assumptions[node.initial].copy()
    keep = place.world.assumptions[node.keep]
    used = np.empty_like(want)
    for t, period in enumerate(place.graph.periods):
        known = period > Period.parse(node.at)
        reach = inflow[t] + stock if known else inflow[t]
        used[t] = np.where(want[t] == 0, 0.0, np.minimum(want[t], reach))
        if known:
            unwanted = np.maximum(inflow[t] - used[t], 0.0)
            stock = stock + inflow[t] - used[t] - (1.0 - keep) * unwanted
    return used


def _stock(place: _Place, node: nodes.StockNode) -> Array:
    inflow = place.of(node.inflow)
    outflow = np.sum([place.of(name) for name in node.outflow], axis=0)
    found = np.full_like(inflow, np.nan)
    at = Period.parse(node.at) - place.graph.first
    found[at] = place.world.assumptions[node.initial]
    for t in range(at + 1, len(found)):
        found[t] = found[t - 1] + inflow[t] - outflow[t]
    return found


_KINDS: dict[type, Callable[[_Place, Any], Array]] = {
    nodes.SeriesNode: _series,
    nodes.AssumptionNode: _assumption,
    nodes.GrowthNode: _growth,
    nodes.ProductNode: _product,
    nodes.SumNode: _sum,
    nodes.LeastNode: _least,
    nodes.PlantNode: _plant,
    nodes.RetiredNode: _retired,
    nodes.DrawdownNode: _drawdown,
    nodes.StockNode: _stock,
}


def _check(graph: Graph, id: str, node: nodes.Node, found: Array) -> None:
    where = f"{graph.path}: nodes.{id}"
    if np.isnan(found[-1]).any():
        raise DataError(f"{where}: {graph.last} is unknown in {int(np.isnan(found[-1]).sum())} draws")
    if np.isinf(found).any():
        raise DataError(f"{where}: divides by zero in {int(np.isinf(found).any(axis=0).sum())} draws")
    known = found[np.isfinite(found)]
    if node.share and known.size and (known.min() < -TOLERANCE or known.max() > 1 + TOLERANCE):
        raise DataError(
            f"{where}: a share runs from {known.min():.4g} to {known.max():.4g}; it must stay between 0 and 1"
        )
    if isinstance(node, nodes.StockNode) and known.size and known.min() < -TOLERANCE * max(known.max(), 1.0):
        raise DataError(f"{where}: the stock falls to {known.min():.4g} {node.unit}; it cannot be negative")
