"""The report model: everything a report says, typed, with every number already formatted.

:func:`build` makes it from a :class:`~forecasting.reports.material.Material`. Renderers (HTML today; PDF and
Excel on the same model) only lay it out: they compute nothing and format nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasting.periods import Kind

if TYPE_CHECKING:
    from forecasting.reports.format import Grouping
    from forecasting.reports.material import Material


@dataclass(frozen=True)
class Cell:
    """One cell: the text every rendering shows and, for numbers, the value it came from."""

    text: str
    value: float | None = None
    link: str = ""
    note: str = ""
    id: str = ""


@dataclass(frozen=True)
class Column:
    """A column: its head, whether it holds numbers, and the group head above it if any."""

    head: str
    numeric: bool = False
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of a row is its head."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Mark:
    """A dated value in a chart: where it stands, what it is, and whose it is."""

    x: float
    period: str
    value: float
    status: str
    source: str


@dataclass(frozen=True)
class FanPoint:
    """The quantiles of one forecast period, by level."""

    x: float
    period: str
    quantiles: tuple[tuple[float, float], ...]

    def at(self, level: float) -> float:
        return dict(self.quantiles)[level]


@dataclass(frozen=True)
class EventMark:
    """A dated policy event: the letter in the chart and what it stands for."""

    x: float
    letter: str
    label: str


@dataclass(frozen=True)
class Chart:
    """A fan chart as data: any renderer can draw it, and the alternative text comes with it."""

    id: str
    title: str
    description: str
    axis: str
    kind: Kind
    believed: tuple[Mark, ...]
    rivals: tuple[tuple[str, tuple[Mark, ...]], ...]
    fan: tuple[FanPoint, ...]
    events: tuple[EventMark, ...]
    outlooks: tuple[Mark, ...]
    labels: tuple[tuple[str, str], ...]
    top: float | None = None
    indian: bool = False


@dataclass(frozen=True)
class Certificate:
    """What backtests say of a band: the counts in words, and the verdict."""

    sentence: str
    verdict: str
    accuracy: str


@dataclass(frozen=True)
class SourceEntry:
    """A source with its licence; ``address`` is printed, and a link only when it is a web address."""

    id: str
    text: str
    address: str
    licence: str
    web: bool


@dataclass(frozen=True)
class SeriesSection:
    """Everything the report says of one series."""

    id: str
    anchor: str
    title: str
    unit: str
    side: str
    plan_bound: bool
    provenance: str
    sentence: str
    latest: str
    model: str
    chart: Chart | None
    tables: tuple[Table, ...]
    certificate: Certificate
    traps: tuple[str, ...]
    trust: str
    rivals: Table | None
    outlooks: Table | None
    sources: tuple[SourceEntry, ...]


@dataclass(frozen=True)
class Banner:
    """The status of the edition: ``level`` picks the colour, words carry the meaning."""

    level: str
    word: str
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Trap:
    """A way these data mislead, and whose it is."""

    about: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Fact:
    """A name and its value, for the edition's particulars."""

    name: str
    text: str


@dataclass(frozen=True)
class ReportModel:
    """One edition's report."""

    title: str
    subtitle: str
    edition_id: str
    language: str
    facts: tuple[Fact, ...]
    banner: Banner
    messages: tuple[Fact, ...]
    headline: Table
    sections: tuple[tuple[str, tuple[SeriesSection, ...]], ...]
    honesty: tuple[Trap, ...]
    method: tuple[str, ...]
    scale: tuple[tuple[str, str], ...]
    limits: tuple[str, ...]
    provenance: Table
    colophon: tuple[Fact, ...]


def build(material: Material, grouping: Grouping = "international") -> ReportModel:
    """The report model of one edition; ``grouping`` writes thousands internationally or in lakh and crore."""
    from forecasting.reports.compose import report_of

    return report_of(material, grouping)
