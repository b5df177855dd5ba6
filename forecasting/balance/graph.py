"""The supply–demand graph of ``data/balance.yaml``: read, checked for names, cycles and units, put in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from forecasting.balance.nodes import AssumptionNode, Node, PlantNode, SeriesNode
from forecasting.balance.unitcheck import unit_faults
from forecasting.catalogue import Assumption, Catalogue, Event, Identifier, Series, Strict, read_record
from forecasting.errors import ConfigError, Fault, PeriodError, nearest
from forecasting.periods import Kind, Period, span

FILE = "balance.yaml"


class Together(Strict):
    """Assumptions that are high or low together: the rank correlation of a common cause, and why."""

    assumptions: tuple[Identifier, ...]
    correlation: float = Field(gt=0, lt=1)
    why: str


class Check(Strict):
    """A published figure of the past to hold against a node: of the ``same`` thing, a narrower or a wider one.

    ``at`` is the period of the published series, ``times`` what makes it comparable (12 for a month). With
    ``against`` another node of the same year, worked out from other data, takes the place of the series.
    """

    node: Identifier
    period: str
    series: Identifier | None = None
    at: str = ""
    against: Identifier | None = None
    relation: Literal["same", "narrower", "wider"]
    times: float = 1.0
    why: str

    @model_validator(mode="after")
    def _one(self) -> Check:
        if (self.series is None) == (self.against is None):
            raise ValueError("name either a series and its period (at) or another node (against)")
        return self


class Compare(Strict):
    """Which node stands beside outlooks of a series, and how their bases differ; no node when none does."""

    node: Identifier | None
    comparable: bool = False
    why: str


class _GraphFile(Strict):
    first: str
    last: str
    home: Identifier
    market: Identifier
    demand: Identifier
    oxide: Identifier
    home_supply: Identifier
    together: tuple[Together, ...] = ()
    checks: tuple[Check, ...] = ()
    compare: dict[Identifier, Compare] = Field(default_factory=dict)
    nodes: dict[Identifier, Node]


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each comes after its inputs, and which of them answer the question.

    ``home`` is demand less what is made in India, ``market`` demand less all that can be had, ``oxide`` the
    gap of Indian oxide: negative where there is more than enough.
    """

    path: Path
    first: Period
    last: Period
    nodes: Mapping[str, Node]
    order: tuple[str, ...]
    assumptions: Mapping[str, Assumption]
    events: Mapping[str, Event]
    series: Mapping[str, Series]
    together: tuple[Together, ...]
    checks: tuple[Check, ...]
    compare: Mapping[str, Compare]
    home: str
    market: str
    demand: str
    oxide: str
    home_supply: str

    @classmethod
    def read(cls, catalogue: Catalogue) -> Graph:
        """Read and check the graph of a data folder.

        Raises :class:`ConfigError` with every fault: unknown names, cycles, unlike units, impossible years.
        """
        path = catalogue.root / FILE
        file = read_record(path, _GraphFile)
        faults: list[Fault] = []
        first, last = _year(path, "first", file.first, faults), _year(path, "last", file.last, faults)
        faults += _name_faults(path, file, catalogue)
        order = _order(path, file.nodes, faults)
        if not faults:
            units = {name: assumed.unit for name, assumed in catalogue.assumptions.items()}
            faults += unit_faults(path, file.nodes, order, units, catalogue.series)
        if faults or first is None or last is None:
            raise ConfigError(f"{path}: {len(faults)} fault(s)", faults)
        return cls(
            path,
            first,
            last,
            file.nodes,
            order,
            catalogue.assumptions,
            catalogue.events,
            catalogue.series,
            file.together,
            file.checks,
            file.compare,
            home=file.home,
            market=file.market,
            demand=file.demand,
            oxide=file.oxide,
            home_supply=file.home_supply,
        )

    @property
    def periods(self) -> list[Period]:
        """The fiscal years, history and future."""
        return list(span(self.first, self.last))

    @cached_property
    def used(self) -> tuple[str, ...]:
        """The assumptions some node is made from, in alphabetical order."""
        named = {name for node in self.nodes.values() for name in node.inputs if name not in self.nodes}
        return tuple(sorted(named))

    @cached_property
    def touched(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes each event moves, by event id."""
        found: dict[str, list[str]] = {}
        for id, node in self.nodes.items():
            for event in [*node.events, *([node.award] if isinstance(node, PlantNode) else [])]:
                found.setdefault(event, []).append(id)
        return {event: tuple(ids) for event, ids in sorted(found.items())}

    def downstream(self, starts: Iterable[str]) -> frozenset[str]:
        """The nodes that depend on some nodes or assumptions, those themselves included where they are nodes."""
        reached = set(starts)
        for id in self.order:
            if set(self.nodes[id].inputs) & reached:
                reached.add(id)
        return frozenset(reached & set(self.nodes))

    def upstream(self, id: str) -> tuple[str, ...]:
        """The nodes a node is made from, directly or not, in order, itself last."""
        wanted = {id}
        for each in reversed(self.order):
            if each in wanted:
                wanted |= set(self.nodes[each].inputs)
        return tuple(each for each in self.order if each in wanted)

    def require(self, id: str) -> Node:
        """The node of an id, or a :class:`ConfigError` that names the nearest one."""
        if id not in self.nodes:
            raise ConfigError(f"unknown node {id!r}; {nearest(id, self.nodes)}")
        return self.nodes[id]


def _year(path: Path, key: str, label: str, faults: list[Fault]) -> Period | None:
    try:
        period = Period.parse(label)
    except PeriodError as error:
        faults.append(Fault(f"{path}: {key}", error.message, "write a fiscal year"))
        return None
    if period.kind is not Kind.FY:
        faults.append(Fault(f"{path}: {key}", f"{label} is not a fiscal year", "write it as FY2030"))
        return None
    return period


def _name_faults(path: Path, file: _GraphFile, catalogue: Catalogue) -> list[Fault]:
    faults: list[Fault] = []

    def known(where: str, name: str, names: Iterable[str], what: str) -> None:
        names = list(names)
        if name not in names:
            faults.append(Fault(f"{path}: {where}", f"unknown {what} {name!r}", nearest(name, names)))

    for key in ("home", "market", "demand", "oxide", "home_supply"):
        known(key, getattr(file, key), file.nodes, "node")
    both = [*file.nodes, *catalogue.assumptions]
    for id, node in file.nodes.items():
        if id in catalogue.assumptions:
            faults.append(Fault(f"{path}: nodes.{id}", "is the name of an assumption too", "rename the node"))
        for name in node.inputs:
            known(f"nodes.{id}", name, both, "node or assumption")
        for event in node.events:
            known(f"nodes.{id}.events", event, catalogue.events, "event")
        if isinstance(node, PlantNode):
            known(f"nodes.{id}.award", node.award, catalogue.events, "event")
        if isinstance(node, AssumptionNode):
            known(f"nodes.{id}.of", node.of, catalogue.assumptions, "assumption")
        if isinstance(node, SeriesNode):
            for name in [node.series, *node.yearly, *([node.calendar] if node.calendar else [])]:
                known(f"nodes.{id}", name, catalogue.series, "series")
        for key in ("at",):
            if (label := getattr(node, key, None)) is not None:
                _year(path, f"nodes.{id}.{key}", label, faults)
    for place, check in enumerate(file.checks):
        known(f"checks.{place}", check.node, file.nodes, "node")
        if check.series is not None:
            known(f"checks.{place}", check.series, catalogue.series, "series")
        if check.against is not None:
            known(f"checks.{place}", check.against, file.nodes, "node")
        _year(path, f"checks.{place}.period", check.period, faults)
    for series, rule in file.compare.items():
        if rule.node is not None:
            known(f"compare.{series}", rule.node, file.nodes, "node")
    for place, group in enumerate(file.together):
        for name in group.assumptions:
            known(f"together.{place}", name, catalogue.assumptions, "assumption")
    return faults


def _order(path: Path, nodes: Mapping[str, Node], faults: list[Fault]) -> tuple[str, ...]:
    sorter = TopologicalSorter({id: [n for n in node.inputs if n in nodes] for id, node in nodes.items()})
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        loop = " ← ".join(reversed(error.args[1]))
        faults.append(Fault(f"{path}: nodes", f"a cycle: {loop}", "a node cannot be made from itself"))
        return ()
