"""Forecasts really issued, judged, and what a rival would have said on the same days.

Editions hold quantiles, not paths, so the loss is the CRPS over the published levels
:data:`~forecasting.frames.LEVELS`: twice the mean quantile loss, in units of the naive error of the past as known on
the day of the edition.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import seen_now, still_to_come, view
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.covariates import Foresight
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.fits import Fit, Origin
from forecasting.evaluation.horizon import to_the_end
from forecasting.evaluation.metrics import scale
from forecasting.evaluation.promotion import ISSUED, spelt
from forecasting.evaluation.scoring import PICKS
from forecasting.frames import LEVELS, Array, Panel
from forecasting.periods import Period

EDITIONS = ("edition", "as_of", "series", "period", "quantile", "value", "recipe")


def issued_losses(
    store: Store,
    experiment: Experiment,
    as_of: date,
    editions: pd.DataFrame,
    models: dict[str, tuple[str, str]],
    cache: Cache,
) -> pd.DataFrame:
    """The losses of forecasts that champions really issued and of the rivals' forecasts as of the same days.

    ``editions`` has the columns :data:`EDITIONS`, one row a published quantile, ``as_of`` as an ISO day and ``recipe``
    what it was made by (:func:`~forecasting.evaluation.promotion.spelt`); ``models`` gives champion and challenger
    labels by series. Only what the champion itself said counts as its forecast. Gives the columns
    :data:`~forecasting.evaluation.promotion.ISSUED`; only periods observed by ``as_of`` and not known at the edition
    are judged. A rival that refuses on a day has no loss on it; what it says is kept like the fits of a backtest.
    """
    missing = [column for column in EDITIONS if column not in editions]
    if missing:
        raise DataError(f"the table of issued forecasts has no column {', '.join(missing)}")
    bare = experiment.model_copy(update={"covariates": ()})
    actuals, _ = view(store, bare, as_of, None, experiment.end)
    kind = str(experiment.end.kind)
    known = {one.name: spelt(one.model, one.parameters) for one in experiment.models}
    own = {id: known[champion] for id, (champion, _) in models.items() if id in actuals.ids}
    mine = editions[editions["recipe"] == editions["series"].map(own)]
    mine = mine.loc[[str(Period.parse(label).kind) == kind for label in mine["period"]]]
    rows: list[dict[str, object]] = []
    for day, on_day in mine.groupby("as_of", sort=True):
        rivals = {str(id): models[str(id)][1] for id in on_day["series"].unique()}
        try:
            origin = _seen_on(store, experiment, date.fromisoformat(str(day)), Foresight(cache))
        except DataError:
            continue
        then = origin.panel
        heard = {id: label for id, label in rivals.items() if id in then.ids}
        replayed = to_the_end(experiment, origin, heard, cache)
        for (edition, name), one in on_day.groupby(["edition", "series"], sort=True):
            series = str(name)
            judged = _judged(one, series, actuals, then)
            if not judged:
                continue
            champion, challenger = models[series]
            said = {champion: _published(one, judged)}
            if not replayed[series].refusal:
                said[challenger] = _quantiles(replayed[series], then.last, judged)
            unit = scale(then.trimmed(series).to_numpy(dtype=float), then.kind.per_year)
            for label, quantiles in said.items():
                for period, row in zip(judged, quantiles, strict=True):
                    loss = _crps(float(actuals.values[series][period.ordinal]), row) / unit
                    rows.append(dict(zip(ISSUED, (series, edition, str(period), label, loss), strict=True)))
    return pd.DataFrame(rows, columns=list(ISSUED))


def _seen_on(store: Store, experiment: Experiment, day: date, foresight: Foresight) -> Origin:
    """What was known on the day of an edition, its last figures taken as still to be revised."""
    seen = seen_now(store, experiment, day, foresight)
    return replace(seen, revisions=still_to_come(store, seen.panel.ids, day))


def _judged(table: pd.DataFrame, series: str, actuals: Panel, then: Panel) -> list[Period]:
    """The published periods of a series that became known after the edition; none where no loss can be scaled."""
    if series not in then.ids or not set(LEVELS) <= set(table["quantile"]):
        return []
    history, actual = then.trimmed(series), actuals.values[series].dropna()
    if not np.isfinite(scale(history.to_numpy(dtype=float), then.kind.per_year)):
        return []
    periods = sorted({Period.parse(label) for label in table["period"]}, key=lambda one: one.ordinal)
    return [p for p in periods if p > then.last and p.ordinal in actual.index]


def _published(table: pd.DataFrame, judged: list[Period]) -> Array:
    """What was published, (periods, levels)."""
    wide = table.pivot(index="period", columns="quantile", values="value")
    return wide[list(LEVELS)].loc[[str(p) for p in judged]].to_numpy(dtype=float)


def _quantiles(fit: Fit, last: Period, judged: list[Period]) -> Array:
    """A rival's quantiles at the published levels, (periods, levels)."""
    return fit.quantiles[[p - last - 1 for p in judged]][:, PICKS]


def _crps(actual: float, quantiles: Array) -> float:
    levels = np.asarray(LEVELS)
    error = actual - quantiles
    return float(2 * np.mean(np.maximum(levels * error, (levels - 1) * error)))
