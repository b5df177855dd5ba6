"""Which inputs move the gap: a tornado, and Sobol indices of first and total order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecasting.balance.levels import Entry, at_levels, entries
from forecasting.balance.outcome import Balance
from forecasting.frames import Array

LOW, HIGH = 0.1, 0.9
SOBOL_BASE = 512  # a power of two, as the sequence asks


def tornado(balance: Balance, scenario: str, node: str) -> pd.DataFrame:
    """The node in the last year with one input at the 10 % and 90 % level and all others at their medians.

    An event is off at ``low`` and on at ``high``. Columns ``input, kind, title, at_low, at_median, at_high,
    swing``, widest swing first, in the unit of the node.
    """
    record = balance.scenarios[scenario]
    found = entries(balance, record, node)
    count = 2 * len(found) + 1
    levels: dict[str, Array] = {}
    for place, entry in enumerate(found):
        column = np.full(count, 0.5)
        if entry.kind == "event":
            column[2 * place], column[2 * place + 1] = 1.0, 0.0  # below its probability it happens
        else:
            column[2 * place], column[2 * place + 1] = LOW, HIGH
        levels[entry.name] = column
    gap = at_levels(balance, record, levels, count)[node][-1]
    rows = [
        {
            "scenario": scenario,
            "node": node,
            "period": str(balance.graph.last),
            "unit": balance.graph.nodes[node].unit,
            "input": entry.id,
            "kind": entry.kind,
            "title": entry.title,
            "at_low": float(gap[2 * place]),
            "at_median": float(gap[-1]),
            "at_high": float(gap[2 * place + 1]),
            "swing": float(abs(gap[2 * place + 1] - gap[2 * place])),
        }
        for place, entry in enumerate(found)
    ]
    return pd.DataFrame(rows).sort_values("swing", ascending=False, ignore_index=True, kind="stable")


def sobol(
    balance: Balance, scenario: str, node: str, inputs: list[str], base: int = SOBOL_BASE
) -> pd.DataFrame:
    """First-order and total Sobol indices of the node in the last year, for the named inputs.

    All other inputs stand at their medians, so the indices share out the variance the named ones cause.
    Source: Saltelli et al., Computer Physics Communications 181 (2010), by SALib. Columns ``input, first,
    first_conf, total, total_conf`` (95 % half-widths) and ``share_of_variance``: the variance with only these
    inputs, over the variance of the joint draws.
    """
    from SALib.analyze.sobol import analyze
    from SALib.sample.sobol import sample

    record = balance.scenarios[scenario]
    found = [entry for entry in entries(balance, record, node) if entry.id in inputs]
    problem: dict[str, Any] = {
        "num_vars": len(found),
        "names": [entry.name for entry in found],
        "bounds": [[0.0, 1.0]] * len(found),
    }
    points: Array = np.asarray(sample(problem, base, calc_second_order=False, seed=balance.seed))
    levels = {entry.name: points[:, place] for place, entry in enumerate(found)}
    gap = at_levels(balance, record, levels, len(points))[node][-1]
    centred = (gap - gap.mean()) / gap.std()
    done = analyze(problem, centred, calc_second_order=False, seed=balance.seed, num_resamples=200)
    whole = float(np.var(balance.values(scenario)[node][-1]))
    table = pd.DataFrame(
        {
            "input": [entry.id for entry in found],
            "first": done["S1"],
            "first_conf": done["S1_conf"],
            "total": done["ST"],
            "total_conf": done["ST_conf"],
            "share_of_variance": float(np.var(gap)) / whole,
        }
    )
    return table.sort_values("total", ascending=False, ignore_index=True, kind="stable")


def with_sobol(balance: Balance, scenario: str, node: str, top: int = 12) -> pd.DataFrame:
    """The tornado with the Sobol indices of its ``top`` widest inputs beside it."""
    table = tornado(balance, scenario, node)
    widest = table["input"].head(top).tolist()
    return table.merge(sobol(balance, scenario, node, widest), on="input", how="left")


__all__ = ["Entry", "sobol", "tornado", "with_sobol"]
