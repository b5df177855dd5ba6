"""A finding of a sanity check, and the believed figures that checks share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from forecasting.catalogue import Accepted, Catalogue
from forecasting.errors import Fault
from forecasting.periods import Period


@dataclass(frozen=True)
class Finding:
    """Something a check doubts: which check, which figure, what was found, what to do.

    ``touches`` are the series whose figures may be at fault, the named one first.
    """

    check: str
    series: str
    period: str
    source: str
    found: str
    do: str
    touches: tuple[str, ...] = ()

    def fault(self) -> Fault:
        """The finding as a fault of the data folder."""
        where = f"{self.series} {self.period}" + (f" by {self.source}" if self.source else "")
        return Fault(f"{where} [{self.check}]", self.found, self.do)

    def accepted_by(self, entry: Accepted) -> bool:
        """Whether an entry of ``accepted.yaml`` speaks for this finding."""
        return (
            entry.check == self.check
            and entry.series == self.series
            and fnmatchcase(self.period, entry.period)
            and entry.source in (None, self.source)
        )


class Point(NamedTuple):
    """One row of observations with its parsed period and its source family."""

    series: str
    period: str
    ordinal: int
    value: float
    source: str
    family: str
    known: date
    note: str


@dataclass(frozen=True)
class Book:
    """The rows that sanity checks look at: everything but targets, by series and in the order of their periods."""

    points: Mapping[str, list[Point]]
    catalogue: Catalogue

    @classmethod
    def of(cls, frame: pd.DataFrame, catalogue: Catalogue) -> Book:
        """The book of some observations."""
        rows = frame[frame["status"] != "target"]
        ordinals = {label: Period.parse(label).ordinal for label in rows["period"].unique()}
        days = {stamp: stamp.date() for stamp in rows["available_at"].unique()}
        columns = [
            rows[name].tolist() for name in ("series", "period", "value", "source", "available_at", "note")
        ]
        found: dict[str, list[Point]] = {}
        for series, period, value, source, known, note in zip(*columns, strict=True):
            family = catalogue.sources[source].family
            point = Point(series, period, ordinals[period], float(value), source, family, days[known], note)
            found.setdefault(series, []).append(point)
        ordered = {
            id: sorted(found[id], key=lambda p: (p.ordinal, p.source, p.known)) for id in sorted(found)
        }
        return cls(ordered, catalogue)

    @cached_property
    def believed(self) -> Mapping[str, Mapping[int, float]]:
        """The believed value of each series by period ordinal: first family in order, newest vintage.

        An aggregate without rows of its own is the sum of its parts where all of them are known.
        """
        found: dict[str, dict[int, float]] = {}
        for id, points in self.points.items():
            order = {family: rank for rank, family in enumerate(self.catalogue.series[id].sources)}
            best: dict[int, tuple[int, int, float]] = {}
            for point in points:
                if point.family in order:
                    key = (order[point.family], -point.known.toordinal(), point.value)
                    if point.ordinal not in best or key < best[point.ordinal]:
                        best[point.ordinal] = key
            found[id] = {ordinal: key[2] for ordinal, key in sorted(best.items())}
        for id, entry in self.catalogue.series.items():
            if id not in found and entry.sum_of and all(part in found for part in entry.sum_of):
                parts = [found[part] for part in entry.sum_of]
                shared = set(parts[0]).intersection(*parts[1:])
                found[id] = {ordinal: sum(part[ordinal] for part in parts) for ordinal in shared}
        return found

    def by_source(self, series: str) -> Mapping[str, dict[int, Point]]:
        """The newest vintage of each period, by source."""
        found: dict[str, dict[int, Point]] = {}
        for point in sorted(self.points.get(series, []), key=lambda p: (p.ordinal, p.known)):
            found.setdefault(point.source, {})[point.ordinal] = point
        return found

    def by_family(self, series: str) -> Mapping[str, dict[int, float]]:
        """The newest value of each period, by source family."""
        found: dict[str, dict[int, float]] = {}
        for point in sorted(self.points.get(series, []), key=lambda p: (p.ordinal, p.known)):
            found.setdefault(point.family, {})[point.ordinal] = point.value
        return found
