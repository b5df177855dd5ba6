"""Everything worth knowing about one series: what is believed, rivals, revisions, gaps, breaks, events, known sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from forecasting.catalogue import STATUSES, Break, Catalogue, Event, Series
from forecasting.data.gaps import Constraint, constraints, gaps
from forecasting.data.revisions import Size, jump_off, learn
from forecasting.data.store import believed
from forecasting.errors import DataError, nearest
from forecasting.frames import Observations
from forecasting.periods import Period


@dataclass(frozen=True)
class Revision:
    """Two vintages of one period by one source: the older value and day, the newer ones."""

    period: str
    source: str
    was: float
    known: date
    now: float
    since: date


@dataclass(frozen=True)
class SeriesView:
    """One series as known on a day.

    ``rows`` are its observations in the order of their periods, with two more columns: ``believed`` (the row chosen
    for its period) and ``fitted`` (whether models may learn from it).
    """

    id: str
    entry: Series
    day: date
    rows: pd.DataFrame
    rivals: int
    revisions: tuple[Revision, ...]
    gaps: tuple[Period, ...]
    sums: tuple[Constraint, ...]
    breaks: dict[str, Break]
    events: dict[str, Event]
    jump_off: Size | None


def look(known: Observations, catalogue: Catalogue, series: str, day: date) -> SeriesView:
    """The view of a series; ``known`` are the observations as of the day.

    Raises :class:`DataError` for an unknown series, with the nearest known name.
    """
    if series not in catalogue.series:
        raise DataError(f"unknown series {series!r}; {nearest(series, catalogue.series)}")
    entry = catalogue.series[series]
    chosen = believed(known, catalogue, series, STATUSES)
    key = ["period", "source", "available_at"]
    keys = set(zip(*(chosen[name] for name in key), strict=True))
    rows = known.of(series).frame
    marks = [row in keys for row in zip(*(rows[name] for name in key), strict=True)]
    ordinals = [Period.parse(label).ordinal for label in rows["period"]]
    rows = rows.assign(believed=marks, _ordinal=ordinals)
    fitted = rows["believed"] & rows["status"].isin(entry.fit)
    rows = (
        rows.assign(fitted=fitted)
        .sort_values(["_ordinal", "available_at", "source"])
        .drop(columns="_ordinal")
    )
    sizes = jump_off(learn(known, catalogue), known, catalogue, [series], day)
    return SeriesView(
        series,
        entry,
        day,
        rows.reset_index(drop=True),
        int(rows["period"].duplicated().sum()),
        tuple(_revisions(rows)),
        tuple(gaps(known, catalogue, series)),
        tuple(constraints(known, catalogue, series)),
        {id: one for id, one in catalogue.breaks_of(series).items() if one.known <= day},
        {id: seen for id, one in catalogue.touching(series).items() if (seen := one.as_of(day))},
        sizes.get(series),
    )


def _revisions(rows: pd.DataFrame) -> list[Revision]:
    found = []
    for (period, source), group in rows.groupby(["period", "source"], sort=False):
        ordered = group.sort_values("available_at")
        values = ordered["value"].tolist()
        days = [stamp.date() for stamp in ordered["available_at"]]
        found += [
            Revision(str(period), str(source), values[i], days[i], values[i + 1], days[i + 1])
            for i in range(len(values) - 1)
        ]
    return found
