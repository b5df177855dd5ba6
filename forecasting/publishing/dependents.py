"""What a failure carries with it: parts of a market, aggregates, tonnes, and the balance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from forecasting.balance.graph import FILE, Graph
from forecasting.balance.joint import TONNES, UNIT_VALUE, VALUE
from forecasting.balance.nodes import SeriesNode
from forecasting.catalogue import Catalogue
from forecasting.publishing.candidate import State


def states(fitted: Mapping[str, State], catalogue: Catalogue, refused: Mapping[str, str]) -> dict[str, State]:
    """How every series of an edition stands, from how those that are fitted do.

    A part of a withheld market is withheld, and so is an aggregate of a withheld part, and tonnes of a withheld
    value; what rests on a fallback or on values of an earlier edition is degraded. ``refused`` names the aggregates a
    gate objected to, which have no fallback, and why.
    """
    found = {}
    for id, state in fitted.items():
        market = catalogue.series[id].within
        bounds = [fitted[market]] if market is not None and market in fitted else []
        found[id] = _resting(state, bounds, "its market")
    for id, series in catalogue.series.items():
        if series.sum_of and set(series.sum_of) <= set(found) and id not in found:
            parts = [found[part] for part in series.sum_of]
            found[id] = _refused(_resting(State(id, "ok", "sum"), parts, "its part"), refused)
    if VALUE in found and UNIT_VALUE in catalogue.assumptions:
        state = _resting(State(TONNES, "ok", "value / unit value"), [found[VALUE]], "its value")
        found[TONNES] = _refused(state, refused)
    return found


def _resting(state: State, on: list[State], what: str) -> State:
    """A state that cannot be better than that of what it rests on."""
    if state.standing in ("withheld", "stale"):
        return state
    gone = [one for one in on if one.standing == "withheld"]
    if gone:
        why = "; ".join(f"{what} {one.series} is withheld" for one in gone)
        return State(state.series, "withheld", "", why)
    weak = [f"{what} {one.series} is {one.standing} ({one.model})" for one in on if one.standing != "ok"]
    if not weak:
        return state
    told = state.reason.split("; ")  # as it stood in an edition that is made again
    weak = [why for why in weak if why not in told]
    return replace(state, standing="degraded", reason="; ".join(filter(None, [state.reason, *weak])))


def _refused(state: State, refused: Mapping[str, str]) -> State:
    if state.series not in refused or state.standing == "withheld":
        return state
    return State(state.series, "withheld", "", f"refused: {refused[state.series]}")


def missing_from_balance(found: Mapping[str, State], catalogue: Catalogue) -> list[str]:
    """The withheld series the balance would need; none where there is no graph."""
    if not (catalogue.root / FILE).is_file():
        return []
    nodes = Graph.read(catalogue).nodes.values()
    needed = {node.series for node in nodes if isinstance(node, SeriesNode)}
    return sorted(id for id in needed if id in found and found[id].standing == "withheld")
