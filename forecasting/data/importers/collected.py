"""Import the collected figures: folders of CSV files, one row per figure, into the observation tables.

The files share the columns ``date, frequency, series, value, unit, source_id, note``; some add ``geography``,
``low`` and ``high``, or ``vintage``. Some date a period by its first day, some by its last:
``data/mapping.yaml`` says which, and names every collected series as taken or as left out, with the reason.
A series it does not name is an error, so no figure is lost, or taken, without a decision.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd
from pydantic import Field, model_validator

from forecasting.catalogue import Status, Strict, read_yaml, validate
from forecasting.errors import DataError, Fault, InputMissing, nearest
from forecasting.periods import Kind, Period

HEADER = ["period", "series", "value", "unit", "source", "status", "available_at", "note"]
KEY = ["series", "period", "source", "available_at"]
ASSUMED = "availability assumed"


class UnitRule(Strict):
    """What a collected unit is called here, and what to multiply by."""

    unit: str
    scale: Decimal = Decimal(1)


class Rule(Strict):
    """Which rows of one collected series it speaks for, and what becomes of them. The first match wins."""

    sources: tuple[str, ...] = ("*",)
    frequency: str | None = None
    says: str | None = Field(default=None, description="a regular expression found in the note")
    first: str | None = Field(default=None, description="dated (ISO) on or after")
    last: str | None = Field(default=None, description="dated (ISO) on or before")

    left_out: str | None = None
    series: str | None = None
    period: str | None = Field(default=None, description="for figures whose date names no period")
    unit: str | None = None
    scale: Decimal = Decimal(1)
    column: Literal["value", "low", "high"] = "value"
    status: Status = "actual"
    source: str = "{source}"
    available: Literal["published", "lag"] = "published"
    lag_days: int = 30
    known: dict[str, date] = Field(default_factory=dict, description="period: the day it became known")
    remark: str = ""
    keep_note: bool = True

    @model_validator(mode="after")
    def _decided(self) -> Rule:
        if (self.left_out is None) == (self.series is None):
            raise ValueError("a rule either names our series or says left_out and why")
        return self

    def speaks_for(self, row: dict[str, str]) -> bool:
        """Whether this rule is the one for a collected row."""
        return (
            any(fnmatchcase(row["source_id"].lower(), pattern.lower()) for pattern in self.sources)
            and (self.frequency is None or row["frequency"] == self.frequency)
            and (self.says is None or re.search(self.says, row["note"]) is not None)
            and (self.first is None or row["date"] >= self.first)
            and (self.last is None or row["date"] <= self.last)
        )


class FileRules(Strict):
    """How one collected file dates its periods, and the rules for each of its series."""

    group: Literal["ev_sales", "production", "magnet_imports", "prices", "drivers"]
    dates: Literal["start", "end"]
    series: dict[str, list[Rule]]
    left_out: dict[str, str] = Field(default_factory=dict)


class Basis(Strict):
    """One publisher's set of figures that may be subtracted from each other."""

    source: str
    sources: list[str]


class Difference(Strict):
    """A series that is a total less its parts, taken only within one basis."""

    group: str
    total: str
    less: list[str]
    bases: list[Basis]
    most: float = Field(description="the largest share of the total that is believed")


class Mapping(Strict):
    """The whole of ``mapping.yaml``, with the publication dates of ``sources.yaml``."""

    frequencies: dict[str, Kind]
    units: dict[str, UnitRule]
    files: dict[str, FileRules]
    left_out_files: dict[str, str] = Field(default_factory=dict)
    differences: dict[str, Difference] = Field(default_factory=dict)
    published: dict[str, date] = Field(default_factory=dict)


class _Row(NamedTuple):
    group: str
    period: str
    series: str
    value: float
    unit: str
    source: str
    status: str
    available_at: str
    note: str


def load_mapping(path: Path, sources: Path | None = None) -> Mapping:
    """Read the mapping; publication dates come from ``sources`` (default: ``sources.yaml`` beside it)."""
    raw = read_yaml(path)
    published = read_yaml(sources or path.with_name("sources.yaml"))["sources"]
    for entry in raw.get("files", {}).values():
        defaults = entry.pop("defaults", {})
        for series, given in entry.get("series", {}).items():
            rules = given if isinstance(given, list) else [given]
            entry["series"][series] = [r if "left_out" in r else {**defaults, **r} for r in rules]
    raw["published"] = {
        name: about["published"] for name, about in published.items() if about.get("published")
    }
    return validate(path, raw, Mapping)


def read_collected(directory: Path, mapping: Mapping) -> pd.DataFrame:
    """Every figure the mapping takes from a folder, as observation rows with their ``group``.

    All faults are reported together: an unnamed file or series, an unknown unit or frequency, a date that is
    not the first (or last) day of its period, two figures for one key.
    """
    if not directory.is_dir():
        raise InputMissing(f"{directory} is not a folder; name the one that holds the collected files")
    faults: list[Fault] = []
    rows: list[_Row] = []
    found = {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob("*.csv"))}
    for name in sorted(mapping.files.keys() - found.keys()):
        faults.append(Fault(name, "mapped, but not in the folder", nearest(name, found)))
    for name, path in found.items():
        if name in mapping.files:
            rows.extend(_file(name, path, mapping, faults))
        elif not any(fnmatchcase(name, pattern) for pattern in mapping.left_out_files):
            faults.append(Fault(name, "the mapping does not name this file", nearest(name, mapping.files)))
    for series, difference in mapping.differences.items():
        rows.extend(_differences(series, difference, rows))
    frame = pd.DataFrame(rows, columns=list(_Row._fields))
    faults.extend(_contract(frame))
    if faults:
        raise DataError(f"{directory} cannot be imported", faults)
    return frame.sort_values(KEY, ignore_index=True)


def write(frame: pd.DataFrame, folder: Path) -> list[Path]:
    """Write one file per group in canonical form, so the same figures always give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for group, part in frame.groupby("group", sort=True):
        path = folder / f"{group}.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            out = csv.writer(handle, lineterminator="\n")
            out.writerow(HEADER)
            for row in part.sort_values(KEY)[HEADER].to_dict("records"):
                out.writerow([plain(row["value"]) if name == "value" else row[name] for name in HEADER])
        written.append(path)
    return written


def plain(value: float) -> str:
    """The shortest decimal that reads back as the same number.

    >>> plain(12400.0), plain(338.636)
    ('12400', '338.636')
    """
    return str(int(value)) if float(value).is_integer() else format(Decimal(repr(float(value))), "f")


def label(day: date, kind: Kind, convention: Literal["start", "end"]) -> str:
    """The name of the period a collected date stands for; months may be dated by any day.

    >>> label(date(2024, 4, 1), Kind.FY, "start"), label(date(2025, 3, 31), Kind.FY, "end")
    ('FY2025', 'FY2025')
    """
    period = Period.containing(day, kind)
    if kind is not Kind.MONTH and day != (period.start if convention == "start" else period.end):
        raise ValueError(f"{day} is not the {convention} of a {kind} period")
    return str(period)


def _file(name: str, path: Path, mapping: Mapping, faults: list[Fault]) -> Iterator[_Row]:
    rules = mapping.files[name]
    unknown: set[str] = set()
    with path.open(encoding="utf-8", newline="") as handle:
        for number, row in enumerate(csv.DictReader(handle), start=2):
            series = row["series"]
            if series not in rules.series:
                if series not in unknown and not any(fnmatchcase(series, p) for p in rules.left_out):
                    unknown.add(series)
                    advice = f"take it or leave it out; {nearest(series, [*rules.series, *rules.left_out])}"
                    faults.append(Fault(f"{name}:{number}", f"the mapping does not name {series!r}", advice))
                continue
            rule = next((rule for rule in rules.series[series] if rule.speaks_for(row)), None)
            if rule is None:
                faults.append(Fault(f"{name}:{number}", f"no rule of {series!r} speaks for it", "add one"))
            elif rule.left_out is None:
                try:
                    yield _row(row, rule, rules, mapping)
                except (ValueError, InvalidOperation, KeyError) as error:
                    faults.append(Fault(f"{name}:{number}", f"{series}: {error}", "correct the mapping"))


def _row(row: dict[str, str], rule: Rule, rules: FileRules, mapping: Mapping) -> _Row:
    if row["unit"] not in mapping.units:
        raise ValueError(f"unit {row['unit']!r}: {nearest(row['unit'], mapping.units)}")
    if rule.period is None and row["frequency"] not in mapping.frequencies:
        raise ValueError(f"frequency {row['frequency']!r}: {nearest(row['frequency'], mapping.frequencies)}")
    unit = mapping.units[row["unit"]]
    day = date.fromisoformat(row["date"])
    period = rule.period or label(day, mapping.frequencies[row["frequency"]], rules.dates)
    value = float(Decimal(row[rule.column]) * unit.scale * rule.scale)
    known, assumed = _available(row, rule, period, mapping)
    notes = [ASSUMED if assumed else "", rule.remark, " ".join(row["note"].split()) if rule.keep_note else ""]
    source, note = rule.source.format(source=row["source_id"].lower()), "; ".join(filter(None, notes))
    start = (rules.group, period, rule.series or "", value, rule.unit or unit.unit)
    return _Row(*start, source, rule.status, known.isoformat(), note)


def _available(row: dict[str, str], rule: Rule, period: str, mapping: Mapping) -> tuple[date, bool]:
    """The day a figure became known, and whether that is an assumption."""
    if period in rule.known:
        return rule.known[period], False
    if rule.available == "published":
        vintage = row.get("vintage") or ""
        if len(vintage) == 10:  # the day of a snapshot is not yet the day it was printed
            printed = mapping.published.get(row["source_id"].lower())
            return max(filter(None, [date.fromisoformat(vintage), printed])), False
        if len(vintage) == 7:  # only the month is known: nobody is given the figure too early
            return Period.parse(vintage).end, True
        if row["source_id"].lower() in mapping.published:
            return mapping.published[row["source_id"].lower()], False
    return Period.parse(period).end + timedelta(days=rule.lag_days), True


def _differences(series: str, rule: Difference, rows: Iterable[_Row]) -> Iterator[_Row]:
    rows = list(rows)
    for basis in rule.bases:
        parts: dict[str, dict[str, _Row]] = {}
        for row in rows:
            if row.series in (rule.total, *rule.less) and row.source in basis.sources:
                held = parts.setdefault(row.period, {}).get(row.series)
                if held is None or row.available_at > held.available_at:
                    parts[row.period][row.series] = row
        for period, held_rows in sorted(parts.items()):
            if len(held_rows) <= len(rule.less):
                continue
            total = held_rows[rule.total]
            value = total.value - sum(held_rows[part].value for part in rule.less)
            if 0 <= value <= rule.most * total.value:
                known = max(row.available_at for row in held_rows.values())
                assumed = any(row.note.startswith(ASSUMED) for row in held_rows.values())
                said = f"{rule.total} less {', '.join(rule.less)}, all from {total.source}"
                note = f"{ASSUMED}; {said}" if assumed else said
                start = (rule.group, period, series, value, total.unit)
                yield _Row(*start, basis.source, "derived", known, note)


def _contract(frame: pd.DataFrame) -> Iterator[Fault]:
    for key in frame.loc[frame.duplicated(KEY), KEY].to_dict("records"):
        where = f"{key['series']} {key['period']}"
        yield Fault(where, f"two figures from {key['source']}", "rename one source")
    kinds = frame["period"].str.extract(r"^(FY|CY)", expand=False).fillna("month")
    for column, values in {"kind": kinds, "unit": frame["unit"], "group": frame["group"]}.items():
        for series, found in values.groupby(frame["series"]).unique().items():
            if len(found) > 1:
                said = f"more than one {column}: {', '.join(sorted(found))}"
                yield Fault(str(series), said, "give each its own id")
