"""Calendar features of months: working length, fiscal year end, and the festive season before Diwali."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import cache

import pandas as pd

from forecasting.periods import Kind, Period

FESTIVE_DAYS = 30  # Navratri to Diwali, the dealers' season, counted back from Diwali


@cache
def diwali(year: int) -> date:
    """The day of Diwali in India, from the ``holidays`` package.

    >>> diwali(2025)
    datetime.date(2025, 10, 20)
    """
    import holidays

    days = holidays.country_holidays("IN", years=year, language="en_IN")
    found = [day for day, name in days.items() if "Diwali" in name]
    return min(found)


def festive_share(month: Period) -> float:
    """The part of the festive season that falls into a month, 0 to 1."""
    feast = diwali(month.year)
    season = [feast - timedelta(days=back) for back in range(FESTIVE_DAYS)]
    return sum((day.year, day.month) == (month.year, month.part) for day in season) / FESTIVE_DAYS


def calendar_features(first: Period, last: Period) -> pd.DataFrame:
    """Columns ``calendar.festive``, ``calendar.march`` and ``calendar.days`` for months; none for years.

    The features of a future period are as certain as those of a past one.
    """
    periods = [first + i for i in range(last - first + 1)]
    index = pd.Index([p.ordinal for p in periods])
    if first.kind is not Kind.MONTH:
        return pd.DataFrame(index=index)
    return pd.DataFrame(
        {
            "calendar.festive": [festive_share(p) for p in periods],
            "calendar.march": [float(p.part == 3) for p in periods],
            "calendar.days": [calendar.monthrange(p.year, p.part)[1] / 30.4375 - 1 for p in periods],
        },
        index=index,
    )
