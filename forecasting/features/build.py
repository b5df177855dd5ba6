"""What every builder shares: the panel of a group and the regressors that reach to the horizon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.store import believed
from forecasting.errors import DataError
from forecasting.features.breaks import break_regressors
from forecasting.features.calendar import calendar_features
from forecasting.features.events import event_regressors
from forecasting.frames import Observations, Panel
from forecasting.periods import Period

Builder = Callable[[Observations, Catalogue, date, Sequence[str], Period], Panel]


def known_on(catalogue: Catalogue, ids: Sequence[str], period: Period) -> date:
    """The day by which all the series of a group have published a period, by their declared lags."""
    return period.end + timedelta(days=max(catalogue.series[id].lag_days for id in ids))


def covariates(
    observations: Observations,
    catalogue: Catalogue,
    as_of: date,
    panel: Panel,
    horizon: Period,
    kinds: Sequence[str],
) -> Panel | None:
    """The regressors of a panel from its first period to the horizon.

    ``kinds`` may hold ``events``, ``breaks``, ``calendar`` and ``plan``; a plan is the announced targets of
    each series and keeps its id as the column name. None when there is nothing.
    """
    index = pd.RangeIndex(panel.first.ordinal, horizon.ordinal + 1)
    frames = []
    if "events" in kinds:
        frames.append(event_regressors(catalogue, panel.ids, panel.first, horizon, as_of))
    if "breaks" in kinds:
        frames.append(break_regressors(catalogue, panel.ids, panel.first, horizon, as_of))
    if "calendar" in kinds:
        frames.append(calendar_features(panel.first, horizon))
    if "plan" in kinds:
        frames.append(plan(observations.as_of(as_of), catalogue, panel.ids, index))
    frames = [frame for frame in frames if len(frame.columns)]
    if not frames:
        return None
    return Panel(panel.kind, pd.concat(frames, axis=1).reindex(index))


def plan(known: Observations, catalogue: Catalogue, ids: Sequence[str], index: pd.RangeIndex) -> pd.DataFrame:
    """Announced targets by period, one column a series, NaN where nothing was announced."""
    columns = {}
    for id in ids:
        rows = believed(known, catalogue, id, ["target"])
        targets = {
            Period.parse(p).ordinal: float(v) for p, v in zip(rows["period"], rows["value"], strict=True)
        }
        columns[id] = pd.Series(targets, dtype=float).reindex(index)
    return pd.DataFrame(columns, index=index)


def require(ids: Sequence[str], panel: Panel) -> Panel:
    """The panel, if it holds every series asked for."""
    missing = sorted(set(ids) - set(panel.ids))
    if missing:
        raise DataError(f"no fittable observation of {', '.join(missing)}; check status and sources")
    return panel
