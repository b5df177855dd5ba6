"""Defects with known labels, seeded into the project's own observations, and clean variants of them.

Each generator takes the rows of some related series (all text) and a random generator, and returns the bytes of a
broken observation file and the place where the defect lies, or None when the rows offer no place for it.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.importers.collected import plain
from forecasting.periods import Kind, Period
from tests.conftest import TODAY
from tests.data.seeding import (
    Place,
    Rows,
    Seed,
    Seeded,
    changed,
    exempt,
    field,
    misspelt,
    of_file,
    pick,
    slipped,
    stretch,
    text_of,
)


def repeated_row(rows: Rows, series: str, rng: np.random.Generator, _: Catalogue) -> Seeded:
    at = pick(rows, rng, series)
    if at is None:
        return None
    return text_of(pd.concat([rows, rows.loc[[at]]])), Place(series, str(rows.at[at, "period"]))


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
