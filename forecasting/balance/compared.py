"""The graph against published figures of the past: inside their range, or where and why not."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from forecasting.balance.evaluate import Values
from forecasting.balance.graph import Check, Graph
from forecasting.catalogue import STATUSES
from forecasting.frames import Observations
from forecasting.periods import Period

Verdict = Literal["agrees", "as expected", "differs"]


def validation(graph: Graph, observations: Observations, values: Values) -> pd.DataFrame:
    """One row a check and published figure: ours with its 80 % band beside it, the verdict and the reason.

    A figure of the same thing agrees inside our 80 % band; a narrower one should lie below its upper end, a
    wider one above its lower end. ``values`` are those of any scenario: the past is the same in all.
    """
    rows = []
    for check in graph.checks:
        ours = values[check.node][Period.parse(check.period) - graph.first]
        if np.isnan(ours).any():
            continue
        low, median, high = (float(q) for q in np.quantile(ours, [0.1, 0.5, 0.9]))
        for published, origin in _figures(graph, check, observations, values):
            rows.append(
                {
                    "node": check.node,
                    "period": check.period,
                    "unit": graph.nodes[check.node].unit,
                    "low_80": low,
                    "median": median,
                    "high_80": high,
                    "published": published,
                    "against": check.series or check.against,
                    "at": check.at or check.period,
                    "source": origin,
                    "relation": check.relation,
                    "verdict": verdict(check, published, low, high),
                    "why": check.why,
                }
            )
    return pd.DataFrame(rows)


def _figures(
    graph: Graph, check: Check, observations: Observations, values: Values
) -> list[tuple[float, str]]:
    if check.against is not None:
        other = values[check.against][Period.parse(check.period) - graph.first]
        return [(float(np.median(other)) * check.times, "median of the other node")]
    found = observations.of(str(check.series)).frame
    found = found[(found["period"] == check.at) & found["status"].isin(STATUSES)]
    return [(float(v) * check.times, str(s)) for v, s in zip(found["value"], found["source"], strict=True)]


def verdict(check: Check, published: float, low: float, high: float) -> Verdict:
    """Whether a published figure stands to our band as it should."""
    if check.relation == "same":
        return "agrees" if low <= published <= high else "differs"
    if check.relation == "narrower":
        return "as expected" if published <= high else "differs"
    return "as expected" if published >= low else "differs"
