"""What an imported file would change: new, revised, unchanged and rejected figures.

Nothing is overwritten. A figure that differs from the newest vintage of its source is a revision: a second row with
the day it became known, beside the first. Importing a file again changes nothing, because its hash is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.carried import marked
from forecasting.data.check import read_observations
from forecasting.data.findings import Finding
from forecasting.data.importers.base import Figure, Reading
from forecasting.data.importers.collected import HEADER, plain
from forecasting.data.sanity import findings, judge
from forecasting.data.vintages import ASSUMED
from forecasting.errors import DataError, Fault, nearest
from forecasting.frames import OBSERVATION_COLUMNS
from forecasting.periods import Period

Fate = Literal["new", "revised", "unchanged", "rejected"]
KINDS: tuple[Fate, ...] = ("new", "revised", "unchanged", "rejected")
EQUAL = 1e-9


@dataclass(frozen=True)
class Change:
    """What becomes of one imported figure; ``was`` is the newest value held from its source, ``why`` a rejection."""

    kind: Fate
    row: Mapping[str, str]
    was: float | None = None
    why: str = ""

    def __str__(self) -> str:
        said = (
            f"{self.kind:9} {self.row['period']:8} {self.row['series']:32} {float(self.row['value']):>14,.6g}"
        )
        if self.was is not None and self.kind == "revised":
            said += f" (was {self.was:,.6g})"
        return f"{said}  {self.row['source']}, known {self.row['available_at']}" + (
            f": {self.why}" if self.why else ""
        )


@dataclass(frozen=True)
class Diff:
    """Everything an import would change in a data folder."""

    reading: Reading
    importer: str
    published: date | None
    changes: tuple[Change, ...]
    catalogue: Catalogue

    def of(self, kind: Fate) -> list[Change]:
        """The changes of one kind, in order."""
        return [change for change in self.changes if change.kind == kind]

    @property
    def seen(self) -> bool:
        """Whether this very file was imported before."""
        return self.reading.raw.sha256 in self.catalogue.raw_files


def compare(
    catalogue: Catalogue,
    reading: Reading,
    importer: str,
    today: date,
    *,
    published: date | None = None,
    sources: Mapping[str, str] | None = None,
) -> Diff:
    """The difference between a file's figures and a data folder.

    ``published`` is the day the file was published, from which its revisions are known (by default the day of the
    import); ``sources`` renames the importer's default sources. Raises :class:`DataError` when the observations
    are unsound or a source or series is unknown.
    """
    held = held_rows(catalogue, today)
    figures = [replace(one, source=(sources or {}).get(one.source, one.source)) for one in reading.figures]
    faults = [
        Fault(reading.raw.name, f"unknown {what} {name!r}", nearest(name, names))
        for what, found, names in (
            ("series", {one.series for one in figures}, catalogue.series),
            ("source", {one.source for one in figures}, catalogue.sources),
        )
        for name in sorted(found - set(names))
    ]
    if faults:
        raise DataError(f"{reading.raw.name}: names that data/ does not know", faults)
    again = reading.raw.sha256 in catalogue.raw_files
    vintages: dict[tuple[str, str, str], list[tuple[date, float]]] = {}
    everything = pd.concat(held.values(), ignore_index=True).sort_values("available_at")
    for series, period, source, day, value in zip(
        *(everything[name].tolist() for name in ("series", "period", "source", "available_at", "value")),
        strict=True,
    ):
        vintages.setdefault((series, period, source), []).append((day.date(), float(value)))
    changes = [
        _change(
            one, vintages.get((one.series, one.period, one.source), []), catalogue, today, published, again
        )
        for one in sorted(figures, key=lambda one: (one.series, one.period, one.source))
    ]
    return Diff(reading, importer, published, tuple(_judged(changes, held, catalogue, today)), catalogue)


def held_rows(catalogue: Catalogue, today: date) -> dict[Path, pd.DataFrame]:
    """The observation files of a folder as they stand, without corrections; :class:`DataError` when unsound."""
    held: dict[Path, pd.DataFrame] = {}
    faults: list[Fault] = []
    for path in sorted((catalogue.root / "observations").glob("*.csv")):
        held[path], found = read_observations(path, catalogue, today)
        faults += found
    if faults:
        raise DataError(f"{catalogue.root}: mend the observations before importing", faults)
    return held


def _change(
    one: Figure,
    vintages: list[tuple[date, float]],
    catalogue: Catalogue,
    today: date,
    published: date | None,
    again: bool,
) -> Change:
    value = float(plain(one.value))
    same = [abs(value - old) <= EQUAL * max(abs(value), abs(old)) for _, old in vintages]
    if not vintages:
        day, assumed = _first_known(one, catalogue, today, published)
        note = "; ".join(filter(None, [ASSUMED if assumed else "", one.note]))
        return Change("new", _row(one, catalogue, value, day, note))
    last_day, last = vintages[-1]
    if same[-1] or (again and any(same)):
        return Change("unchanged", _row(one, catalogue, value, last_day, one.note), last)
    day = one.known or published or today
    note = "; ".join(filter(None, [one.note, f"revised from {plain(last)}"]))
    row = _row(one, catalogue, value, day, note)
    if day <= last_day:
        why = f"a revision cannot be known on {day}, the figure it revises became known on {last_day}; use --published"
        return Change("rejected", row, last, why)
    return Change("revised", row, last)


def _first_known(one: Figure, catalogue: Catalogue, today: date, published: date | None) -> tuple[date, bool]:
    """The day a new figure became known, and whether that is an assumption by the declared lag."""
    stated = one.known or published or catalogue.sources[one.source].published
    if stated is not None:
        return stated, False
    lag = Period.parse(one.period).end + timedelta(days=catalogue.series[one.series].lag_days)
    return min(lag, today), True


def _row(one: Figure, catalogue: Catalogue, value: float, day: date, note: str) -> dict[str, str]:
    unit = catalogue.series[one.series].unit
    fields = (one.period, one.series, plain(value), unit, one.source, one.status, day.isoformat(), note)
    return dict(zip(HEADER, fields, strict=True))


def _judged(
    changes: list[Change], held: Mapping[Path, pd.DataFrame], catalogue: Catalogue, today: date
) -> list[Change]:
    """The changes with those rejected that break the contract, or that the sanity checks doubt."""
    coming = [i for i, change in enumerate(changes) if change.kind in ("new", "revised")]
    if not coming:
        return changes
    frame, faults = _contract([changes[i] for i in coming], catalogue, today)
    reasons: dict[int, str] = {}
    for fault in faults:
        reasons.setdefault(coming[int(fault.where.rsplit(":", 1)[1]) - 2], f"{fault.found}; {fault.do}")
    if not faults:
        touched = {changes[i].row["series"] for i in coming}
        before = pd.concat(held.values(), ignore_index=True)
        old = set(_open(before, catalogue, touched))
        for finding in _open(pd.concat([before, frame], ignore_index=True), catalogue, touched):
            if finding in old:
                continue
            place = next(
                (
                    i
                    for i in coming
                    if changes[i].row["period"] == finding.period
                    and changes[i].row["series"] in (finding.series, *finding.touches)
                ),
                next(
                    (i for i in coming if changes[i].row["series"] in (finding.series, *finding.touches)),
                    coming[0],
                ),
            )
            reasons.setdefault(
                place, f"[{finding.check}] {finding.series} {finding.period}: {finding.found}; {finding.do}"
            )
    return [
        replace(change, kind="rejected", why=reasons[i]) if i in reasons else change
        for i, change in enumerate(changes)
    ]


def _contract(changes: list[Change], catalogue: Catalogue, today: date) -> tuple[pd.DataFrame, list[Fault]]:
    rows = pd.DataFrame([dict(change.row) for change in changes], columns=list(OBSERVATION_COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "incoming.csv"
        rows.to_csv(path, index=False, lineterminator="\n")
        return read_observations(path, catalogue, today)


def _open(frame: pd.DataFrame, catalogue: Catalogue, series: set[str]) -> list[Finding]:
    dropped = {(c.series, c.period, c.source) for c in catalogue.corrections if c.action == "drop"}
    keys = zip(frame["series"], frame["period"], frame["source"], strict=True)
    kept = frame[[key not in dropped for key in keys]].reset_index(drop=True)
    return list(judge(findings(marked(kept, catalogue), catalogue, series), catalogue).open)
