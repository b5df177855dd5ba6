"""The leaderboard on standard output."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from forecasting.evaluation.outcome import Outcome

HEADS = ("MASE", "CRPS", "path", "behind", "p", "set", "50 %", "80 %", "95 %", "points", "failed")


def print_board(outcome: Outcome, gated: bool = False) -> None:
    """The leaderboard of an experiment, the winner of each series marked, with how sure the order is.

    ``gated`` outcomes have been through the promotion gate: their winners are the champions in force.
    """
    from forecasting.evaluation.comparison import COLUMN

    board, asked = outcome.board, outcome.experiment
    metric = COLUMN[asked.metric].upper()
    typer.echo(f"\n{asked.name}: MASE, CRPS and path (CRPS of running totals) in units of the naive error;")
    typer.echo(f"  lowest mean {metric} first; behind: how much higher it is than that of the best of all;")
    typer.echo(f"  p against the best of all by {metric} (paired test, - where none is possible);")
    typer.echo("  set: p-value of staying in the model confidence set;")
    typer.echo("  shares of actuals inside the bands")
    typer.echo(f"  > {_marked(outcome, metric, gated)}")
    if board.empty:
        typer.echo(f"  nothing could be judged, and none of {len(asked.models)} models stands")
        return
    known = {(t["series"], t["model"]): t for t in outcome.confidence.to_dict("records")}
    chosen = {id: winner.model for id, winner in outcome.winners.items()}
    typer.echo(f"  {'series':30} {'model':24}" + "".join(f"{head:>8}" for head in HEADS))
    for series, rows in board.groupby("series", sort=True):
        for place, row in enumerate(rows.to_dict("records")):
            mark = ">" if row["model"] == chosen.get(str(series)) else " "
            named = f"{mark} {str(series) if place == 0 else '':30} {row['model']:24}"
            if not row["points"] and not row["failures"]:
                typer.echo(f"{named}  not judged by any origin; it stands as the only model of its file")
                continue
            test = known.get((series, row["model"]), {})
            numbers = (
                *((row[name], ".3f") for name in ("mase", "crps", "path")),
                (test.get("behind"), "+.0%"),
                (test.get("p"), ".3f"),
                (test.get("set_p"), ".2f"),
                *((row[name], ".0%") for name in ("coverage_50", "coverage_80", "coverage_95")),
            )
            told = "".join(f"{_told(value, form):>8}" for value, form in numbers)
            typer.echo(f"{named}{told}{row['points']:8d}{row['failures']:8d}")


def _marked(outcome: Outcome, metric: str, gated: bool) -> str:
    """What the mark before a model says, in one line."""
    models, margin = outcome.experiment.models, outcome.experiment.margin
    if len(models) == 1:
        return "the only model of the file"
    if gated:
        return "the champion in force, by the promotion gate"
    return (
        f"the winner of the backtest: {models[0].name}, the first of the file, unless the lowest mean {metric} is "
        f"more than {100 * margin:g}% lower"
    )


def _told(value: float | None, form: str) -> str:
    return "-" if value is None or math.isnan(value) else format(value, form)
