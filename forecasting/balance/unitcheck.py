"""Does every node of the graph have the unit its inputs give? Oxide, metal and magnet never pass for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from forecasting.balance.nodes import (
    AssumptionNode,
    DrawdownNode,
    GrowthNode,
    LeastNode,
    Node,
    PlantNode,
    ProductNode,
    RetiredNode,
    SeriesNode,
    StockNode,
    SumNode,
    split,
)
from forecasting.catalogue import Series
from forecasting.errors import Fault, UnitError
from forecasting.units import ratio, unit

# What each input of these kinds must be measured in; None stands for the node's own unit.
_WANTED: dict[type, dict[str, str | None]] = {
    AssumptionNode: {"of": None},
    GrowthNode: {"base": None, "rate": "1"},
    PlantNode: {
        "capacity": None,
        "delay": "months",
        "gestation": "months",
        "ramp": "months",
        "built": "1",
        "utilisation": "1",
    },
    RetiredNode: {"of": None, "scale": "years", "shape": "1"},
    DrawdownNode: {"inflow": None, "want": None, "initial": None, "keep": "1"},
}


def product_factor(node: ProductNode, units: Mapping[str, str]) -> float:
    """What the product of the inputs' numbers is multiplied by to stand in the node's unit.

    Raises :class:`UnitError` when the units do not give the node's.

    >>> node = ProductNode(kind="product", title="", unit="t magnet", side="demand", of=("sales", "kg"))
    >>> product_factor(node, {"sales": "vehicles", "kg": "kg magnet / vehicles"})
    0.001
    """
    above: list[str] = []
    below: list[str] = []
    for terms, side in ((node.of, above), (node.per, below)):
        for term in terms:
            sign, name = split(term)
            if sign and units[name] != "1":
                raise UnitError(f"'{term}' needs a share, {name} is in {units[name]}")
            side.append(units[name])
    return ratio(above, below, node.unit)


def unit_faults(
    path: Path,
    nodes: Mapping[str, Node],
    order: Sequence[str],
    assumed: Mapping[str, str],
    series: Mapping[str, Series],
) -> list[Fault]:
    """Every node whose unit is unknown or is not what its inputs give, with file and key."""
    units = {**assumed, **{id: node.unit for id, node in nodes.items()}}
    faults: list[Fault] = []
    for id in order:
        try:
            unit(nodes[id].unit)
            _check(nodes[id], units, series)
        except UnitError as error:
            faults.append(Fault(f"{path}: nodes.{id}", error.message, "mend the unit or name a conversion"))
    return faults


def _check(node: Node, units: Mapping[str, str], series: Mapping[str, Series]) -> None:
    if isinstance(node, ProductNode):
        product_factor(node, units)
        return
    if isinstance(node, SeriesNode):
        named = [node.series, *node.yearly, *([node.calendar] if node.calendar else [])]
        for name in named:
            _same(name, series[name].unit, node.unit)
        if node.after:
            _same(node.after, units[node.after], node.unit)
        return
    if isinstance(node, SumNode | LeastNode | StockNode):
        for name in node.inputs:
            _same(name, units[name], node.unit)
        return
    for key, wanted in _WANTED[type(node)].items():
        name = getattr(node, key)
        if name is None:
            continue
        _same(name, units[name], node.unit if wanted is None else wanted)


def _same(name: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise UnitError(f"{name} is in {found}, {wanted} is needed")
