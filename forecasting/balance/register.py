"""The assumption register as a table, and which of its numbers a reader should doubt (amber)."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from forecasting.balance.graph import Graph
from forecasting.catalogue import Assumption
from forecasting.errors import ConfigError, Fault

GRACE = timedelta(days=365)


def doubts(assumed: Assumption, today: date) -> list[str]:
    """Why an assumption is amber: past its review date, or resting on one source or none.

    >>> from forecasting.catalogue import Assumption
    >>> point = Assumption(title="t", unit="1", basis="none", low=0, central=0, high=1, distribution="uniform",
    ...                    source=("a",), owner="demand", review_by=date(2026, 1, 1))
    >>> doubts(point, date(2026, 3, 1))
    ['review was due on 2026-01-01', 'single source']
    """
    found = []
    if assumed.review_by < today:
        found.append(f"review was due on {assumed.review_by}")
    if not assumed.source:
        found.append("no source, our spread")
    elif len(assumed.source) == 1:
        found.append("single source")
    return found


def require_reviewed(graph: Graph, today: date) -> None:
    """Refuse assumptions whose review is more than a year overdue; those overdue by less turn amber.

    Raises :class:`ConfigError` with a fault for each, naming file and key.
    """
    path = graph.path.parent / "assumptions.yaml"
    faults = [
        Fault(
            f"{path}: assumptions.{name}.review_by",
            f"{graph.assumptions[name].review_by} is more than a year past",
            f"have its owner ({graph.assumptions[name].owner}) check the range and set a new date",
        )
        for name in graph.used
        if graph.assumptions[name].review_by + GRACE < today
    ]
    if faults:
        raise ConfigError(f"{path}: {len(faults)} expired assumption(s)", faults)


def register(graph: Graph, today: date) -> pd.DataFrame:
    """One row an assumption the graph uses: range, basis, sources, owner, review date, doubts, users."""
    rows = []
    for name in graph.used:
        assumed = graph.assumptions[name]
        rows.append(
            {
                "assumption": name,
                "title": assumed.title,
                "unit": assumed.unit,
                "basis": assumed.basis,
                "low": assumed.low,
                "central": assumed.central,
                "high": assumed.high,
                "distribution": assumed.distribution,
                "source": " ".join(assumed.source),
                "owner": assumed.owner,
                "review_by": assumed.review_by.isoformat(),
                "amber": "; ".join(doubts(assumed, today)),
                "nodes": " ".join(id for id, node in graph.nodes.items() if name in node.inputs),
                "note": assumed.note,
            }
        )
    return pd.DataFrame(rows)
