"""Where a defect may lie in observations, whether the checks find it there, and the shapes many defects share."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.carried import marked
from forecasting.data.check import read_observations
from forecasting.data.importers.collected import plain
from forecasting.data.neighbours import expected, log10
from forecasting.data.sanity import findings, judge
from forecasting.periods import Period
from tests.conftest import TODAY

Rows = pd.DataFrame


@dataclass(frozen=True)
class Place:
    """Where a defect was put: series and period, or only the file."""

    series: str
    period: str


def text_of(rows: Rows) -> bytes:
    buffer = io.StringIO()
    rows.to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue().encode()


def caught(content: bytes, place: Place, catalogue: Catalogue, folder: Path) -> bool:
    """Whether the contract or an open finding of a sanity check points at the place."""
    said = complaints(content, catalogue, folder)
    if said and said[0].startswith("contract"):
        return True
    return any(line.startswith(f"{place.series}|{place.period}|") or place.series in line for line in said)


def complaints(content: bytes, catalogue: Catalogue, folder: Path) -> list[str]:
    """Everything the contract and the open findings say about an observation file."""
    path = folder / "observations.csv"
    path.write_bytes(content)
    frame, faults = read_observations(path, catalogue, TODAY)
    if faults:
        return [f"contract {fault}" for fault in faults]
    dropped = {(c.series, c.period, c.source) for c in catalogue.corrections if c.action == "drop"}
    keep = [key not in dropped for key in zip(frame["series"], frame["period"], frame["source"], strict=True)]
    verdict = judge(findings(marked(frame[keep].reset_index(drop=True), catalogue), catalogue), catalogue)
    return [f"{f.series}|{f.period}|{f.check} {' '.join(f.touches)} {f.found}" for f in verdict.open]


def pick(rows: Rows, rng: np.random.Generator, series: str) -> int | None:
    mine = rows.index[(rows["series"] == series) & (rows["status"] != "target")]
    return int(rng.choice(mine)) if len(mine) else None


def changed(rows: Rows, at: int, **fields: str) -> tuple[bytes, Place]:
    other = rows.copy()
    for name, text in fields.items():
        other.at[at, name] = text
    return text_of(other), Place(str(rows.at[at, "series"]), str(other.at[at, "period"]))


def field(name: str, change: Callable[[str, np.random.Generator], str]) -> Seed:
    def seed(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
        del catalogue
        at = pick(rows, rng, series)
        if at is None:
            return None
        text = change(str(rows.at[at, name]), rng)
        return None if text == rows.at[at, name] else changed(rows, at, **{name: text})

    return seed


Seeded = tuple[bytes, Place] | None
Seed = Callable[[Rows, str, np.random.Generator, Catalogue], Seeded]


def misspelt(text: str, rng: np.random.Generator) -> str:
    i = int(rng.integers(1, len(text)))
    return text[:i] + "x" + text[i:]


def exempt(catalogue: Catalogue, series: str, label: str) -> bool:
    """Whether an accepted finding or a correction speaks for a figure."""
    known = (*catalogue.accepted, *catalogue.corrections)
    return any(a.series == series and fnmatchcase(label, a.period) for a in known)


def judged(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> int | None:
    """A row that has neighbours to be judged by and is no exception already accepted."""
    entry = catalogue.series[series]
    mine = rows[(rows["series"] == series) & ~rows["status"].isin(["target", "carried_forward"])]
    levels: dict[int, float] = {}
    for label, value in zip(mine["period"], mine["value"].astype(float), strict=True):
        levels[Period.parse(label).ordinal] = log10(value, entry.unit)
    places = []
    for at in mine.index:
        period = Period.parse(mine.at[at, "period"])
        around = expected(levels, period)
        value = float(mine.at[at, "value"])
        if (
            around is None
            or around.neighbours < 4
            or value <= 0
            or exempt(catalogue, series, str(mine.at[at, "period"]))
        ):
            continue
        if entry.unit == "vehicles" and min(value, 10**around.log10) < 300:
            continue
        places.append(int(at))
    return int(rng.choice(places)) if places else None


def slipped(*factors: float) -> Seed:
    def seed(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
        at = judged(rows, series, rng, catalogue)
        if at is None:
            return None
        value = float(rows.at[at, "value"]) * float(rng.choice(factors))
        if catalogue.series[series].unit == "vehicles":
            value = float(round(value))
        return changed(rows, at, value=plain(value))

    return seed


def of_file(change: Callable[[bytes], bytes]) -> Seed:
    def seed(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
        del rng, catalogue
        return change(text_of(rows)), Place(series, "")

    return seed


def stretch(rows: Rows, series: str, rng: np.random.Generator, length: int) -> list[int] | None:
    """Consecutive periods of one source of a series, as row labels."""
    mine = rows[(rows["series"] == series) & rows["status"].isin(["actual", "derived", "estimate"])]
    found: list[list[int]] = []
    for _, group in mine.groupby("source"):
        ordinals = [Period.parse(label).ordinal for label in group["period"]]
        order = np.argsort(ordinals)
        labels, sorted_ = group.index.to_numpy()[order], np.array(ordinals)[order]
        found += [
            [int(i) for i in labels[i : i + length]]
            for i in range(len(labels) - length + 1)
            if sorted_[i + length - 1] - sorted_[i] == length - 1
            and float(group.at[labels[i], "value"]) >= 100
        ]
    return found[int(rng.integers(len(found)))] if found else None
