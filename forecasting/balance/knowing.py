"""The value of data: how much narrower the band of the gap would be if one figure were known.

On the joint draws, the band that is left when an input is known is the mean width of the 80 % band among draws
in which the input is nearly the same. The same sum for an input that is only noise says how much of that is
chance and is taken off.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from forecasting.balance.draws import Uniforms, draw, seeded
from forecasting.balance.evaluate import Values, evaluate
from forecasting.balance.levels import Entry, entries
from forecasting.balance.nodes import SeriesNode
from forecasting.balance.outcome import Balance
from forecasting.balance.register import doubts
from forecasting.balance.scenarios import Scenario
from forecasting.frames import Array
from forecasting.models.base import seed_of

BINS = 20
LEVELS = (0.1, 0.9)


def width(gap: Array) -> float:
    """The width of the 80 % band."""
    low, high = np.quantile(gap, LEVELS)
    return float(high - low)


def left(gap: Array, known: Array, bins: int = BINS) -> float:
    """The mean width of the 80 % band among draws of like ``known``, in ``bins`` groups of equal size.

    >>> gap = np.arange(1000.0)
    >>> round(width(gap)), round(left(gap, gap))
    (799, 39)
    """
    values = np.unique(known)
    if len(values) <= bins:
        groups = [gap[known == value] for value in values]
    else:
        groups = np.array_split(gap[np.argsort(known, kind="stable")], bins)
    return float(np.average([width(group) for group in groups], weights=[len(group) for group in groups]))


def value_of_data(balance: Balance, scenario: str, node: str, today: date) -> pd.DataFrame:
    """One row an input: tonnes by which the 80 % band of the node's last year would narrow if it were known.

    Columns ``input, kind, title, band, band_if_known, narrower, narrower_pct, figure``; the largest first. A
    value within ``noise`` tonnes of nothing is chance. ``figure`` says which figure is late or missing.
    """
    record = balance.scenarios[scenario]
    graph = balance.graph
    uniforms = seeded(graph, balance.seed, balance.draws)
    world = draw(graph, balance.inputs, record, uniforms, balance.draws)
    values = evaluate(graph, world)
    gap = values[node][-1]
    whole = width(gap)
    shuffled = seed_of(balance.seed, "balance", "knowing")
    chance = [whole - left(gap, shuffled.random(balance.draws)) for _ in range(5)]
    rows = []
    for entry in entries(balance, record, node):
        known = _known(entry, balance, record, values, uniforms)
        rest = left(gap, known) + (0.0 if entry.kind == "event" else float(np.mean(chance)))
        rows.append(
            {
                "scenario": scenario,
                "node": node,
                "period": str(graph.last),
                "unit": graph.nodes[node].unit,
                "input": entry.id,
                "kind": entry.kind,
                "title": entry.title,
                "band": whole,
                "band_if_known": rest,
                "narrower": whole - rest,
                "narrower_pct": 100 * (whole - rest) / whole,
                "noise": float(np.ptp(chance)),
                "figure": _figure(entry, balance, today),
            }
        )
    return pd.DataFrame(rows).sort_values("narrower", ascending=False, ignore_index=True, kind="stable")


def _known(entry: Entry, balance: Balance, scenario: Scenario, values: Values, uniforms: Uniforms) -> Array:
    """What would be known, a number a draw: the last year of a series, an assumption's level, yes or no."""
    if entry.kind == "series":
        return np.asarray(values[entry.name.removeprefix("series:")][-1])
    drawn = uniforms(entry.name)
    if entry.kind != "event":
        return drawn
    chance = scenario.events[entry.id].probability
    registered = balance.graph.events[entry.id].probability
    return (drawn < (registered if chance is None else chance)).astype(float)


def _figure(entry: Entry, balance: Balance, today: date) -> str:
    graph = balance.graph
    if entry.kind == "series":
        node = next(n for n in graph.nodes.values() if isinstance(n, SeriesNode) and n.series == entry.id)
        return f"{entry.id} of {graph.last}; published {graph.series[node.series].lag_days} days after the period"
    if entry.kind == "assumption":
        why = "; ".join(doubts(graph.assumptions[entry.id], today))
        return f"range from several sources; {graph.assumptions[entry.id].owner}" if not why else why
    return f"outcome of the event, scheduled or reported for {_date(entry, balance)}"


def _date(entry: Entry, balance: Balance) -> str:
    return balance.graph.events[entry.id.split(" on ")[0]].date.isoformat()
