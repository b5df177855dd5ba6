"""Covariates that are series themselves, with their own forecasts from what was known at an origin."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

import numpy as np
import pandas as pd

from forecasting.data.store import Store, believed
from forecasting.errors import DataError
from forecasting.evaluation.candidates import Driver
from forecasting.evaluation.fits import REFUSALS
from forecasting.features.panels import believed_panel
from forecasting.frames import Panel
from forecasting.models import build
from forecasting.periods import Period

DRAWS = 500  # of a driver's forecast, of which the median is taken


def driven(
    store: Store,
    drivers: Sequence[Driver],
    as_of: date,
    panel: Panel,
    declared: Panel | None,
    horizon: Period,
    seed: int,
) -> Panel:
    """The declared regressors and a column ``driver.<series>`` for each driver, to the horizon.

    A driver is seen as of the same day as the panel. After its last figure stands the median of its own model's
    forecast, or nothing where no model was named or the model broke; models that need it then fail in words. A
    driver nobody had heard of yet is an empty column, which models leave out. Raises :class:`DataError` when a
    log is asked of a driver that is not positive.
    """
    index = pd.RangeIndex(panel.first.ordinal, horizon.ordinal + 1)
    frames = [] if declared is None else [declared.values.reindex(index)]
    known = store.observations.as_of(as_of)
    for driver in drivers:
        heard_of = not believed(known, store.catalogue, driver.series).empty
        past = believed_panel(known, store.catalogue, [driver.series]) if heard_of else None
        column = pd.Series(dtype=float) if past is None else _column(past, driver, horizon, seed)
        frames.append(column.reindex(index).to_frame(f"driver.{driver.series}"))
    return Panel(panel.kind, pd.concat(frames, axis=1))


def _column(past: Panel, driver: Driver, horizon: Period, seed: int) -> pd.Series:
    values = past.trimmed(driver.series).astype(float)
    last = Period(past.kind, int(values.index[-1]))
    end = horizon + -driver.lag
    if driver.model is not None and end > last:
        mine = Panel(past.kind, values.to_frame(), dict(past.units))
        with suppress(*REFUSALS):
            made = build(driver.model, driver.parameters).fit(mine).predict(end, paths=DRAWS, seed=seed)
            ahead = pd.RangeIndex(last.ordinal + 1, end.ordinal + 1)
            values = pd.concat([values, pd.Series(np.median(made.of(driver.series), axis=1), index=ahead)])
    if driver.scale == "log":
        if bool((values <= 0).any()):
            raise DataError(
                f"{driver.series}: a driver that is not positive has no log; give it transform: none"
            )
        values = values.map(np.log)
    return values.set_axis(values.index + driver.lag)
