"""Possible worlds: series paths, assumptions and events drawn together.

Every input has a generator of its own, seeded by its name, and enters through a number between 0 and 1. So an
input changed or switched off leaves every other input as it was, bit for bit (common random numbers).
Dependence: all series share the index of their joint path; assumptions are independent but for those the
graph names together; events and their sizes are independent of all else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from forecasting.balance.graph import Graph
from forecasting.balance.inputs import SeriesPaths
from forecasting.balance.nodes import PlantNode, Range
from forecasting.balance.scenarios import EventLever, PlanLever, Scenario, ShareLever
from forecasting.catalogue import Assumption
from forecasting.errors import DataError
from forecasting.features.events import strength
from forecasting.frames import Array
from forecasting.models.base import seed_of
from forecasting.periods import Period

Uniforms = Callable[[str], Array]
PATHS = "paths"
_Z975 = 1.959963984540054


@dataclass(frozen=True)
class World:
    """Draws of everything the graph starts from; ``series`` and ``factors`` are (years, draws).

    ``before`` holds the years of a series before the graph's first; ``factors`` what events multiply a node
    by; ``awards`` for each event that sets off plants whether it happens and the month it starts.
    """

    draws: int
    series: Mapping[str, Array]
    before: Mapping[str, tuple[Period, Array]]
    assumptions: Mapping[str, Array]
    factors: Mapping[str, Array]
    awards: Mapping[str, tuple[Array, Period]]


def seeded(graph: Graph, seed: int, draws: int) -> Uniforms:
    """Independent uniform numbers by name, but for assumptions the graph names together.

    Those get a Gaussian copula with the stated correlation of their common cause.
    """

    def own(name: str) -> Array:
        return seed_of(seed, "balance", name).random(draws)

    def uniforms(name: str) -> Array:
        for place, group in enumerate(graph.together):
            if name.removeprefix("assumption:") in group.assumptions:
                common = seed_of(seed, "balance", f"together:{place}").standard_normal(draws)
                alone = seed_of(seed, "balance", name).standard_normal(draws)
                mixed = np.sqrt(group.correlation) * common + np.sqrt(1 - group.correlation) * alone
                return np.asarray(ndtr(mixed))
        return own(name)

    return uniforms


def quantile(assumed: Assumption | Range, u: Array) -> Array:
    """The value of an assumption at levels between 0 and 1.

    A lognormal has its median at ``central`` and 95 % between ``low`` and ``high`` when these lie alike.

    >>> quantile(Range(low=0, central=1, high=2), np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 2.0]
    """
    low, mode, high = assumed.low, assumed.central, assumed.high
    if low == high:
        return np.full(len(u), low)
    kind = assumed.distribution if isinstance(assumed, Assumption) else "triangular"
    if kind == "uniform":
        return low + (high - low) * u
    if kind == "lognormal":
        sigma = np.log(high / low) / (2 * _Z975)
        from scipy.special import ndtri

        return np.asarray(mode * np.exp(sigma * ndtri(u)))
    at = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < at, rising, falling)


def draw(
    graph: Graph,
    inputs: Mapping[str, SeriesPaths],
    scenario: Scenario,
    uniforms: Uniforms,
    draws: int,
    joint: bool = True,
) -> World:
    """One world a draw. With ``joint`` the series follow whole joint paths, each path equally often;

    without, each year of a series stands at the level ``uniforms("series:<node>")`` of its own distribution
    (the same level in all years), which sensitivity needs.
    """
    assumptions = {
        name: quantile(
            scenario.assumptions.get(name, graph.assumptions[name]), uniforms(f"assumption:{name}")
        )
        for name in inputs_of(graph, scenario)
    }
    series: dict[str, Array] = {}
    before: dict[str, tuple[Period, Array]] = {}
    index = _index(uniforms(PATHS), inputs, draws) if joint else None
    for id, paths in inputs.items():
        window = paths.window(graph.periods)
        if index is None:
            series[id] = _at_level(window, uniforms(f"series:{id}"))
        else:
            series[id] = window[:, index]
        if paths.first < graph.first:
            before[id] = (paths.first, paths.values[: graph.first - paths.first, 0])
    for id, share in scenario.shares.items():
        series[id] = _at_least(share, series[id], series[share.market], inputs[id].forecast_from, graph)
    for id, plan in scenario.plans.items():
        series[id] = _to_plan(id, plan, series[id], inputs[id], assumptions, graph)
    factors, awards = _events(graph, scenario, uniforms)
    return World(draws, series, before, assumptions, factors, awards)


def inputs_of(graph: Graph, scenario: Scenario) -> list[str]:
    """The assumptions a scenario's result may depend on: those of the graph and those its plans name."""
    extra = {plan.times for plan in scenario.plans.values() if plan.times is not None}
    return sorted({*graph.used, *extra})


def _index(u: Array, inputs: Mapping[str, SeriesPaths], draws: int) -> npt.NDArray[np.intp]:
    counts = {paths.values.shape[1] for paths in inputs.values()}
    if len(counts) != 1:
        raise DataError(f"series have {sorted(counts)} paths; joint paths need the same number")
    order = np.argsort(u, kind="stable")
    count = counts.pop()
    every = np.tile(np.arange(count), -(-draws // count))[:draws]
    index = np.empty(draws, dtype=np.intp)
    index[order] = every
    return index


def _at_level(window: Array, u: Array) -> Array:
    ordered = np.sort(window, axis=1)
    levels = (np.arange(window.shape[1]) + 0.5) / window.shape[1]
    return np.stack([np.interp(u, levels, row) for row in ordered])


def _at_least(lever: ShareLever, own: Array, market: Array, ahead: Period, graph: Graph) -> Array:
    start, by = ahead + -1, Period.parse(lever.by)
    row = start - graph.first
    now = own[row] / market[row]
    pushed = own.copy()
    for t, period in enumerate(graph.periods):
        if period >= ahead:
            way = min(1.0, (period - start) / max(by - start, 1))
            pushed[t] = np.maximum(own[t], market[t] * (now + way * (lever.at_least - now)))
    return pushed


def _to_plan(
    id: str,
    lever: PlanLever,
    own: Array,
    paths: SeriesPaths,
    assumptions: Mapping[str, Array],
    graph: Graph,
) -> Array:
    start, by = Period.parse(lever.start), Period.parse(lever.by)
    if by not in paths.targets:
        known = ", ".join(str(p) for p in sorted(paths.targets, key=lambda p: p.ordinal)) or "no year"
        raise DataError(f"{id}: no target was announced for {by}; targets are known for {known}")
    target = paths.targets[by][0] * (assumptions[lever.times] if lever.times else 1.0)
    level = own[start - graph.first]
    planned = own.copy()
    for t, period in enumerate(graph.periods):
        if period > start:
            way = min(1.0, (period - start) / (by - start + lever.late_years))
            planned[t] = level + lever.reached * way * (target - level)
    return planned


def _events(
    graph: Graph, scenario: Scenario, uniforms: Uniforms
) -> tuple[dict[str, Array], dict[str, tuple[Array, Period]]]:
    factors: dict[str, Array] = {}
    awards: dict[str, tuple[Array, Period]] = {}
    for id, lever in sorted(scenario.events.items()):
        event = graph.events[id].moved(lever.start, lever.ramp_months, lever.end)
        probability = event.probability if lever.probability is None else lever.probability
        happens = (uniforms(f"event:{id}") < probability).astype(float)
        force = np.array([strength(event, period) for period in graph.periods])
        sign = {"up": 1.0, "down": -1.0, "none": 0.0}[event.direction]
        for node in graph.touched[id]:
            record = graph.nodes[node]
            if isinstance(record, PlantNode) and record.award == id:
                awards[id] = (happens, Period.parse(event.start))
            if id in record.events:
                size = quantile(lever.effects.get(node, record.events[id]), uniforms(f"effect:{id}:{node}"))
                factor = 1.0 + sign * force[:, None] * (happens * size)[None]
                factors[node] = factors.get(node, 1.0) * factor
    return factors, awards


__all__ = ["EventLever", "Uniforms", "World", "draw", "inputs_of", "quantile", "seeded"]
