"""Forecasts really issued, judged, and what a rival would have said on the same days.

Editions hold quantiles, not paths, so the loss is the CRPS over the published levels
:data:`~forecasting.frames.LEVELS`: twice the mean quantile loss, in units of the naive error of the past as known on
the day of the edition.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from forecasting.data.revisions import widen
from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import still_to_come, touching, view
from forecasting.evaluation.experiment import Candidate, Experiment
from forecasting.evaluation.fits import REFUSALS
from forecasting.evaluation.metrics import scale
from forecasting.evaluation.promotion import ISSUED
from forecasting.frames import LEVELS, Array, Forecast, Panel
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
    are judged. A rival that refuses on a day has no loss on it; it is fitted once a day.
    """
    missing = [column for column in EDITIONS if column not in editions]
    if missing:
        raise DataError(f"the table of issued forecasts has no column {', '.join(missing)}")
    bare = experiment.model_copy(update={"covariates": ()})
    actuals, _ = view(store, bare, as_of, None, experiment.end)
    kind = str(experiment.end.kind)
    mine = editions[editions["series"].isin(set(models) & set(actuals.ids))]
    mine = mine.loc[[str(Period.parse(label).kind) == kind for label in mine["period"]]]
    candidates = {candidate.name: candidate for candidate in experiment.models}

    @cache
    def known_on(day: date) -> Panel:
        return view(store, bare, day, None, experiment.end)[0]

    @cache
    def replayed(day: date, label: str, ids: tuple[str, ...]) -> Forecast | None:
        return _replayed(store, experiment, candidates[label], day, known_on(day).only(*ids), actuals.last)

    rows: list[dict[str, object]] = []
    for (edition, day), table in mine.groupby(["edition", "as_of"], sort=True):
        known = date.fromisoformat(str(day))
        then = known_on(known)
        for id, one in table.groupby("series", sort=True):
            series = str(id)
            judged = _judged(one, series, actuals, then)
            if not judged:
                continue
            champion, challenger = models[series]
            candidate = candidates[challenger]
            pooled = build(candidate.model, candidate.parameters).pooled
            forecast = replayed(known, challenger, tuple(then.ids) if pooled else (series,))
            said = {champion: _published(one, judged)}
            if forecast is not None:
                said[challenger] = _quantiles(store, experiment, forecast, series, known, judged)
            unit = scale(then.trimmed(series).to_numpy(dtype=float), then.kind.per_year)
            for label, quantiles in said.items():
                for period, row in zip(judged, quantiles, strict=True):
                    loss = _crps(float(actuals.values[series][period.ordinal]), row) / unit
                    rows.append(dict(zip(ISSUED, (series, edition, str(period), label, loss), strict=True)))
    return pd.DataFrame(rows, columns=list(ISSUED))


def _judged(table: pd.DataFrame, series: str, actuals: Panel, then: Panel) -> list[Period]:
    """The published periods of a series that became known after the edition; none where no loss can be scaled."""
    if series not in then.ids or not set(LEVELS) <= set(table["quantile"]):
        return []
    history, actual = then.trimmed(series), actuals.values[series].dropna()
    if not np.isfinite(scale(history.to_numpy(dtype=float), then.kind.per_year)):
        return []
    periods = sorted({Period.parse(label) for label in table["period"]}, key=lambda one: one.ordinal)
    return [p for p in periods if p.ordinal > history.index[-1] and p.ordinal in actual.index]


def _published(table: pd.DataFrame, judged: list[Period]) -> Array:
    """What was published, (periods, levels)."""
    wide = table.pivot(index="period", columns="quantile", values="value")
    return wide[list(LEVELS)].loc[[str(p) for p in judged]].to_numpy(dtype=float)


def _replayed(
    store: Store, experiment: Experiment, candidate: Candidate, known: date, panel: Panel, last: Period
) -> Forecast | None:
    """The rival's forecast as of a day, through the last period observed since; None where it refuses."""
    try:
        _, regressors = view(store, experiment, known, None, experiment.end)
        model = build(candidate.model, candidate.parameters)
        model.fit(panel, touching(regressors, panel, store))
        return model.predict(last, paths=experiment.paths, seed=experiment.seed)
    except REFUSALS:
        return None


def _quantiles(
    store: Store, experiment: Experiment, forecast: Forecast, series: str, known: date, judged: list[Period]
) -> Array:
    """A rival's quantiles at the published levels, (periods, levels), its last figure taken as still to be revised."""
    revisions = {id: size for id, size in still_to_come(store, forecast.ids, known).items() if id == series}
    paths = widen(forecast.only(series), revisions, seed=experiment.seed).of(series)
    return np.stack([np.quantile(paths[p - forecast.first], LEVELS) for p in judged])


def _crps(actual: float, quantiles: Array) -> float:
    levels = np.asarray(LEVELS)
    error = actual - quantiles
    return float(2 * np.mean(np.maximum(levels * error, (levels - 1) * error)))
