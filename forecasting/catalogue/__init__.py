"""The typed YAML of ``data/`` and ``experiments/``: series, sources, events, assumptions, corrections.

Files are read strictly: no anchors or aliases, no duplicate keys, no unknown keys, at most 512 KB. Every
fault of a file is reported at once, with the nearest known name for a misspelt one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from forecasting.catalogue.events import Effect, Event, KnownEnd
from forecasting.catalogue.gating import Expectation, Severity
from forecasting.catalogue.reading import MAX_YAML_BYTES, read_record, read_yaml, validate
from forecasting.catalogue.records import (
    STATUSES,
    Accepted,
    Assumption,
    Break,
    Correction,
    Identifier,
    Publication,
    RawFile,
    Series,
    Sha256,
    Source,
    SourceId,
    Status,
    Strict,
)
from forecasting.errors import ConfigError, Fault, InputMissing, nearest
from forecasting.units import NAMES as UNIT_NAMES

__all__ = [
    "MAX_YAML_BYTES",
    "STATUSES",
    "Accepted",
    "Assumption",
    "Break",
    "Catalogue",
    "Correction",
    "Effect",
    "Event",
    "Expectation",
    "Identifier",
    "KnownEnd",
    "Publication",
    "RawFile",
    "Series",
    "Severity",
    "Source",
    "SourceId",
    "Status",
    "Strict",
    "read_record",
    "read_yaml",
    "validate",
]


class _SeriesFile(Strict):
    series: dict[Identifier, Series]


class _SourcesFile(Strict):
    sources: dict[SourceId, Source]


class _EventsFile(Strict):
    events: dict[Identifier, Event] = Field(default_factory=dict)


class _AssumptionsFile(Strict):
    assumptions: dict[Identifier, Assumption] = Field(default_factory=dict)


class _CorrectionsFile(Strict):
    corrections: tuple[Correction, ...] = ()


class _BreaksFile(Strict):
    breaks: dict[Identifier, Break] = Field(default_factory=dict)
    restates: dict[Identifier, tuple[Identifier, ...]] = Field(default_factory=dict)


class _AcceptedFile(Strict):
    accepted: tuple[Accepted, ...] = ()


class _RawFilesFile(Strict):
    raw_files: dict[Sha256, RawFile] = Field(default_factory=dict)


OPTIONAL = ("breaks", "accepted", "raw_files")  # a folder without the file has none


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
    breaks: dict[str, Break] = field(default_factory=dict)
    restates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    accepted: tuple[Accepted, ...] = ()
    raw_files: dict[str, RawFile] = field(default_factory=dict)

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
            "breaks": _BreaksFile,
            "accepted": _AcceptedFile,
            "raw_files": _RawFilesFile,
        }
        for name, model in files.items():
            if name in OPTIONAL and not (root / f"{name}.yaml").exists():
                parts[name] = model()
                continue
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
            parts["breaks"].breaks,
            parts["breaks"].restates,
            parts["accepted"].accepted,
            parts["raw_files"].raw_files,
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
        found = {
            id: event
            for id, event in self.events.items()
            if any(fnmatchcase(series, pattern) for pattern in event.touches)
        }
        return dict(sorted(found.items(), key=lambda item: item[1].date))

    def breaks_of(self, series: str) -> dict[str, Break]:
        """The registered breaks of a series, by id, in the order they happened; standing ones first."""
        found = {
            id: one
            for id, one in self.breaks.items()
            if any(fnmatchcase(series, pattern) for pattern in one.touches)
        }
        return dict(sorted(found.items(), key=lambda item: item[1].starts or ""))

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
            if series.worth is not None:
                known(where, series.worth, self.series, "series")
            for other in [*series.sum_of, *([series.within] if series.within else [])]:
                known(where, other, self.series, "series")
                if other in self.series and self.series[other].kind is not series.kind:
                    faults.append(
                        Fault(where, f"{other} is of another period kind", "name one of the same kind")
                    )
        for correction in self.corrections:
            known(str(self.root / "corrections.yaml"), correction.series, self.series, "series")
            known(str(self.root / "corrections.yaml"), correction.source, self.sources, "source")
        for id, event in self.events.items():
            for source in (event.source, *(one.source for one in event.ends if one.source is not None)):
                known(f"{self.root / 'events.yaml'}: {id}", source, self.sources, "source")
        breaks = str(self.root / "breaks.yaml")
        for id, one in self.breaks.items():
            if one.source is not None:
                known(f"{breaks}: {id}", one.source, self.sources, "source")
            for family in one.families:
                known(f"{breaks}: {id}", family, self.families, "source family")
            for pattern in one.touches:
                if not any(fnmatchcase(name, pattern) for name in self.series):
                    faults.append(
                        Fault(
                            f"{breaks}: {id}", f"{pattern!r} touches no series", nearest(pattern, self.series)
                        )
                    )
        for later, earlier in self.restates.items():
            for family in (later, *earlier):
                known(f"{breaks}: restates", family, self.families, "source family")
        for entry in self.accepted:
            known(str(self.root / "accepted.yaml"), entry.series, self.series, "series")
            if entry.source is not None:
                known(str(self.root / "accepted.yaml"), entry.source, self.sources, "source")
        for digest, file in self.raw_files.items():
            for source in file.sources:
                known(f"{self.root / 'raw_files.yaml'}: {digest[:12]}", source, self.sources, "source")
        for target in self.publication.critical:
            known(str(self.root / "publication.yaml"), target, self.series, "series")
        for family in self.publication.expected:
            known(f"{self.root / 'publication.yaml'}: expected", family, self.families, "source family")
        return faults
