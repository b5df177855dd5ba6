"""Policy events as regressors: nothing before the start, a ramp, full strength, nothing after the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue, Event
from forecasting.periods import Period


def strength(event: Event, period: Period) -> float:
    """How far an event is in force in a period, 0 to 1; a longer period takes the mean of its months.

    >>> from datetime import date
    >>> event = Event(title="t", date=date(2025, 4, 4), touches=("x",), direction="down", start="2025-04",
    ...               ramp_months=2, source="s")
    >>> [strength(event, Period.month(2025, m)) for m in (3, 4, 5, 6)]
    [0.0, 0.5, 1.0, 1.0]
    """
    start = Period.parse(event.start)
    end = Period.parse(event.end) if event.end else None
    values = []
    for month in period.months():
        if month < start or (end is not None and month > end):
            values.append(0.0)
        else:
            values.append(min(1.0, (month - start + 1) / max(event.ramp_months, 1)))
    return float(np.mean(values))


def event_regressors(
    catalogue: Catalogue, series: Sequence[str], first: Period, last: Period, as_of: date
) -> pd.DataFrame:
    """One column ``event.<id>`` for each event known on a day that touches any of the series.

    Rows are the ordinals of the periods from first to last. An event goes on to the last of them unless its end
    was known on that day; one that was not known itself is not there.
    """
    periods = [first + i for i in range(last - first + 1)]
    columns = {
        f"event.{id}": [strength(known, period) for period in periods]
        for name in series
        for id, event in catalogue.touching(name).items()
        if event.direction != "none" and (known := event.as_of(as_of)) is not None
    }
    return pd.DataFrame(columns, index=[p.ordinal for p in periods], dtype=float)
