"""A table that can be read at all: finite, ordered, above its floor, whole. No override opens these gates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecasting.frames import LEVELS
from forecasting.periods import Kind, Period
from forecasting.publishing.gates.view import KEY, Found, View, parsed

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
    for series, rows in view.rows():
        bad = rows[~np.isfinite(rows["value"].to_numpy(dtype=float))]
        if len(bad):
            yield Found("block", f"{where(bad)}; every value must be a finite number", series)


def ordered(view: View) -> Iterator[Found]:
    """Every level stands once, and quantiles do not decrease with their level."""
    for series, rows in view.rows():
        counts = rows.groupby([*KEY, "quantile"], dropna=False).size()
        for level in sorted(set(rows["quantile"]) - set(LEVELS)):
            yield Found("block", f"quantile {level:g} is no level of an edition", series)
        twice = counts[counts > 1]
        if len(twice):
            _, _, period, _, level = twice.index[0]
            yield Found("block", f"{period} quantile {level:g} stands {twice.iloc[0]} times", series)
        short = counts.groupby(KEY, dropna=False).size()
        short = short[short < len(LEVELS)]
        if len(short):
            label = short.index[0][2]
            yield Found("block", f"{label} has {short.iloc[0]} of {len(LEVELS)} quantile levels", series)
    crossed: dict[str, list[str]] = {}
    for line in view.lines.values():
        for place in np.flatnonzero((np.diff(line.values, axis=1) < 0).any(axis=1)):
            crossed.setdefault(line.series, []).append(line.label(int(place)))
    for series, labels in crossed.items():
        yield Found("block", f"quantiles cross in {len(labels)} period(s), first {labels[0]}", series)


def non_negative(view: View) -> Iterator[Found]:
    """Quantities stay at or above the floor of the catalogue."""
    for series, rows in view.rows():
        entry = view.catalogue.series.get(series)
        if entry is None or entry.floor is None:
            continue
        bad = rows[rows["value"] < entry.floor]
        if len(bad):
            yield Found("block", f"{where(bad)}; the floor is {entry.floor:g}", series)


def complete(view: View) -> Iterator[Found]:
    """Every target is there or withheld by name, in every period to the end of 2030."""
    yield from _absent(view)
    for series, rows in view.rows():
        if series not in view.catalogue.series:
            yield Found("hold", "the catalogue has no such series", series)
        strange = len(rows) - len(parsed(rows))
        if strange:
            yield Found("block", f"{strange} row(s) name a period that is none of their kind", series)
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
    states, catalogue, before = view.candidate.states, view.catalogue, view.candidate.previous
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
    wanted = {*catalogue.targets, *states, *(map(str, before.table["series"]) if before else ())}
    for id in sorted(wanted - withheld):
        if id not in view.present:
            yield Found("hold", "has no forecast and is not withheld", id)
        elif id in catalogue.series and id not in own:
            yield Found("block", f"has no forecast by {catalogue.series[id].kind}", id)
