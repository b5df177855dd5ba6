"""Scenarios: levers on events, assumptions and series, one small file each in ``data/scenarios/``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from forecasting.balance.graph import Graph
from forecasting.balance.nodes import Range, SeriesNode
from forecasting.catalogue import Identifier, SourceId, Strict, read_record
from forecasting.errors import ConfigError, Fault, InputMissing, PeriodError, nearest
from forecasting.periods import Kind, Period

FOLDER = "scenarios"
BASELINE = "baseline"


class EventLever(Strict):
    """How an event acts in a scenario; what is left out is taken from ``events.yaml`` and the graph.

    ``effects`` gives, for a node the event moves, the fraction of its level gained or lost.
    """

    probability: float | None = Field(default=None, ge=0, le=1)
    start: str | None = None
    ramp_months: int | None = Field(default=None, ge=0)
    end: str | None = None
    effects: dict[Identifier, Range] = Field(default_factory=dict)


class ShareLever(Strict):
    """A series rises to at least a share of its market: straight from today's share to it in year ``by``."""

    market: Identifier
    at_least: float = Field(gt=0, le=1)
    by: str


class PlanLever(Strict):
    """A series follows its announced plan: straight from year ``start`` to the target of year ``by``.

    ``late_years`` later than announced, and only the share ``reached`` of the way; the target is multiplied
    by the assumption ``times`` where one is named.
    """

    start: str
    by: str
    late_years: int = Field(default=0, ge=0)
    reached: float = Field(default=1.0, ge=0, le=1)
    times: Identifier | None = None


class _ScenarioFile(Strict):
    title: str
    why: str
    source: tuple[SourceId, ...] = ()
    combine: tuple[str, ...] = ()
    events: dict[Identifier, EventLever] = Field(default_factory=dict)
    assumptions: dict[Identifier, Range] = Field(default_factory=dict)
    shares: dict[Identifier, ShareLever] = Field(default_factory=dict)
    plans: dict[Identifier, PlanLever] = Field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """A scenario with everything it takes over from the baseline and the scenarios it combines.

    Only events named here act; an assumption or series not named here is as in the register and forecasts.
    """

    id: str
    title: str
    why: str
    source: tuple[str, ...] = ()
    events: Mapping[str, EventLever] = field(default_factory=dict)
    assumptions: Mapping[str, Range] = field(default_factory=dict)
    shares: Mapping[str, ShareLever] = field(default_factory=dict)
    plans: Mapping[str, PlanLever] = field(default_factory=dict)

    def differs(self, other: Scenario) -> frozenset[str]:
        """The names of the events, assumptions and nodes whose levers differ between two scenarios."""
        names: set[str] = set()
        for kind in ("events", "assumptions", "shares", "plans"):
            mine, theirs = getattr(self, kind), getattr(other, kind)
            names |= {name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)}
        return frozenset(names)


def read_scenarios(graph: Graph) -> dict[str, Scenario]:
    """All scenarios of the data folder, the baseline first.

    Raises :class:`InputMissing` without a baseline and :class:`ConfigError` with every fault of every file.
    """
    folder = graph.path.parent / FOLDER
    paths = sorted(folder.glob("*.yaml"))
    if folder / f"{BASELINE}.yaml" not in paths:
        raise InputMissing(f"{folder / BASELINE}.yaml is missing; every scenario starts from it")
    files: dict[str, _ScenarioFile] = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            files[path.stem] = read_record(path, _ScenarioFile)
            faults += _faults(path, files[path.stem], graph, [p.stem for p in paths])
        except ConfigError as error:
            faults += error.faults or [Fault(str(path), error.message, "mend it")]
    if faults:
        raise ConfigError(f"{folder}: {len(faults)} fault(s)", faults)
    baseline = _scenario(BASELINE, files[BASELINE], {})
    found = {BASELINE: baseline}
    for id, file in sorted(files.items(), key=lambda item: bool(item[1].combine)):
        if id != BASELINE:
            found[id] = _built(id, file, found, folder / f"{id}.yaml")
    order = [BASELINE, *sorted(set(found) - {BASELINE})]
    return {id: found[id] for id in order}


def _built(id: str, file: _ScenarioFile, found: Mapping[str, Scenario], path: Path) -> Scenario:
    baseline = found[BASELINE]
    levers: dict[str, dict[str, Any]] = {k: dict(getattr(baseline, k)) for k in _KINDS}
    moved_by: dict[tuple[str, str], str] = {}
    for part in file.combine:
        for kind in _KINDS:
            for name, lever in getattr(found[part], kind).items():
                if lever == getattr(baseline, kind).get(name):
                    continue
                before = moved_by.setdefault((kind, name), part)
                if before != part and levers[kind][name] != lever and name not in getattr(file, kind):
                    fault = Fault(
                        f"{path}: combine",
                        f"{before} and {part} set {kind}.{name} differently",
                        f"set {kind}.{name} in this file",
                    )
                    raise ConfigError(f"{path}: the combined scenarios contradict each other", [fault])
                levers[kind][name] = lever
    return _scenario(id, file, levers)


_KINDS = ("events", "assumptions", "shares", "plans")


def _scenario(id: str, file: _ScenarioFile, inherited: Mapping[str, Mapping[str, Any]]) -> Scenario:
    merged = {kind: {**inherited.get(kind, {}), **getattr(file, kind)} for kind in _KINDS}
    return Scenario(id, file.title, file.why, file.source, **merged)


def _faults(path: Path, file: _ScenarioFile, graph: Graph, ids: list[str]) -> list[Fault]:
    faults: list[Fault] = []

    def known(where: str, name: str, names: Any, what: str) -> bool:
        if name not in names:
            faults.append(Fault(f"{path}: {where}", f"unknown {what} {name!r}", nearest(name, names)))
        return name in names

    for part in file.combine:
        if known("combine", part, [i for i in ids if i != path.stem], "scenario") and part == BASELINE:
            faults.append(Fault(f"{path}: combine", "the baseline is always there", "leave it out"))
    for event, lever in file.events.items():
        if known("events", event, graph.events, "event"):
            faults += _event_faults(path, event, lever, graph)
    for name in file.assumptions:
        if known("assumptions", name, graph.assumptions, "assumption") and name not in graph.used:
            faults.append(Fault(f"{path}: assumptions.{name}", "no node uses it", "leave it out"))
    for kind, levers in (("shares", file.shares), ("plans", file.plans)):
        for id, one in levers.items():
            if known(
                kind, id, [n for n, x in graph.nodes.items() if isinstance(x, SeriesNode)], "series node"
            ):
                faults += _series_faults(f"{path}: {kind}.{id}", one, graph)
    return faults


def _event_faults(path: Path, id: str, lever: EventLever, graph: Graph) -> list[Fault]:
    where = f"{path}: events.{id}"
    faults: list[Fault] = []
    if id not in graph.touched:
        faults.append(
            Fault(where, "no node of the graph is moved by it", "name it at a node in balance.yaml")
        )
    for node in lever.effects:
        known = graph.nodes[node].events if node in graph.nodes else {}
        if id not in known:
            faults.append(Fault(f"{where}.effects", f"does not move node {node!r}", "name it at the node"))
    for key, label in (
        ("start", lever.start or graph.events[id].start),
        ("end", lever.end or graph.events[id].end),
    ):
        if label is None:
            continue
        try:
            month = Period.parse(label)
        except PeriodError as error:
            faults.append(Fault(f"{where}.{key}", error.message, "write a month"))
            continue
        if month.kind is not Kind.MONTH:
            faults.append(Fault(f"{where}.{key}", f"{label} is not a month", "write it as 2028-04"))
        elif key == "start" and month > graph.last.months()[-1]:
            faults.append(
                Fault(f"{where}.start", f"{label} is after the horizon {graph.last}", "start it earlier")
            )
    return faults


def _series_faults(where: str, lever: ShareLever | PlanLever, graph: Graph) -> list[Fault]:
    faults = []
    if isinstance(lever, ShareLever):
        years = [lever.by]
        if not isinstance(graph.nodes.get(lever.market), SeriesNode):
            faults.append(
                Fault(where, f"unknown series node {lever.market!r}", nearest(lever.market, graph.nodes))
            )
    else:
        years = [lever.start, lever.by]
        if lever.times is not None and lever.times not in graph.assumptions:
            faults.append(
                Fault(where, f"unknown assumption {lever.times!r}", nearest(lever.times, graph.assumptions))
            )
    for label in years:
        try:
            if Period.parse(label) not in graph.periods:
                raise PeriodError(f"{label} is not a year of the graph")
        except PeriodError as error:
            faults.append(Fault(where, error.message, f"name a year from {graph.first} to {graph.last}"))
    return faults
