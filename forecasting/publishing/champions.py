"""The champions' forecasts on today's data, each checked against its golden forecast."""

from __future__ import annotations

from datetime import date

import numpy as np

from forecasting.balance.joint import Group, published
from forecasting.data.revisions import widen
from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import Progress, silent, still_to_come, touching, view
from forecasting.evaluation.experiment import Experiment
from forecasting.frames import Forecast
from forecasting.models import build
from forecasting.models.total import Total
from forecasting.publishing.release import Release, Released

GOLDEN_TOLERANCE = 1e-6  # relative; optimisers differ by less on one machine


def forecast_paths(
    store: Store, release: Release, as_of: date, progress: Progress = silent
) -> list[Forecast]:
    """The joint sample paths of every published series, as known on a day.

    Months, fiscal years and calendar years are forecasts of their own; draw ``d`` is the same world in all.
    """
    groups = []
    for done, experiment in enumerate(release.experiments):
        progress(done, len(release.experiments))
        groups.append(_group(store, release, experiment, as_of))
    progress(len(release.experiments), len(release.experiments))
    return published(groups, store.catalogue, release.experiments[0].seed)


def _group(store: Store, release: Release, experiment: Experiment, as_of: date) -> Group:
    panel, regressors = view(store, experiment, as_of, None, experiment.end)
    forecasts = []
    for id in experiment.series:
        if id not in release.champions:
            raise DataError(f"{id} has no champion; run: forecast run experiments/{experiment.name}.yaml")
        champion = release.champions[id]
        recipe = champion.recipe
        if isinstance(recipe, Total):
            raise DataError(f"{id} is released as a sum, but {experiment.name} forecasts it on its own")
        pooled = build(recipe.model, recipe.parameters).pooled
        mine = panel if pooled else panel.only(id)
        forecast = recipe.apply(mine, touching(regressors, mine, store)).only(id)
        if mine.digest() == recipe.panel_digest:
            _require_golden(id, champion, forecast)
        forecasts.append(forecast)
    revisions = still_to_come(store, experiment.series, as_of)
    widened = widen(Forecast.joined(forecasts), revisions, seed=experiment.seed)
    return Group(widened, panel, release.errors[experiment.name])


def _require_golden(id: str, champion: Released, forecast: Forecast) -> None:
    now = forecast.quantiles()["value"].to_numpy(dtype=float)
    then = champion.golden["value"].to_numpy(dtype=float)
    if len(now) != len(then) or not np.allclose(now, then, rtol=GOLDEN_TOLERANCE, atol=1e-12):
        worst = float(np.max(np.abs(now / then - 1))) if len(now) == len(then) else float("nan")
        raise DataError(
            f"{id}: the recipe of {champion.model} no longer gives its golden forecast (moved by up to {worst:.2%}); "
            "a library or the code has changed: run the experiment again and promote"
        )
