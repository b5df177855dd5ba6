"""How the reported numbers of the balance add up, read off the graph: what it takes to add them up again."""

from __future__ import annotations

import pandas as pd

from forecasting.balance.graph import Graph


def structure(graph: Graph) -> pd.DataFrame:
    """Columns ``node, role, part, sign``: one row a part of each reported sum, in reported parts only.

    A sum is told when every part of it is reported, sums of sums taken apart until they are. Nodes with a role
    that are no sums have one row without a part.
    """
    roles = {
        graph.demand: "demand",
        graph.home_supply: "home_supply",
        graph.home: "home",
        graph.market: "market",
        graph.oxide: "oxide",
    }
    rows: list[tuple[str, str, str, float]] = []
    for id, node in graph.nodes.items():
        if not node.report:
            continue
        parts = _parts(graph, id, 1.0) if node.kind == "sum" else None
        if parts:
            rows += [(id, roles.get(id, ""), part, sign) for part, sign in parts]
        elif id in roles:
            rows.append((id, roles[id], "", 0.0))
    return pd.DataFrame(rows, columns=["node", "role", "part", "sign"])


def _parts(graph: Graph, id: str, sign: float) -> list[tuple[str, float]] | None:
    """The reported parts of a sum with their signs; None when some part is neither reported nor a sum."""
    node = graph.nodes[id]
    if node.kind != "sum":
        return None
    found: list[tuple[str, float]] = []
    for names, side in ((node.of, sign), (node.minus, -sign)):
        for name in names:
            if graph.nodes[name].report:
                found.append((name, side))
                continue
            inner = _parts(graph, name, side)
            if inner is None:
                return None
            found += inner
    return found
