"""Who forecasts what best: mean scores a model and series, and the winner of each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from forecasting.evaluation.comparison import COLUMN
from forecasting.frames import Scores

COLUMNS = [
    "mase",
    "crps",
    "path",
    "coverage_50",
    "coverage_80",
    "coverage_95",
    "points",
    "origins",
    "failures",
]


def leaderboard(scores: Scores, metric: str = "crps") -> pd.DataFrame:
    """One row a series and model, lowest mean of a metric first; models with failures come after those without.

    Columns: ``series, model`` and :data:`COLUMNS`; MASE (point), CRPS (quantiles) and ``path`` (running totals of
    joint paths) are means in units of the naive error.
    """
    frame = scores.frame
    judged = frame[frame["failure"] == ""]
    grouped = judged.groupby(["series", "model"], sort=True)
    table = _mean(judged, ["series", "model"])
    table["points"] = grouped.size()
    table["origins"] = grouped["cutoff"].nunique()
    failures = frame[frame["failure"] != ""].groupby(["series", "model"]).size()
    table = table.reindex(table.index.union(failures.index))
    table["failures"] = failures.reindex(table.index)
    counts = ["points", "origins", "failures"]
    table[counts] = table[counts].fillna(0).astype(int)
    table = table.reset_index().sort_values(
        ["series", "failures", COLUMN[metric], "model"],
        key=lambda c: c.gt(0) if c.name == "failures" else c,
    )
    return table.reindex(columns=["series", "model", *COLUMNS]).reset_index(drop=True)


def with_unjudged(board: pd.DataFrame, unjudged: Mapping[str, str]) -> pd.DataFrame:
    """The leaderboard and a row without scores, points and origins for each model that stands on no judgement.

    ``unjudged`` gives it by series.
    """
    if not unjudged:
        return board
    rows = pd.DataFrame({"series": list(unjudged), "model": list(unjudged.values())})
    counts = dict.fromkeys(("points", "origins", "failures"), 0)
    rows = rows.assign(**dict.fromkeys(COLUMNS, float("nan")) | counts)[["series", "model", *COLUMNS]]
    return rows if board.empty else pd.concat([board, rows], ignore_index=True)


def by_horizon(scores: Scores) -> pd.DataFrame:
    """Mean scores a series, model and step ahead; columns as :func:`leaderboard` without origins and failures."""
    return _means(scores, "step")


def by_origin(scores: Scores) -> pd.DataFrame:
    """Mean scores a series, model and origin; the column ``cutoff`` is the last period known."""
    return _means(scores, "cutoff")


def _means(scores: Scores, by: str) -> pd.DataFrame:
    judged = scores.frame[scores.frame["failure"] == ""]
    grouped = judged.groupby(["series", "model", by], sort=True)
    table = _mean(judged, ["series", "model", by])
    return table.assign(points=grouped.size()).reset_index()


def _mean(judged: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    held = {"in_50": "coverage_50", "in_80": "coverage_80", "in_95": "coverage_95"}
    known = [column for column in ("mase", "crps", "path", *held) if column in judged]
    return judged.groupby(by, sort=True)[known].mean().rename(columns=held)


def winners(scores: Scores, metric: str, models: Sequence[str], margin: float) -> dict[str, str]:
    """The model with the lowest mean score of each series, among those that never failed.

    The first of ``models`` is the default: it stays unless the best is lower by more than ``margin`` (a
    fraction), because a handful of origins cannot tell smaller differences from luck.

    ``metric`` is ``crps`` or ``absolute_error``. A single candidate needs no judgement: a plan-bound series with too
    little history to be backtested keeps its one model. A series without a model that held is left out.
    """
    column = COLUMN[metric]
    table = leaderboard(scores)
    chosen = {}
    for series, rows in table.groupby("series", sort=True):
        sound = rows[(rows["failures"] == 0) & (rows[column].notna() | (len(models) == 1))]
        if sound.empty:
            continue
        best = sound.sort_values([column, "model"]).iloc[0]
        default = sound[sound["model"] == models[0]]
        keeps = len(default) and not best[column] < (1 - margin) * default[column].iloc[0]
        chosen[str(series)] = models[0] if keeps else str(best["model"])
    return chosen
