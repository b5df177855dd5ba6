"""An experiment carried out: scores, leaderboard, winners and their recipes with golden forecasts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from forecasting.data.store import Store
from forecasting.errors import DataError, Fault
from forecasting.evaluation.backtest import Plan, plan, run, seen_now, touching, view
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.comparison import confidence
from forecasting.evaluation.covariates import Foresight
from forecasting.evaluation.engine import HERE, Progress, Workers, silent
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.fits import Origin
from forecasting.evaluation.horizon import refused
from forecasting.evaluation.leaderboard import COLUMNS, leaderboard, winners, with_unjudged
from forecasting.evaluation.scoring import score, with_failures
from forecasting.evaluation.winnerless import unheld, unknown, untried
from forecasting.frames import Panel, Scores
from forecasting.models import build
from forecasting.models.recipe import Recipe
from forecasting.models.total import Member, Total

NAIVE = ("naive", "seasonal_naive")  # models, whatever their labels
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
        forecast = self.recipe.refit(self.panel, self.regressors, wanted=self.series)
        return forecast.quantiles().assign(kind=str(forecast.kind))


@dataclass(frozen=True)
class Outcome:
    """What an experiment found out.

    ``data_digest`` is the SHA-256 of all that its models could see, today and at every origin: panels with their
    ceilings and sums, regressors, revisions to come. ``faults`` says of each series without a winner why it has none.
    """

    experiment: Experiment
    as_of: date
    scores: Scores
    forecasts: pd.DataFrame
    board: pd.DataFrame
    winners: dict[str, Winner]
    data_digest: str
    faults: tuple[Fault, ...] = ()

    @property
    def unjudged(self) -> dict[str, str]:
        """The winners that no origin could judge, by series: each the only model of its file."""
        return _unjudged(self.scores, {id: winner.model for id, winner in self.winners.items()})

    @cached_property
    def confidence(self) -> pd.DataFrame:
        """Every model against the best one of its series (:func:`~forecasting.evaluation.comparison.confidence`)."""
        found = confidence(self.scores, self.experiment.metric)
        rows = [
            {"series": id, "model": model, "best": "", "pairs": 0, "overlap": 0, "untested": "never judged"}
            for id, model in self.unjudged.items()
        ]
        tables = [table for table in (found, pd.DataFrame(rows)) if len(table)]
        return pd.concat(tables, ignore_index=True).reindex(columns=found.columns) if tables else found


def demand(faults: Sequence[Fault]) -> None:
    """Raise :class:`DataError` with the faults of outcomes, if there are any."""
    if faults:
        raise DataError(f"{len(faults)} series or experiment(s) have no model to be forecast by", faults)


def carry_out(
    store: Store,
    experiment: Experiment,
    as_of: date,
    cache: Cache,
    workers: Workers = HERE,
    progress: Progress = silent,
) -> Outcome:
    """Backtest every model, choose the best for each series, and write its recipe on today's data.

    A model wins when it also forecasts from all that is known to the horizon; where it cannot, that is a failure of it
    at the last period known, and the next best is tried; so is the model with the lowest mean, which the promotion gate
    looks at whatever the margin. A series that no model held on has no winner and a fault instead (:func:`demand`).
    Raises :class:`DataError` when there is nothing to backtest or to forecast at all.
    """
    foresight = Foresight(cache)
    found = plan(store, experiment, as_of, foresight)
    scores, forecasts = score(found, cache, run(found, cache, workers, progress))
    now = seen_now(store, experiment, as_of, foresight)
    panel, regressors = now.panel, now.regressors
    tried: set[tuple[str, str]] = set()
    for margin in (0.0, experiment.margin):
        chosen, faults = _chosen(experiment, scores, panel.ids, margin)
        while trying := dict(chosen.items() - tried):
            said = refused(experiment, now, trying, cache, workers)
            tried |= trying.items()
            if said:
                failed = {id: (trying[id], words) for id, words in said.items()}
                scores = with_failures(scores, panel.last, failed)
                chosen, faults = _chosen(experiment, scores, panel.ids, margin)
    board = leaderboard(scores, experiment.metric)
    records = _records(experiment, board)
    kept = {
        id: _winner(store, experiment, as_of, id, model, panel, regressors, records.get((id, model)))
        for id, model in chosen.items()
    }
    board = with_unjudged(board, _unjudged(scores, chosen))
    return Outcome(experiment, as_of, scores, forecasts, board, kept, _seen(found, now), tuple(faults))


def _unjudged(scores: Scores, chosen: Mapping[str, str]) -> dict[str, str]:
    judged = set(scores.frame["series"])
    return {id: model for id, model in chosen.items() if id not in judged}


def _seen(found: Plan, now: Origin) -> str:
    origins = {work.origin.cutoff: work.origin for work in found.works}
    told = [(str(cutoff), origin.digest()) for cutoff, origin in origins.items()]
    return hashlib.sha256(repr([now.digest(), told]).encode()).hexdigest()


def _chosen(
    experiment: Experiment, scores: Scores, ids: Sequence[str], margin: float
) -> tuple[dict[str, str], list[Fault]]:
    """The winner of each series, and why some have none; a sole model stands where nothing could be judged."""
    names = [candidate.name for candidate in experiment.models]
    frame = scores.frame
    best = winners(scores, experiment.metric, names, margin) if len(frame) else {}
    tried = set(frame["series"])
    chosen, faults = {}, []
    for id in experiment.series:
        where = f"{experiment.name}: {id}"
        if id not in ids:
            faults.append(unknown(where))
        elif id in best:
            chosen[id] = best[id]
        elif id in tried:
            faults.append(unheld(where, scores.of(id), len(names)))
        elif len(names) == 1:
            chosen[id] = names[0]
        else:
            faults.append(untried(where, experiment))
    return chosen, faults


def _records(experiment: Experiment, board: pd.DataFrame) -> dict[tuple[str, str], Mapping[Any, Any]]:
    """The rows of a leaderboard by series and model, with the scores of the better naive model of the series."""
    labels = {one.name for one in experiment.models if one.model in NAIVE}
    judged = board[board["model"].isin(labels) & (board["failures"] == 0)].dropna(subset=["crps"])
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
    records = _records(outcome.experiment, outcome.board)
    kept = {
        id: _winner(
            store, outcome.experiment, outcome.as_of, id, label, panel, regressors, records.get((id, label))
        )
        for id, label in other.items()
    }
    return replace(outcome, winners={**outcome.winners, **kept})
