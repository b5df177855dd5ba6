"""When the next figure of each series is due, and whether the last one came: freshness by the sources' own calendar.

A source prints the figure of a period some days after its end: ``expected`` of ``publication.yaml`` says after how many
for a family, ``lag_days`` of ``series.yaml`` for a series. Age alone says nothing: a figure of last year is fresh
where the next is not due before June.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from forecasting.catalogue import Catalogue, Expectation
from forecasting.data.store import believed
from forecasting.frames import Observations
from forecasting.periods import Period


@dataclass(frozen=True)
class Due:
    """What a series' source should have printed by a day.

    ``last`` is the newest believed period and ``source`` where it was printed; ``expected`` the newest period that was
    due, on the day ``on``; ``following`` the first period not printed yet, due ``next_on`` (in the past when late).
    """

    series: str
    family: str
    source: str
    last: Period
    expected: Period
    on: date
    following: Period
    next_on: date

    @property
    def late(self) -> int:
        """Periods that were due and are not there; nought when the series is fresh."""
        return max(self.expected - self.last, 0)


def expected_dates(catalogue: Catalogue, known: Observations, series: Iterable[str], day: date) -> list[Due]:
    """What should be known on a day, one record a series that has any figure its models may fit."""
    found = []
    for id in series:
        rows = believed(known, catalogue, id)
        if len(rows):
            newest = rows.iloc[int(np.argmax([Period.parse(str(label)).ordinal for label in rows["period"]]))]
            found.append(due(catalogue, id, Period.parse(str(newest["period"])), str(newest["source"]), day))
    return found


def due(catalogue: Catalogue, series: str, last: Period, source: str, day: date) -> Due:
    """What should be known on a day of a series whose newest figure is of ``last``, printed by ``source``."""
    family = catalogue.sources[source].family
    usual = Expectation(every=last.kind, lag_days=catalogue.series[series].lag_days)
    promised = catalogue.publication.expected.get(family, usual)
    expected = newest_due(last, promised, day)
    return Due(
        series=series,
        family=family,
        source=source,
        last=last,
        expected=expected,
        on=due_on(expected, promised),
        following=last + 1,
        next_on=due_on(last + 1, promised),
    )


def due_on(period: Period, promised: Expectation) -> date:
    """The day a period's figure is due: some days after it, or after the longer period it is printed with.

    >>> due_on(Period.parse("2026-01"), Expectation(every="quarter", lag_days=30))
    datetime.date(2026, 4, 30)
    """
    longer = promised.every.per_year < period.kind.per_year
    return (period.to(promised.every) if longer else period).end + timedelta(days=promised.lag_days)


def newest_due(like: Period, promised: Expectation, day: date) -> Period:
    """The newest period, of the kind of another, whose figure was due on a day.

    >>> str(newest_due(Period.parse("2025-01"), Expectation(every="month", lag_days=7), date(2026, 11, 6)))
    '2026-09'
    >>> str(newest_due(Period.parse("CY2020"), Expectation(every="CY", lag_days=180), date(2026, 6, 29)))
    'CY2025'
    """
    found = Period.containing(day, like.kind)
    while due_on(found, promised) > day:
        found += -1
    return found
