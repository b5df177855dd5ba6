"""Defects with known labels, seeded into the project's own observations, and clean variants of them.

Each generator takes the rows of some related series (all text) and a random generator, and returns the bytes of a
broken observation file and the place where the defect lies, or None when the rows offer no place for it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
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
from forecasting.periods import Kind, Period
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


def repeated_row(rows: Rows, series: str, rng: np.random.Generator, _: Catalogue) -> Seeded:
    at = pick(rows, rng, series)
    if at is None:
        return None
    return text_of(pd.concat([rows, rows.loc[[at]]])), Place(series, str(rows.at[at, "period"]))


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


def held_flat(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    monthly = catalogue.series[series].kind is Kind.MONTH
    places = stretch(rows, series, rng, 8 if monthly else 4)
    if places is None:
        return None
    other = rows.copy()
    other.loc[places, "value"] = rows.at[places[0], "value"]
    return text_of(other), Place(series, str(rows.at[places[-1], "period"]))


def pasted(elsewhere: bool) -> Seed:
    def seed(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
        length = 6 if catalogue.series[series].kind is Kind.MONTH else 5
        source = series
        if elsewhere:
            alike = [
                id
                for id in rows["series"].unique()
                if id != series
                and catalogue.series[id].unit == catalogue.series[series].unit
                and catalogue.series[id].kind is catalogue.series[series].kind
                and not (id.startswith(series) or series.startswith(id))
            ]
            if not alike:
                return None
            source = str(rng.choice(alike))
        to, of = stretch(rows, series, rng, length), stretch(rows, source, rng, length)
        if to is None or of is None or set(rows.loc[to, "period"]) & set(rows.loc[of, "period"]):
            return None
        values = rows.loc[of, "value"].tolist()
        if len(set(values)) < length or rows.loc[to, "value"].tolist() == values:
            return None
        other = rows.copy()
        other.loc[to, "value"] = values
        return text_of(other), Place(series, str(rows.at[to[0], "period"]))

    return seed


def wrong_year(rows: Rows, series: str, rng: np.random.Generator, _: Catalogue) -> Seeded:
    at = pick(rows, rng, series)
    if at is None:
        return None
    label = str(rows.at[at, "period"])
    year = Period.parse(label).year
    mistyped = label.replace(f"{year:04d}", f"{year - int(rng.choice([60, 100, 800])):04d}")
    first = min(Period.parse(p).year for p in rows.loc[rows["series"] == series, "period"])
    return None if year < first else changed(rows, at, period=mistyped)


def wrong_total(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    from forecasting.data.sums import year_sums

    places = []
    for suffix, kind in ((".fy", Kind.FY), (".cy", Kind.CY)):
        stated = rows[rows["series"] == series + suffix]
        mine = rows[rows["series"] == series]
        if (
            stated.empty
            or mine.empty
            or catalogue.series[series + suffix].unit != catalogue.series[series].unit
        ):
            continue
        months = {Period.parse(p).ordinal: 1.0 for p in mine["period"]}
        whole = year_sums(months, kind)
        places += [int(at) for at in stated.index if Period.parse(stated.at[at, "period"]).ordinal in whole]
    places = [
        at for at in places if not exempt(catalogue, str(rows.at[at, "series"]), str(rows.at[at, "period"]))
    ]
    if not places:
        return None
    at = int(rng.choice(places))
    value = float(rows.at[at, "value"]) * float(rng.choice([0.75, 0.8, 1.25, 1.3]))
    return changed(rows, at, value=plain(float(round(value))))


def wrong_part(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    total = catalogue.series[series]
    if not total.sum_of:
        return None
    mine = rows[(rows["series"] == series) & (rows["source"] == "vahan_cat_0124")]
    if mine.empty:
        return None
    label = str(rng.choice(mine["period"].to_numpy()))
    parts = rows[
        (rows["period"] == label) & rows["series"].isin(total.sum_of) & (rows["source"] == "vahan_cat_0124")
    ]
    big = parts[parts["value"].astype(float) > 0.1 * float(mine[mine["period"] == label]["value"].iloc[0])]
    if len(big) == 0:
        return None
    at = int(rng.choice(big.index))
    value = float(rows.at[at, "value"]) * float(rng.choice([0.6, 0.7, 1.4]))
    content, place = changed(rows, at, value=plain(float(round(value))))
    return content, Place(series, place.period)


def above_market(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    market = catalogue.series[series].within
    if market is None:
        return None
    bounds = rows[rows["series"] == market].groupby("period")["value"].apply(lambda v: v.astype(float).max())
    mine = rows[(rows["series"] == series) & rows["period"].isin(bounds.index)]
    if mine.empty:
        return None
    at = int(rng.choice(mine.index))
    return changed(rows, at, value=plain(float(round(bounds[rows.at[at, "period"]] * 1.1 + 2))))


def wrong_quantity(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    if catalogue.series[series].worth is None:
        return None
    mine = rows[(rows["series"] == series) & (rows["period"] != "FY2025")]
    if len(mine) < 12:
        return None
    at = int(rng.choice(mine.index))
    return changed(rows, at, value=plain(float(rows.at[at, "value"]) * float(rng.choice([0.45, 2.2]))))


def wrong_rival(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    mine = rows[
        (rows["series"] == series) & (rows["status"] != "target") & (rows["value"].astype(float) > 100)
    ]
    several = mine.groupby("period")["source"].transform("nunique") > 1
    places = [
        int(at) for at in mine.index[several] if not exempt(catalogue, series, str(mine.at[at, "period"]))
    ]
    if not places:
        return None
    at = int(rng.choice(places))
    return changed(
        rows, at, value=plain(float(round(float(rows.at[at, "value"]) * float(rng.choice([0.4, 2.5])))))
    )


def too_early(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    mine = rows[(rows["series"] == series) & ~rows["note"].str.contains("availability assumed")]
    mine = mine[[catalogue.sources[s].published is not None for s in mine["source"]]]
    if mine.empty:
        return None
    at = int(rng.choice(mine.index))
    published = catalogue.sources[str(rows.at[at, "source"])].published
    assert published is not None
    return changed(rows, at, available_at=(published - timedelta(days=int(rng.integers(1, 60)))).isoformat())


def assumed_too_late(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> Seeded:
    mine = rows[rows["series"] == series]
    days = [catalogue.sources[s].published for s in mine["source"]]
    mine = mine[[day is not None and day < date(2026, 6, 1) for day in days]]
    if mine.empty:
        return None
    at = int(rng.choice(mine.index))
    published = catalogue.sources[str(rows.at[at, "source"])].published
    assert published is not None
    later = (published + timedelta(days=int(rng.integers(1, 60)))).isoformat()
    return changed(rows, at, available_at=later, note="availability assumed")


def same_vintage(rows: Rows, series: str, rng: np.random.Generator, _: Catalogue) -> Seeded:
    at = pick(rows, rng, series)
    if at is None:
        return None
    again = rows.loc[[at]].copy()
    again["available_at"] = (
        date.fromisoformat(str(rows.at[at, "available_at"])) + timedelta(days=30)
    ).isoformat()
    if str(again["available_at"].iloc[0]) > TODAY.isoformat():
        return None
    return text_of(pd.concat([rows, again])), Place(series, str(rows.at[at, "period"]))


def known_at_its_start(rows: Rows, series: str, rng: np.random.Generator, _: Catalogue) -> Seeded:
    mine = rows[(rows["series"] == series) & rows["status"].isin(["actual", "derived", "provisional"])]
    if mine.empty:
        return None
    at = int(rng.choice(mine.index))
    period = Period.parse(str(rows.at[at, "period"]))
    return changed(rows, at, available_at=(period.start + timedelta(days=3)).isoformat())


SEEDS: dict[str, Seed] = {
    "text in a number": field("value", lambda _, rng: str(rng.choice(["many", "NA", "--", "1.2.3"]))),
    "thousands separator": field("value", lambda v, _: f"{float(v) + 1000:,.0f}"),
    "lakh grouping": field("value", lambda v, _: f"{int(float(v)) % 90 + 1},00,000"),
    "negative": field("value", lambda v, _: "-" + (v if float(v) else "1")),
    "infinite": field("value", lambda _, rng: str(rng.choice(["1e400", "9e18", "-1e999"]))),
    "empty value": field("value", lambda _v, _rng: ""),
    "wrong unit": field("unit", lambda _, rng: str(rng.choice(["t magnet", "vehicles", "USD m", "lakh"]))),
    "misspelt unit": field("unit", misspelt),
    "misspelt series": field("series", misspelt),
    "misspelt source": field("source", misspelt),
    "misspelt status": field("status", misspelt),
    "source never believed": field("source", lambda _, rng: str(rng.choice(["bs_fame_2023", "mofcom18"]))),
    "another kind of period": field("period", lambda _v, _rng: "2020-Q1"),
    "no period": field("period", lambda _, rng: str(rng.choice(["June 2020", "2020-13", "2020", "FY20"]))),
    "future day": field("available_at", lambda _, rng: f"20{int(rng.integers(27, 60))}-01-05"),
    "no day": field(
        "available_at", lambda _, rng: str(rng.choice(["7 July", "2025-02-30", "05/03/2025", ""]))
    ),
    "known before it began": field("available_at", lambda _v, _rng: "1901-02-03"),
    "known at its start": known_at_its_start,
    "two rows for one vintage": repeated_row,
    "byte-order mark": of_file(lambda content: b"\xef\xbb\xbf" + content),
    "UTF-16": of_file(lambda content: content.decode().encode("utf-16")),
    "an HTML page": of_file(lambda content: b"<!doctype html><title>502 Bad Gateway</title>" + content[:200]),
    "a column is missing": of_file(lambda content: content.replace(b",note\n", b"\n", 1)),
    "a column too many": of_file(lambda content: content.replace(b",note\n", b",note,extra\n", 1)),
    "an unquoted comma": of_file(
        lambda content: content.replace(b"\n", b"\n2020-01,in.ev.2w,1,5,000,vehicles,a,b,c,d\n", 1)
    ),
    "ten times": slipped(10.0),
    "a tenth": slipped(0.1),
    "a hundred times": slipped(100.0, 0.01),
    "a thousand times": slipped(1000.0, 0.001),
    "a lakh": slipped(1e5, 1e-5),
    "a crore": slipped(1e7, 1e-7),
    "a zero": slipped(0.0),
    "held flat": held_flat,
    "pasted twice": pasted(False),
    "pasted from another series": pasted(True),
    "wrong century or decade": wrong_year,
    "stated total": wrong_total,
    "a part": wrong_part,
    "above its market": above_market,
    "implied price": wrong_quantity,
    "a rival": wrong_rival,
    "known before it was published": too_early,
    "assumed after it was published": assumed_too_late,
    "a vintage that changes nothing": same_vintage,
}


def clean_variant(rows: Rows, series: str, rng: np.random.Generator, catalogue: Catalogue) -> bytes:
    """Observations as they may honestly look tomorrow: new months, revisions, rivals, gaps, other notes."""
    other = rows.copy()
    entry = catalogue.series[series]
    whole = entry.unit in ("vehicles", "units")

    def number(value: float) -> str:
        return plain(float(round(value))) if whole else plain(float(f"{value:.6g}"))

    mine = other[(other["series"] == series) & ~other["status"].isin(["target", "carried_forward"])]
    mine = mine[mine["value"].astype(float) > 50]
    for change in rng.choice(["revise", "gap", "note", "shuffle", "month"], size=3, replace=False):
        if mine.empty:
            break
        at = int(rng.choice(mine.index))
        if change == "revise" and rows.at[at, "available_at"] < "2026-06-01":
            again = rows.loc[[at]].copy()
            size = float(np.clip(rng.normal(0.004, 0.004), -0.008, 0.008)) or 0.001
            again["value"] = number(float(rows.at[at, "value"]) * (1 + size))
            again["available_at"] = "2026-10-20"
            again["note"] = "revised"
            if again["value"].iloc[0] != rows.at[at, "value"]:
                other = pd.concat([other, again], ignore_index=True)
        elif change == "gap":
            other = other.drop(index=at, errors="ignore")
        elif change == "note":
            other.loc[other.index == at, "note"] = rows.at[at, "note"] + "; seen again"
        elif change == "shuffle":
            other = other.sample(frac=1.0, random_state=int(rng.integers(2**31)))
        elif change == "month" and entry.kind is Kind.MONTH:
            ordinals = {
                Period.parse(p).ordinal: float(v) for p, v in zip(mine["period"], mine["value"], strict=True)
            }
            last = Period(Kind.MONTH, max(ordinals))
            if last + 1 < Period.parse("2026-10"):
                recent = [v for o, v in ordinals.items() if o > last.ordinal - 6]
                row = rows.loc[[int(mine.index[mine["period"] == str(last)][0])]].copy()
                row["period"] = str(last + 1)
                row["value"] = number(float(np.median(recent)) * float(np.exp(rng.normal(0, 0.12))))
                row["available_at"] = "2026-11-01"
                row["note"] = "the next month"
                other = pd.concat([other, row], ignore_index=True)
    return text_of(other)
