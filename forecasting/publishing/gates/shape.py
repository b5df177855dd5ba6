"""A table that can be read at all: finite, ordered, above its floor, whole. No override opens these gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecasting.frames import LEVELS
from forecasting.periods import Kind, Period
from forecasting.publishing.gates.view import KEY, Found, View, codes

LAST = {
    Kind.MONTH: Period.parse("2030-12"),
    Kind.QUARTER: Period.parse("2030-Q4"),
    Kind.FY: Period.parse("FY2030"),
    Kind.CY: Period.parse("CY2030"),
}


def where(rows: pd.DataFrame) -> str:
    """How many values are meant, and which is the first."""
    first = rows.iloc[0]
    return f"{len(rows)} value(s), first {first['period']} quantile {first['quantile']:g}: {first['value']:g}"


def finite(view: View) -> Iterator[Found]:
    """Every value is a finite number."""
    values = view.candidate.table["value"].to_numpy(dtype=float)
    for series, bad in view.offenders(~np.isfinite(values)):
        yield Found("block", f"{where(bad)}; every value must be a finite number", series)


def ordered(view: View) -> Iterator[Found]:
    """Every level stands once, and quantiles do not decrease with their level."""
    table = view.candidate.table
    for series, bad in view.offenders(~table["quantile"].isin(LEVELS)):
        yield Found("block", f"quantile {bad['quantile'].iloc[0]:g} is no level of an edition", series)
    cells, levels = codes(table, KEY), codes(table, ["quantile"])
    for series, bad in view.offenders(pd.DataFrame({"cell": cells, "level": levels}).duplicated(keep=False)):
        first = bad.iloc[0]
        text = f"{first['period']} quantile {first['quantile']:g} stands more than once"
        yield Found("block", text, series)
    missing: dict[str, str] = {}
    crossed: dict[str, list[str]] = {}
    there = pd.Series(levels).groupby(cells).nunique().reindex(cells).to_numpy()
    short = table.assign(count=there)[there < len(LEVELS)].sort_values(KEY)
    for series, period, count in short[["series", "period", "count"]].itertuples(index=False):
        missing.setdefault(str(series), f"{period} has {count} of {len(LEVELS)} quantile levels")
    for line in view.lines.values():
        for place in np.flatnonzero((np.diff(line.values, axis=1) < 0).any(axis=1)):
            crossed.setdefault(line.series, []).append(line.label(int(place)))
    for series, text in missing.items():
        yield Found("block", text, series)
    for series, labels in crossed.items():
        yield Found("block", f"quantiles cross in {len(labels)} period(s), first {labels[0]}", series)


def non_negative(view: View) -> Iterator[Found]:
    """Quantities stay at or above the floor of the catalogue."""
    table = view.candidate.table
    floors = {id: entry.floor for id, entry in view.catalogue.series.items() if entry.floor is not None}
    for series, bad in view.offenders(table["value"] < table["series"].map(floors).astype(float)):
        yield Found("block", f"{where(bad)}; the floor is {floors[series]:g}", series)


def complete(view: View) -> Iterator[Found]:
    """Every target is there or withheld by name, in every period to the end of 2030."""
    yield from _absent(view)
    table = view.candidate.table
    for series in sorted(view.present - set(view.catalogue.series)):
        yield Found("hold", "the catalogue has no such series", series)
    for series, bad in view.offenders(~table.index.isin(view.parsed.index)):
        first = bad.iloc[0]
        text = f"{len(bad)} row(s) name a period that is none of their kind, first {first['kind']} {first['period']}"
        yield Found("block", text, series)
    for line in view.lines.values():
        last, end = Period(line.kind, int(line.ordinals[-1])), LAST[line.kind]
        if last != end:
            yield Found("block", f"{line.kind} ends at {last}, must end at {end}", line.series)
        gap = np.flatnonzero(np.diff(line.ordinals) > 1)
        if len(gap):
            yield Found(
                "block", f"{Period(line.kind, int(line.ordinals[gap[0]]) + 1)} is missing", line.series
            )


def _absent(view: View) -> Iterator[Found]:
    states, catalogue = view.candidate.states, view.catalogue
    withheld = {id for id, state in states.items() if state.standing == "withheld"}
    for id in sorted(withheld & view.present):
        yield Found("hold", "is withheld and yet has a forecast", id)
    for id in sorted(view.present - withheld):
        gone = [
            part
            for part in (catalogue.series[id].sum_of if id in catalogue.series else ())
            if part in withheld
        ]
        if gone:
            yield Found("hold", f"is an aggregate of {gone[0]}, which is withheld", id)
    own = {line.series for line in view.own}
    for id in sorted({*catalogue.targets, *states} - withheld):
        if id not in view.present:
            yield Found("hold", "has no forecast and is not withheld", id)
        elif id in catalogue.series and id not in own:
            yield Found("block", f"has no forecast by {catalogue.series[id].kind}", id)
