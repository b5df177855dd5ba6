"""One series at a time: a recipe applied to today's data, a champion's held against its golden forecast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecasting.data.revisions import Size, widen
from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import still_to_come, touching, view
from forecasting.evaluation.experiment import Experiment
from forecasting.frames import Array, Forecast, Panel
from forecasting.models.recipe import Recipe
from forecasting.models.total import Total
from forecasting.periods import Period
from forecasting.publishing.release import Release, Released

GOLDEN_TOLERANCE = 1e-6  # relative; optimisers differ by less on one machine
WAITED_FOR = 3  # periods; a series later than this does not hold its siblings back


@dataclass(frozen=True)
class View:
    """What the series of one experiment are fitted on, as known on a day, and the revisions still to come."""

    experiment: Experiment
    panel: Panel
    regressors: Panel | None
    revisions: Mapping[str, Size]

    @property
    def first(self) -> Period:
        """The first period forecast."""
        return self.panel.last + 1


@dataclass(frozen=True)
class Bench:
    """The fits of an edition: what each series is fitted on, and by which recipe."""

    store: Store
    release: Release
    as_of: date
    views: tuple[View, ...]

    @classmethod
    def of(cls, store: Store, release: Release, as_of: date) -> Bench:
        """Panels and regressors of every experiment of a release.

        Raises :class:`DataError` when a series of an experiment has no champion, or one only as a sum.
        """
        for experiment in release.experiments:
            for id in experiment.series:
                if id not in release.champions:
                    raise DataError(
                        f"{id} has no champion; run: forecast run experiments/{experiment.name}.yaml"
                    )
                if isinstance(release.champions[id].recipe, Total):
                    raise DataError(
                        f"{id} is released as a sum, but {experiment.name} forecasts it on its own"
                    )
        found = []
        for experiment in release.experiments:
            panel, regressors = seen_together(store, experiment, as_of)
            revisions = still_to_come(store, experiment.series, as_of)
            found.append(View(experiment, panel, regressors, revisions))
        return cls(store, release, as_of, tuple(found))

    @property
    def series(self) -> dict[str, View]:
        """Every series that is fitted, and the view it is fitted on."""
        return {id: one for one in self.views for id in one.experiment.series}

    def champion(self, id: str) -> Recipe:
        """The recipe of a series' champion."""
        recipe = self.release.champions[id].recipe
        assert isinstance(recipe, Recipe)  # of() refuses totals
        return recipe

    def panel(self, id: str, recipe: Recipe) -> Panel:
        """What a recipe is fitted on to forecast a series: all that a pooled model learnt from when it was chosen."""
        return fitted_on(self.series[id].panel, recipe)

    def plain(self, id: str, model: str) -> Recipe:
        """The recipe of a simple model for a series, without covariates."""
        one = self.series[id].experiment
        return Recipe.of(
            self.series[id].panel.only(id),
            model,
            {},
            one.end,
            paths=one.paths,
            seed=one.seed,
            as_of=self.as_of.isoformat(),
        )

    def alike(self, id: str, recipe: Recipe) -> Recipe:
        """A recipe with the horizon, number of paths and seed the series is forecast with today."""
        one = self.series[id].experiment
        return recipe.model_copy(update={"horizon": one.horizon, "paths": one.paths, "seed": one.seed})

    def fitted(self, id: str, recipe: Recipe, widening: float = 1.0) -> Forecast:
        """The forecast of one series by a recipe, its last figure taken as still to be revised.

        ``widening`` stretches its paths about their median on the logarithmic scale. Raises
        :class:`DataError` when the champion's recipe no longer gives its golden forecast or a path is not
        finite, and whatever the model raises.
        """
        at = self.series[id]
        panel = self.panel(id, recipe)
        forecast = recipe.apply(panel, touching(at.regressors, panel, self.store), wanted=id)
        if not np.isfinite(forecast.paths).all():
            raise DataError(f"{id}: paths of {recipe.model} are not finite numbers")
        champion = self.release.champions[id]
        if recipe == champion.recipe and panel.digest() == recipe.panel_digest:
            require_golden(id, champion, forecast)
        if widening != 1.0:
            forecast = replace(forecast, paths=stretched(forecast.paths, widening))
        sizes = {id: at.revisions[id]} if id in at.revisions else {}
        return widen(forecast, sizes, seed=at.experiment.seed)

    def reaches(self, id: str, forecast: Forecast) -> Iterator[str]:
        """What keeps a forecast from standing beside its siblings: another range or number of paths."""
        at = self.series[id]
        if (forecast.first, forecast.last) != (at.first, at.experiment.end):
            yield f"it runs from {forecast.first} to {forecast.last}, not to {at.experiment.end}"
        if forecast.paths.shape[2] != at.experiment.paths:
            yield f"it has {forecast.paths.shape[2]} paths, not {at.experiment.paths}"


def fitted_on(panel: Panel, recipe: Recipe) -> Panel:
    """The series of a recipe; raises :class:`DataError` when figures of one are not known."""
    missing = sorted(set(recipe.series) - set(panel.ids))
    if missing:
        raise DataError(f"no figure of {', '.join(missing)} was known, which {recipe.model} learns from")
    return panel.only(*recipe.series)


def seen_together(store: Store, experiment: Experiment, as_of: date) -> tuple[Panel, Panel | None]:
    """Panel and regressors of an experiment as known on a day, up to the period its series know together."""
    panel, regressors = view(store, experiment, as_of, None, experiment.end)
    together = known_together(panel)
    if together < panel.last:
        return view(store, experiment, as_of, together, experiment.end)
    return panel, regressors


def known_together(panel: Panel) -> Period:
    """The last period in which every series has its figure; those far behind are not waited for.

    Sums and years need all their parts: a month that only some of them know would be neither observed nor forecast for
    the rest, and its year would have no total.

    >>> first = Period.parse("2026-01")
    >>> str(known_together(Panel.of({"a": {first: 1.0, first + 1: 2.0}, "b": {first: 3.0}})))
    '2026-01'
    """
    known = [np.flatnonzero(~np.isnan(panel.column(id))) for id in panel.ids]
    ends = [panel.first.ordinal + int(places[-1]) for places in known if len(places)]
    return Period(panel.kind, min(end for end in ends if panel.last.ordinal - end <= WAITED_FOR))


def stretched(paths: Array, factor: float) -> Array:
    """Paths (…, draws) moved away from their median by a factor on the logarithmic scale; nought stays nought.

    >>> stretched(np.array([[0.0, 10.0, 20.0, 40.0, 80.0]]), 2.0).tolist()
    [[0.0, 5.0, 20.0, 80.0, 320.0]]
    """
    middle = np.median(paths, axis=-1, keepdims=True)
    apart = np.divide(paths, middle, out=np.ones_like(paths), where=middle > 0)
    return np.asarray(np.where(middle > 0, middle * apart**factor, paths))


def require_golden(id: str, champion: Released, forecast: Forecast) -> None:
    """Raise :class:`DataError` when a champion's forecast on its own data is not the one it was chosen for."""
    now = forecast.quantiles()["value"].to_numpy(dtype=float)
    then = champion.golden["value"].to_numpy(dtype=float)
    if len(now) != len(then) or not np.allclose(now, then, rtol=GOLDEN_TOLERANCE, atol=1e-12):
        worst = float(np.max(np.abs(now / then - 1))) if len(now) == len(then) else float("nan")
        raise DataError(
            f"{id}: the recipe of {champion.model} no longer gives its golden forecast (moved by up to {worst:.2%}); "
            "a library or the code has changed: run the experiment again and promote"
        )
