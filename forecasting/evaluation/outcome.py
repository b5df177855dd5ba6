"""An experiment carried out: scores, leaderboard, winners and their recipes with golden forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import plan, run, touching, view
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.engine import HERE, Progress, Workers, silent
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.leaderboard import COLUMNS, leaderboard, winners
from forecasting.evaluation.scoring import score
from forecasting.frames import Panel, Scores
from forecasting.models import build
from forecasting.models.recipe import Recipe
from forecasting.models.total import Member, Total

NAIVE = ("naive", "seasonal_naive")
YARDSTICK = ("naive_mase", "naive_crps")  # what a champion's own scores are held against


@dataclass(frozen=True)
class Winner:
    """The chosen model of one series: its recipe, what it was fitted on, and its backtest record."""

    series: str
    model: str
    recipe: Recipe | Total
    panel: Panel
    regressors: Panel | None
    record: dict[str, float]

    def golden(self) -> pd.DataFrame:
        """The quantile forecast the recipe gives today, with the period kind."""
        forecast = self.recipe.refit(self.panel, self.regressors).only(self.series)
        return forecast.quantiles().assign(kind=str(forecast.kind))


@dataclass(frozen=True)
class Outcome:
    """What an experiment found out."""

    experiment: Experiment
    as_of: date
    scores: Scores
    forecasts: pd.DataFrame
    board: pd.DataFrame
    winners: dict[str, Winner]


def carry_out(
    store: Store,
    experiment: Experiment,
    as_of: date,
    cache: Cache,
    workers: Workers = HERE,
    progress: Progress = silent,
) -> Outcome:
    """Backtest every model, choose the best for each series, and write its recipe on today's data.

    Raises :class:`~forecasting.errors.DataError` when a series has no model that held through the backtest.
    """
    found = plan(store, experiment, as_of)
    scores, forecasts = score(found, cache, run(found, cache, workers, progress))
    panel, regressors = view(store, experiment, as_of, None, experiment.end)
    chosen = _chosen(experiment, scores, panel.ids)
    board = leaderboard(scores)
    records = _records(board)
    kept = {
        id: _winner(store, experiment, as_of, id, model, panel, regressors, records.get((id, model)))
        for id, model in chosen.items()
    }
    return Outcome(experiment, as_of, scores, forecasts, board, kept)


def _chosen(experiment: Experiment, scores: Scores, ids: Sequence[str]) -> dict[str, str]:
    missing = sorted(set(experiment.series) - set(ids))
    if missing:
        raise DataError(f"{experiment.name}: no fittable observation of {', '.join(missing)}")
    sole = experiment.models[0].name if len(experiment.models) == 1 else None
    chosen = _judged(experiment, scores)
    unjudged = [id for id in ids if id not in chosen]
    if unjudged and sole is None:
        raise DataError(
            f"{experiment.name}: {', '.join(unjudged)} could not be backtested from {experiment.backtest.first} on; "
            "choose an earlier first origin or name a single model"
        )
    return {id: chosen.get(id, sole or "") for id in ids}


def _judged(experiment: Experiment, scores: Scores) -> dict[str, str]:
    names = [candidate.name for candidate in experiment.models]
    return winners(scores, experiment.metric, names, experiment.margin) if len(scores.frame) else {}


def _records(board: pd.DataFrame) -> dict[tuple[str, str], Mapping[Any, Any]]:
    """The rows of a leaderboard by series and model, with the scores of the better naive model of the series."""
    judged = board[board["model"].isin(NAIVE) & (board["failures"] == 0)].dropna(subset=["crps"])
    best = judged.sort_values(["series", "crps"]).drop_duplicates("series").set_index("series")
    yardsticks = {
        str(series): {"naive_mase": row["mase"], "naive_crps": row["crps"]} for series, row in best.iterrows()
    }
    rows = board.to_dict("records")
    return {
        (str(row["series"]), str(row["model"])): row | yardsticks.get(str(row["series"]), {}) for row in rows
    }


def _winner(
    store: Store,
    experiment: Experiment,
    as_of: date,
    id: str,
    name: str,
    panel: Panel,
    regressors: Panel | None,
    judged: Mapping[Any, Any] | None,
) -> Winner:
    candidate = next(c for c in experiment.models if c.name == name)
    pooled = build(candidate.model, candidate.parameters).pooled
    fitted_on = panel if pooled else panel.only(id)
    concerning = touching(regressors, fitted_on, store)
    recipe = Recipe.of(
        fitted_on,
        candidate.model,
        candidate.parameters,
        experiment.end,
        paths=experiment.paths,
        seed=experiment.seed,
        covariates=concerning,
        as_of=as_of.isoformat(),
    )
    held = judged or {}
    record = {column: float(held[column]) for column in (*COLUMNS, *YARDSTICK) if column in held}
    return Winner(id, name, recipe, fitted_on, concerning, record)


def errors(outcome: Outcome) -> pd.DataFrame:
    """Mean log errors of the winners by origin: rows are origins, columns series; the template of dependence.

    Only origins at which every series was judged are kept, so that rows are aligned possible worlds.
    """
    frame = outcome.scores.frame
    mine = frame[frame["model"] == frame["series"].map({id: w.model for id, w in outcome.winners.items()})]
    mine = mine[(mine["failure"] == "") & (mine["actual"] > 0) & (mine["point"] > 0)]
    ratio = mine.assign(error=np.log(mine["actual"].to_numpy() / mine["point"].to_numpy()))
    return ratio.pivot_table(index="cutoff", columns="series", values="error", aggfunc="mean").dropna()


def totals(store: Store, outcome: Outcome) -> dict[str, Winner]:
    """The aggregates of the catalogue whose parts this experiment forecasts, as recipes of their own."""
    ids = list(outcome.winners)
    past = errors(outcome)
    panel, regressors = view(store, outcome.experiment, outcome.as_of, None, outcome.experiment.end)
    members = tuple(
        Member(
            series=id,
            recipe=winner.recipe,
            covariates=() if winner.regressors is None else tuple(winner.regressors.ids),
        )
        for id, winner in outcome.winners.items()
        if isinstance(winner.recipe, Recipe)
    )
    template = past[ids].to_numpy(dtype=float).tolist() if set(ids) <= set(past.columns) else []
    found = {}
    for id, series in store.catalogue.series.items():
        if series.sum_of and set(series.sum_of) <= set(ids):
            recipe = Total(
                total=id,
                parts=series.sum_of,
                members=members,
                errors=tuple(tuple(row) for row in template),
                seed=outcome.experiment.seed,
            )
            found[id] = Winner(id, "sum", recipe, panel, regressors, {})
    return found


def in_force(store: Store, outcome: Outcome, labels: Mapping[str, str]) -> Outcome:
    """The outcome with the models in force by series where they are not its own winners."""
    other = {id: label for id, label in labels.items() if outcome.winners[id].model != label}
    if not other:
        return outcome
    panel, regressors = view(store, outcome.experiment, outcome.as_of, None, outcome.experiment.end)
    records = _records(outcome.board)
    kept = {
        id: _winner(
            store, outcome.experiment, outcome.as_of, id, label, panel, regressors, records.get((id, label))
        )
        for id, label in other.items()
    }
    return replace(outcome, winners={**outcome.winners, **kept})
