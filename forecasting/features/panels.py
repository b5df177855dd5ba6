"""From observations to a panel: the believed value of each period, gaps left open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.store import believed
from forecasting.errors import DataError
from forecasting.frames import Observations, Panel
from forecasting.periods import Kind, Period


def believed_panel(observations: Observations, catalogue: Catalogue, ids: Sequence[str]) -> Panel:
    """The believed, fittable values of some series side by side.

    Series without a single fittable observation are left out; unlike period kinds raise
    :class:`~forecasting.errors.PeriodError`, no series at all :class:`DataError`.
    """
    values: dict[str, dict[Period, float]] = {}
    for id in ids:
        rows = believed(observations, catalogue, id)
        if len(rows):
            periods = [Period.parse(label) for label in rows["period"]]
            values[id] = dict(zip(periods, rows["value"].astype(float), strict=True))
    if not values:
        raise DataError(
            f"nothing to fit for {', '.join(ids)}: no observation with a status that models may fit"
        )
    return Panel.of(values, {id: catalogue.series[id].unit for id in values})


def totals(panel: Panel, kind: Kind) -> Panel:
    """Totals of monthly series over fiscal or calendar years; a year with a missing month has no total.

    >>> months = {Period.month(2024, m): 1.0 for m in range(4, 13)} | {Period.month(2025, m): 1.0 for m in (1, 2)}
    >>> totals(Panel.of({"a": months}), Kind.FY).values["a"].tolist()
    [nan]
    """
    years = pd.Index([Period(panel.kind, int(o)).to(kind).ordinal for o in panel.values.index])
    span = range(int(years.min()), int(years.max()) + 1)
    counted = panel.values.notna().groupby(years).sum().reindex(span, fill_value=0)
    summed = panel.values.groupby(years).sum().reindex(span)
    whole = counted == 12
    return Panel(kind, summed.where(whole, np.nan), dict(panel.units))
