"""Forecasts really issued, judged, and what a rival would have said on the same days.

Editions hold quantiles, not paths, so the loss is the CRPS over the published levels
:data:`~forecasting.frames.LEVELS`: twice the mean quantile loss, in units of the naive error of the past as known on
the day of the edition.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from forecasting.data.revisions import widen
from forecasting.data.store import Store
from forecasting.errors import DataError, ForecastingError
from forecasting.evaluation.backtest import still_to_come, touching, view
from forecasting.evaluation.experiment import Candidate, Experiment
from forecasting.evaluation.metrics import scale
from forecasting.evaluation.promotion import ISSUED
from forecasting.frames import LEVELS, Array, Panel
from forecasting.models import build
from forecasting.periods import Period

EDITIONS = ("edition", "as_of", "series", "period", "quantile", "value")


def issued_losses(
    store: Store,
    experiment: Experiment,
    as_of: date,
    editions: pd.DataFrame,
    models: dict[str, tuple[str, str]],
) -> pd.DataFrame:
    """The losses of forecasts really issued and of the rivals' forecasts as of the same days.

    ``editions`` has the columns :data:`EDITIONS`, one row a published quantile, ``as_of`` as an ISO day; ``models``
    gives champion and challenger labels by series. What was issued counts as the champion's. Gives the columns
    :data:`~forecasting.evaluation.promotion.ISSUED`; only periods observed by ``as_of`` and not known at the edition
    are judged. A rival that refuses on a day has no loss on it.
    """
    missing = [column for column in EDITIONS if column not in editions]
    if missing:
        raise DataError(f"the table of issued forecasts has no column {', '.join(missing)}")
    actuals, _ = view(store, experiment, as_of, None, experiment.end)
    kind = str(experiment.end.kind)
    mine = editions[editions["series"].isin(set(models) & set(actuals.ids))]
    mine = mine.loc[[str(Period.parse(label).kind) == kind for label in mine["period"]]]
    rows: list[dict[str, object]] = []
    for (edition, day), table in mine.groupby(["edition", "as_of"], sort=True):
        known = date.fromisoformat(str(day))
        then, _ = view(store, experiment, known, None, experiment.end)
        for series, one in table.groupby("series", sort=True):
            rows += _edition(
                store, experiment, known, str(edition), str(series), one, actuals, then, models[str(series)]
            )
    return pd.DataFrame(rows, columns=list(ISSUED))


def _edition(
    store: Store, experiment: Experiment, known: date, edition: str, series: str, table: pd.DataFrame,
    actuals: Panel, then: Panel, models: tuple[str, str],
) -> list[dict[str, object]]:  # fmt: skip
    if series not in then.ids:
        return []
    history = then.trimmed(series)
    actual = actuals.values[series].dropna()
    wide = table.pivot(index="period", columns="quantile", values="value")
    judged = [
        p
        for p in map(Period.parse, wide.index)
        if p.ordinal > history.index[-1] and p.ordinal in actual.index
    ]
    unit = scale(history.to_numpy(dtype=float), then.kind.per_year)
    if not judged or not np.isfinite(unit) or not set(LEVELS) <= set(wide.columns):
        return []
    champion, challenger = models
    published = wide[list(LEVELS)].loc[[str(p) for p in judged]].to_numpy(dtype=float)
    candidate = next(c for c in experiment.models if c.name == challenger)
    rival = _replayed(store, experiment, known, then, series, candidate, judged)
    rows: list[dict[str, object]] = []
    for label, quantiles in ((champion, published), (challenger, rival)):
        if quantiles is None:
            continue
        for period, row in zip(judged, quantiles, strict=True):
            loss = _crps(float(actual[period.ordinal]), row) / unit
            rows.append(dict(zip(ISSUED, (series, edition, str(period), label, loss), strict=True)))
    return rows


def _replayed(
    store: Store, experiment: Experiment, known: date, then: Panel, series: str, candidate: Candidate,
    judged: list[Period],
) -> Array | None:  # fmt: skip
    """The rival's quantiles at the published levels as of a day, (periods, levels); None where it refuses."""
    _, regressors = view(store, experiment, known, None, experiment.end)
    model = build(candidate.model, candidate.parameters)
    panel = then if model.pooled else then.only(series)
    revisions = {id: size for id, size in still_to_come(store, panel.ids, known).items() if id == series}
    try:
        model.fit(panel, touching(regressors, panel, store))
        forecast = model.predict(max(judged), paths=experiment.paths, seed=experiment.seed).only(series)
    except (ForecastingError, np.linalg.LinAlgError, ValueError, FloatingPointError):
        return None
    paths = widen(forecast, revisions, seed=experiment.seed).of(series)
    return np.stack([np.quantile(paths[p - forecast.first], LEVELS) for p in judged])


def _crps(actual: float, quantiles: Array) -> float:
    levels = np.asarray(LEVELS)
    error = actual - quantiles
    return float(2 * np.mean(np.maximum(levels * error, (levels - 1) * error)))
