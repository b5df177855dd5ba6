"""Vintages of the same period and what moved between them: the evidence from which revisions are learnt.

A vintage is what one source family printed for one period on one day; a family may restate another
(``restates`` in ``breaks.yaml``). The *age* of a figure is the number of whole periods of its own kind from the
period's end to that day.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.frames import Observations
from forecasting.periods import Period

ASSUMED = "availability assumed"
PAIR_COLUMNS = ["kind", "unit", "family", "series", "period", "from_age", "until_age", "log_ratio"]


def age_of(period: Period, day: pd.Timestamp) -> int:
    """Whole periods of its own kind from a period's end to a day, counted by months; never negative.

    >>> age_of(Period.parse("2025-03"), pd.Timestamp("2025-04-07"))
    1
    >>> age_of(Period.parse("CY2024"), pd.Timestamp("2026-02-06"))
    1
    """
    months = (day.year - period.end.year) * 12 + day.month - period.end.month
    return int(max(months, 0) * period.kind.per_year // 12)


def roots(catalogue: Catalogue) -> Callable[[str], str]:
    """A function from a source family to the family it restates first, or to itself."""

    def root(family: str) -> str:
        seen = {family}
        while family in catalogue.restates and catalogue.restates[family][0] not in seen:
            family = catalogue.restates[family][0]
            seen.add(family)
        return family

    return root


def vintages(observations: Observations, catalogue: Catalogue) -> pd.DataFrame:
    """Every usable figure with its family, its age and the day it was really printed.

    A row whose availability was assumed carries the value its source had on its own publication day; where that
    day is known, the row is dated by it. Targets, carried-forward figures and zeros say nothing about revisions
    and are left out.
    """
    frame = observations.frame
    frame = frame[~frame["status"].isin(["target", "carried_forward"]) & (frame["value"] > 0)]
    sources = frame["source"].unique()
    family = frame["source"].map({name: catalogue.sources[name].family for name in sources})
    published = pd.to_datetime(
        frame["source"].map({name: catalogue.sources[name].published for name in sources})
    )
    late = frame["note"].str.contains(ASSUMED, regex=False) & published.notna()
    printed = frame["available_at"].where(~late, published)
    parsed = {label: Period.parse(label) for label in frame["period"].unique()}
    days = zip(frame["period"], printed.tolist(), strict=True)
    seen = {pair: age_of(parsed[pair[0]], pair[1]) for pair in set(days)}
    ages = [seen[pair] for pair in zip(frame["period"], printed.tolist(), strict=True)]
    kinds = frame["period"].map({label: str(period.kind) for label, period in parsed.items()})
    whole = frame.assign(kind=kinds, family=family, printed=printed, age=ages)
    return whole[["series", "period", "kind", "unit", "value", "source", "family", "printed", "age"]]


def revisions_seen(observations: Observations, catalogue: Catalogue) -> pd.DataFrame:
    """One row for each figure that has a later one: its age, the later one's, and the log of later over it.

    The later figure is the newest of the same family or of a family that restates it. Periods before a
    registered break of coverage of the family are left out: there the coverage changed, not the count.
    Columns: ``kind, unit, family, series, period, from_age, until_age, log_ratio``.
    """
    several = observations.frame.duplicated(["series", "period"], keep=False)
    found = vintages(Observations(observations.frame[several]), catalogue)
    since = {str(id): _coverage_since(catalogue, str(id)) for id in found["series"].unique()}
    later_of: dict[str, set[str]] = {family: {family} for family in found["family"].unique()}
    for later, earlier in catalogue.restates.items():
        for family in earlier:
            later_of.setdefault(family, {family}).add(later)
    ordered = found[found.duplicated(["series", "period"], keep=False)].sort_values(["printed", "source"])
    figures: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in ordered.to_dict("records"):
        named = {str(key): cell for key, cell in record.items()}
        figures.setdefault((named["series"], named["period"]), []).append(named)
    rows: list[list[object]] = []
    for (series, label), vintage in sorted(figures.items()):
        for row in vintage:
            start = since[series].get(row["family"])
            if start is not None and Period.parse(label).ordinal < start:
                continue
            last = next(one for one in reversed(vintage) if one["family"] in later_of[row["family"]])
            if last["age"] > row["age"]:
                ratio = math.log(last["value"] / row["value"])
                rows.append(
                    [row["kind"], row["unit"], row["family"], series, label, row["age"], last["age"], ratio]
                )
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def _coverage_since(catalogue: Catalogue, series: str) -> dict[str, int]:
    """The first period ordinal of the present coverage of a series, by family."""
    found: dict[str, int] = {}
    for one in catalogue.breaks_of(series).values():
        if one.what == "coverage" and one.starts is not None and one.ends is None:
            for family in one.families:
                found[family] = max(found.get(family, 0), Period.parse(one.starts).ordinal)
    return found
