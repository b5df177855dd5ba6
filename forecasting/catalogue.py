"""The typed YAML of ``data/`` and ``experiments/``: series, sources, events, assumptions, corrections.

Files are read strictly: no anchors or aliases, no duplicate keys, no unknown keys, at most 512 KB. Every
fault of a file is reported at once, with the nearest known name for a misspelt one.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from forecasting.errors import ConfigError, Fault, InputMissing, nearest
from forecasting.periods import Kind, Period
from forecasting.units import NAMES as UNIT_NAMES

MAX_YAML_BYTES = 512 * 1024

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=120)]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]+$", max_length=120)]
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
    ``fit`` are the statuses a model may learn from.
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


class Effect(Strict):
    """The size of an event's effect as a range of fractions of the level it touches."""

    low: float
    central: float
    high: float
    unit: Literal["fraction"] = "fraction"


class Event(Strict):
    """A dated policy event: what it touches, in which direction, from when, and how surely."""

    title: str
    date: date
    precision: str = "day"
    touches: tuple[str, ...]
    direction: Literal["up", "down", "none"]
    start: str
    ramp_months: int = Field(default=0, ge=0)
    end: str | None = None
    effect: Effect | None = None
    probability: float = Field(default=1.0, ge=0, le=1)
    source: SourceId
    note: str = ""

    @model_validator(mode="after")
    def _months(self) -> Event:
        for label in (self.start, self.end):
            if label is not None and Period.parse(label).kind is not Kind.MONTH:
                raise ValueError(f"{label} is not a month")
        return self


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


class Publication(Strict):
    """How editions are published: calendar, critical series, thresholds of the gates, contact, licence."""

    release_calendar: dict[str, Any]
    critical: tuple[Identifier, ...]
    contact: str
    licence: str
    gates: dict[str, float]


class _SeriesFile(Strict):
    series: dict[Identifier, Series]


class _SourcesFile(Strict):
    sources: dict[SourceId, Source]


class _EventsFile(Strict):
    events: dict[Identifier, Event] = {}


class _AssumptionsFile(Strict):
    assumptions: dict[Identifier, Assumption] = {}


class _CorrectionsFile(Strict):
    corrections: tuple[Correction, ...] = ()


class _StrictLoader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: int) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            line = parent.start_mark.line + 1 if parent is not None else 1
            raise yaml.YAMLError(f"anchors and aliases are not allowed (in the block of line {line})")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.YAMLError(f"key {key!r} stands twice (line {key_node.start_mark.line + 1})")
            seen.add(key)
        return super().construct_mapping(node, deep)


Record = TypeVar("Record", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, read safely; :class:`ConfigError` or :class:`InputMissing` otherwise."""
    if not path.is_file():
        raise InputMissing(f"{path} is missing; it must be a YAML file")
    raw = path.read_bytes()
    if len(raw) > MAX_YAML_BYTES:
        raise ConfigError(f"{path}: {len(raw)} bytes is more than {MAX_YAML_BYTES}; split the file")
    try:
        return yaml.load(raw.decode("utf-8"), Loader=_StrictLoader)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: invalid YAML: {' '.join(str(error).split())}; mend the file") from None


def _fault(path: Path, error: Any, model: type[BaseModel]) -> Fault:
    where = f"{path}: {'.'.join(str(part) for part in error['loc']) or 'top level'}"
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, error["loc"])
        return Fault(where, "unknown key", nearest(str(error["loc"][-1]), known) if known else "remove it")
    found = error["msg"] if error["type"] == "missing" else f"{error['msg']} (found {error['input']!r:.80})"
    return Fault(where, found, "see docs/data-format.md")


def _known_keys(model: type[BaseModel], location: tuple[Any, ...]) -> set[str]:
    here: Any = model
    for part in location[:-1]:
        if hasattr(here, "model_fields") and part in here.model_fields:
            here = here.model_fields[part].annotation
        while not hasattr(here, "model_fields") and getattr(here, "__args__", None):
            here = next((a for a in reversed(here.__args__) if hasattr(a, "model_fields")), here.__args__[-1])
    return set(here.model_fields) if hasattr(here, "model_fields") else set()


def validate(path: Path, content: Any, model: type[Record]) -> Record:
    """A record made from a file's content; all faults of the file in one :class:`ConfigError`."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [_fault(path, each, model) for each in error.errors()]
        raise ConfigError(f"{path}: {len(faults)} fault(s)", faults) from None


def read_record(path: Path, model: type[Record]) -> Record:
    """Read and validate a YAML file in one step."""
    return validate(path, read_yaml(path), model)


@dataclass(frozen=True)
class Catalogue:
    """Everything ``data/`` says about its observations."""

    root: Path
    series: dict[str, Series]
    sources: dict[str, Source]
    events: dict[str, Event]
    assumptions: dict[str, Assumption]
    corrections: tuple[Correction, ...]
    publication: Publication

    @classmethod
    def read(cls, root: Path) -> Catalogue:
        """Read the YAML files of a data folder; all faults of all files at once.

        Raises :class:`InputMissing` when the folder or a file is missing, :class:`ConfigError` otherwise.
        """
        if not root.is_dir():
            raise InputMissing(f"{root} is not a folder; point --data at a copy of data/")
        parts: dict[str, Any] = {}
        problems: list[ConfigError] = []
        files: dict[str, type[BaseModel]] = {
            "series": _SeriesFile,
            "sources": _SourcesFile,
            "events": _EventsFile,
            "assumptions": _AssumptionsFile,
            "corrections": _CorrectionsFile,
            "publication": Publication,
        }
        for name, model in files.items():
            try:
                parts[name] = read_record(root / f"{name}.yaml", model)
            except ConfigError as error:
                problems.append(error)
        if problems:
            faults = [f for p in problems for f in (p.faults or [Fault("", p.message, "mend it")])]
            if len(problems) == 1:
                raise problems[0]
            raise ConfigError(f"{len(problems)} files of {root} have faults", faults)
        catalogue = cls(
            root,
            parts["series"].series,
            parts["sources"].sources,
            parts["events"].events,
            parts["assumptions"].assumptions,
            parts["corrections"].corrections,
            parts["publication"],
        )
        faults = catalogue._cross_faults()
        if faults:
            raise ConfigError(f"{root}: {len(faults)} fault(s) between its files", faults)
        return catalogue

    @cached_property
    def families(self) -> frozenset[str]:
        return frozenset(source.family for source in self.sources.values())

    @property
    def targets(self) -> list[str]:
        """The ids of the series that editions publish, in catalogue order."""
        return [id for id, series in self.series.items() if series.target]

    def touching(self, series: str) -> dict[str, Event]:
        """The events that touch a series, by id, in order of their date."""
        from fnmatch import fnmatchcase

        found = {
            id: event
            for id, event in self.events.items()
            if any(fnmatchcase(series, pattern) for pattern in event.touches)
        }
        return dict(sorted(found.items(), key=lambda item: item[1].date))

    def _cross_faults(self) -> list[Fault]:
        faults: list[Fault] = []

        def known(where: str, name: str, names: Any, what: str) -> None:
            if name not in names:
                faults.append(Fault(where, f"unknown {what} {name!r}", nearest(name, names)))

        for id, series in self.series.items():
            where = f"{self.root / 'series.yaml'}: {id}"
            if series.unit not in UNIT_NAMES:
                faults.append(Fault(where, f"unknown unit {series.unit!r}", nearest(series.unit, UNIT_NAMES)))
            for family in series.sources:
                known(where, family, self.families, "source family")
            for other in [*series.sum_of, *([series.within] if series.within else [])]:
                known(where, other, self.series, "series")
                if other in self.series and self.series[other].kind is not series.kind:
                    faults.append(
                        Fault(where, f"{other} is of another period kind", "name one of the same kind")
                    )
        for correction in self.corrections:
            known(str(self.root / "corrections.yaml"), correction.series, self.series, "series")
            known(str(self.root / "corrections.yaml"), correction.source, self.sources, "source")
        for target in self.publication.critical:
            known(str(self.root / "publication.yaml"), target, self.series, "series")
        return faults
