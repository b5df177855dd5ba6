"""The report model: everything a report says, typed, with every number already formatted.

:func:`build` makes it from a :class:`~forecasting.reports.material.Material`. Renderers (HTML, PDF, Excel) only
lay it out: they compute nothing and format nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecasting.periods import Kind
from forecasting.reports.banner import Banner

if TYPE_CHECKING:
    from forecasting.reports.format import Grouping
    from forecasting.reports.language import Language, Words
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
    """A fan chart as data: any renderer can draw it, and the alternative text comes with it.

    ``mark`` says across the forecast that it is not the champion's of today, which hatching shows as well.
    """

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
    mark: str = ""


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
    anchor: str
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
    note: str = ""
    badge: str = ""
    standing: str = "ok"
    standing_text: str = ""


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
class Line:
    """One quantity of the balance over the years: its median and 80% band, and the text at its end."""

    key: str
    name: str
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    label: str


@dataclass(frozen=True)
class BalanceChart:
    """Demand and supply of one scenario as data; every scenario is drawn on the same axes."""

    id: str
    title: str
    description: str
    axis: str
    periods: tuple[str, ...]
    ahead: int
    lines: tuple[Line, ...]
    top: float
    indian: bool = False


@dataclass(frozen=True)
class Bar:
    """A range with a point in it: a scenario's band, or what an input does to the gap."""

    name: str
    low: float
    middle: float
    high: float
    text: str


@dataclass(frozen=True)
class BarChart:
    """Ranges under each other on one axis, as data; those of a ``waterfall`` lead from one level to the next."""

    id: str
    title: str
    description: str
    axis: str
    bars: tuple[Bar, ...]
    indian: bool = False
    waterfall: bool = False


@dataclass(frozen=True)
class ScenarioView:
    """The balance in one scenario: what it says, its chart, its years."""

    id: str
    title: str
    says: tuple[str, ...]
    chart: BalanceChart
    table: Table


@dataclass(frozen=True)
class Answer:
    """What one scenario answers, the most important sentence first, and what moved it since the last edition."""

    title: str
    says: tuple[str, ...]
    moved: tuple[str, ...] = ()


@dataclass(frozen=True)
class BalanceSection:
    """Whether it adds up: scenarios side by side and one at a time, what moves the gap, what to find out."""

    answers: tuple[Answer, ...]
    comparison: Table
    ranges: tuple[BarChart, ...]
    views: tuple[ScenarioView, ...]
    years: tuple[Table, ...]
    tornado: tuple[tuple[BarChart, Table], ...]
    knowing: tuple[Table, ...]
    checks: tuple[Table, ...]


@dataclass(frozen=True)
class ReportModel:
    """One edition's report."""

    words: Words
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
    sources: Table
    colophon: tuple[Fact, ...]
    balance: BalanceSection | None
    moved: tuple[str, ...]
    changes: Table | None
    waterfalls: tuple[BarChart, ...]
    record: Table | None
    record_text: str
    assumptions: Table | None
    assumptions_text: str
    errata: Table | None
    standing: Table | None = None
    unanswered: str = ""
    grouping: Grouping = "international"

    @property
    def series(self) -> tuple[SeriesSection, ...]:
        """The sections of all series, in order."""
        return tuple(section for _, group in self.sections for section in group)


def build(material: Material, grouping: Grouping = "international", language: Language = "en") -> ReportModel:
    """The report model of one edition; ``grouping`` writes thousands internationally or in lakh and crore."""
    from forecasting.reports.compose import report_of

    return report_of(material, grouping, language)
