"""Registered breaks as regressors: a level shift from the first period after the break, for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from forecasting.catalogue import Break, Catalogue
from forecasting.periods import Period


def shifted(one: Break, period: Period) -> float:
    """How much of a period lies after a break, 0 to 1; a transition with an end rises evenly to 1.

    >>> from datetime import date
    >>> step = Break(title="t", touches=("x",), what="coverage", starts="2024-03", shift=True,
    ...              known=date(2024, 4, 7), note="n")
    >>> [shifted(step, Period.parse(label)) for label in ("2024-02", "2024-03", "2030-01")]
    [0.0, 1.0, 1.0]
    >>> round(shifted(step, Period.parse("CY2024")), 3)
    0.833
    """
    if one.starts is None:
        return 0.0
    start = Period.parse(one.starts).months()[0]
    whole = Period.parse(one.ends).months()[-1] if one.ends else start
    length = whole - start + 1
    return float(np.mean([min(max((month - start + 1) / length, 0.0), 1.0) for month in period.months()]))


def break_regressors(
    catalogue: Catalogue, series: Sequence[str], first: Period, last: Period, as_of: date
) -> pd.DataFrame:
    """One column ``break.<id>`` for each break of level known on a day in any of the series.

    Rows are the ordinals of the periods from first to last. A break that only changes what some rival source
    counts, and not the believed series, is not there.
    """
    periods = [first + i for i in range(last - first + 1)]
    columns = {
        f"break.{id}": [shifted(one, period) for period in periods]
        for name in series
        for id, one in catalogue.breaks_of(name).items()
        if one.shift and one.known <= as_of
    }
    return pd.DataFrame(columns, index=[p.ordinal for p in periods], dtype=float)
