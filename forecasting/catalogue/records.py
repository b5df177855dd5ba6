"""The records of the catalogue: one strict model for each kind of thing the YAML of ``data/`` holds."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from forecasting.catalogue.gating import Expectation, Gates, ReleaseCalendar, ScenarioOrder
from forecasting.catalogue.running import Job
from forecasting.catalogue.sinks import SinkRecord
from forecasting.periods import Kind, Period

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=120)]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]+$", max_length=120)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Status = Literal["actual", "provisional", "estimate", "carried_forward", "derived", "target"]
STATUSES: tuple[Status, ...] = (
    "actual",
    "provisional",
    "estimate",
    "carried_forward",
    "derived",
    "target",
)


class Strict(BaseModel):
    """A record of a YAML file: unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Series(Strict):
    """One series of the catalogue.

    ``within`` names the market a series is part of and so can never exceed; ``sum_of`` names the parts of an
    aggregate; ``sources`` are the source families in the order they are believed, ``trust`` says why;
    ``fit`` are the statuses a model may learn from; ``worth`` names the series that gives the money value of
    this quantity, so that its implied price can be checked.
    """

    title: str
    unit: str
    kind: Kind
    side: Literal["supply", "demand", "driver"]
    floor: float | None = 0.0
    ceiling: float | None = None
    within: Identifier | None = None
    sum_of: tuple[Identifier, ...] = ()
    target: bool = False
    plan_bound: bool = False
    sources: tuple[str, ...] = ()
    trust: str = ""
    lag_days: int = Field(default=0, ge=0)
    fit: tuple[Status, ...] = ("actual", "provisional", "derived")
    group: str = ""
    traps: tuple[str, ...] = ()
    worth: Identifier | None = None


class Source(Strict):
    """A publication: who, where, when, under which licence, and what was taken from it."""

    title: str
    publisher: str
    family: Identifier
    address: str
    published: date | None = None
    licence: str
    taken: str = ""
    traps: tuple[str, ...] = ()


class Assumption(Strict):
    """A coefficient that is not a series, with its range, its source and the day it must be reviewed."""

    title: str
    unit: str
    basis: Literal["magnet", "element", "oxide", "none"]
    low: float
    central: float
    high: float
    distribution: Literal["triangular", "uniform", "lognormal"]
    source: tuple[SourceId, ...]
    owner: str
    review_by: date
    note: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Assumption:
        if not self.low <= self.central <= self.high:
            raise ValueError(f"low {self.low} <= central {self.central} <= high {self.high} does not hold")
        return self


class Correction(Strict):
    """A known error in a source: drop the row, override its value, or flag it, with the reason."""

    series: Identifier
    period: str
    source: SourceId
    action: Literal["drop", "override", "flag"]
    value: float | None = None
    reason: str


class Break(Strict):
    """A registered break: from when on a series, or what some source families count in it, is something else.

    ``starts`` is the first period after the break, None for a standing gap (a state that was never counted);
    ``ends`` the last period of a transition; ``families`` the source families whose figures change (none:
    all); ``shift`` whether the believed series changes its level there, so that models may use a level shift;
    ``known`` the day from which the break could be known, never before a transition is over.
    """

    title: str
    touches: tuple[str, ...]
    what: Literal["definition", "coverage", "classification", "method"]
    starts: str | None = None
    ends: str | None = None
    families: tuple[Identifier, ...] = ()
    shift: bool = False
    known: date
    source: SourceId | None = None
    note: str

    @model_validator(mode="after")
    def _periods(self) -> Break:
        labels = [label for label in (self.starts, self.ends) if label is not None]
        kinds = {Period.parse(label).kind for label in labels}
        if len(kinds) > 1:
            raise ValueError(f"{self.starts} and {self.ends} are unlike periods")
        if self.ends is not None and self.known <= (over := Period.parse(self.ends).end):
            raise ValueError(f"known on {self.known}, before its end on {over} could be known")
        if self.shift and self.starts is None:
            raise ValueError("a level shift needs the period it starts in")
        return self


class Accepted(Strict):
    """A finding of a sanity check that was looked at and stays: which check, where, and why.

    ``period`` may be a pattern such as ``2020-0?`` or ``*``; ``source`` None means any source.
    """

    check: str
    series: Identifier
    period: str
    source: SourceId | None = None
    reason: str = Field(min_length=10)


class RawFile(Strict):
    """A file whose figures were imported: its name, size and importer, under its SHA-256.

    ``sources`` are the sources its figures belong to, ``figures`` how many were read, ``kept`` whether a copy lies
    in ``data/`` (only where the licence allows it).
    """

    name: str
    bytes: int
    importer: str
    sources: tuple[SourceId, ...]
    published: date | None = None
    figures: int
    kept: bool = False


class Publication(Strict):
    """How editions are published: calendar, critical series, contact, licence, gates, sinks.

    ``expected`` says when a source family prints where ``lag_days`` of its series would not; ``scenario_order``
    which scenarios lie above which.
    """

    release_calendar: ReleaseCalendar | None = None
    critical: tuple[Identifier, ...]
    contact: str
    licence: str
    gates: Gates = Gates()
    expected: dict[Identifier, Expectation] = Field(default_factory=dict)
    scenario_order: tuple[ScenarioOrder, ...] = ()
    sinks: tuple[SinkRecord, ...] = ()
    job: Job = Job()

    @field_validator("sinks")
    @classmethod
    def _named_once(cls, sinks: tuple[SinkRecord, ...]) -> tuple[SinkRecord, ...]:
        names = [sink.name for sink in sinks]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"the name {min(twice)!r} stands twice; deliveries are recorded by name")
        return sinks
