"""The value of data: how much narrower the band of the gap would be if one figure were known.

On the joint draws, the band that is left when an input is known is the mean width of the 80 % band among draws
in which the input is nearly the same. The same sum for an input that is only noise says how much of that is
chance and is taken off.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from forecasting.balance.draws import Uniforms, draw, seeded
from forecasting.balance.evaluate import Values, evaluate
from forecasting.balance.levels import Entry, entries
from forecasting.balance.outcome import Balance, first_ahead
from forecasting.balance.register import doubts
from forecasting.balance.scenarios import Scenario
from forecasting.frames import Array
from forecasting.models.base import seed_of
from forecasting.periods import Period

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
    """One row a figure: tonnes by which the 80 % band of the node's last year would narrow if it were known.

    A series has two rows, its next year and its last. Columns ``input, kind, figure, title, band,
    band_if_known, narrower, narrower_pct, noise, why``; the largest first. What is within ``noise`` tonnes of
    nothing is chance. ``why`` says why the figure is not known today.
    """
    record, graph = balance.scenarios[scenario], balance.graph
    uniforms = seeded(graph, balance.seed, balance.draws)
    values = evaluate(graph, draw(graph, balance.inputs, record, uniforms, balance.draws))
    gap = values[node][-1]
    whole = width(gap)
    shuffled = seed_of(balance.seed, "balance", "knowing")
    chance = [whole - left(gap, shuffled.random(balance.draws)) for _ in range(10)]
    rows = []
    for entry in entries(balance, record, node):
        for year in _years(entry, balance):
            known = _known(entry, balance, record, values, uniforms, year)
            rest = left(gap, known) + (0.0 if entry.kind == "event" else float(np.mean(chance)))
            rows.append(
                {
                    "scenario": scenario,
                    "node": node,
                    "period": str(graph.last),
                    "unit": graph.nodes[node].unit,
                    "input": entry.id,
                    "kind": entry.kind,
                    "figure": f"{entry.id} {year}" if entry.kind == "series" else entry.id,
                    "title": entry.title,
                    "band": whole,
                    "band_if_known": rest,
                    "narrower": whole - rest,
                    "narrower_pct": 100 * (whole - rest) / whole,
                    "noise": float(np.ptp(chance)),
                    "why": _why(entry, balance, year, today),
                }
            )
    return pd.DataFrame(rows).sort_values("narrower", ascending=False, ignore_index=True, kind="stable")


def _years(entry: Entry, balance: Balance) -> list[Period]:
    last, soon = balance.graph.last, first_ahead(balance)
    return [soon, last] if entry.kind == "series" and soon < last else [last]


def _known(
    entry: Entry, balance: Balance, scenario: Scenario, values: Values, uniforms: Uniforms, year: Period
) -> Array:
    """What would be known, a number a draw: a year of a series, an assumption's level, yes or no."""
    if entry.kind == "series":
        return np.asarray(values[entry.name.removeprefix("series:")][year - balance.graph.first])
    drawn = uniforms(entry.name)
    if entry.kind != "event":
        return drawn
    chance = scenario.events[entry.id].probability
    registered = balance.graph.events[entry.id].probability
    return (drawn < (registered if chance is None else chance)).astype(float)


def _why(entry: Entry, balance: Balance, year: Period, today: date) -> str:
    graph = balance.graph
    if entry.kind == "series":
        known = year.end + timedelta(days=graph.series[entry.id].lag_days)
        return f"published about {known}"
    if entry.kind == "assumption":
        return "; ".join(doubts(graph.assumptions[entry.id], today)) or "a range over several sources"
    event = graph.events[entry.id.split(" on ")[0]]
    return f"outcome not found; dated {event.date} ({event.precision})"
