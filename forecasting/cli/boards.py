"""The leaderboard on standard output."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from forecasting.evaluation.outcome import Outcome

HEADS = ("MASE", "CRPS", "path", "behind", "p", "set", "50 %", "80 %", "95 %", "points", "failed")


def print_board(outcome: Outcome) -> None:
    """The leaderboard of an experiment, the winner of each series marked, with how sure the order is."""
    board, title = outcome.board, outcome.experiment.name
    typer.echo(f"\n{title}: MASE, CRPS and path (CRPS of running totals) in units of the naive error;")
    typer.echo("  p against the best of all (paired test, - where none is possible);")
    typer.echo("  set: p-value of staying in the model confidence set;")
    typer.echo("  shares of actuals inside the bands")
    if board.empty:
        typer.echo("  nothing could be judged; the sole model stands as it is")
        return
    known = {(t["series"], t["model"]): t for t in outcome.confidence.to_dict("records")}
    chosen = {id: winner.model for id, winner in outcome.winners.items()}
    typer.echo(f"  {'series':30} {'model':24}" + "".join(f"{head:>8}" for head in HEADS))
    for series, rows in board.groupby("series", sort=True):
        for place, row in enumerate(rows.to_dict("records")):
            mark = ">" if row["model"] == chosen.get(str(series)) else " "
            test = known.get((series, row["model"]), {})
            numbers = (
                *((row[name], ".3f") for name in ("mase", "crps", "path")),
                (test.get("behind"), "+.0%"),
                (test.get("p"), ".3f"),
                (test.get("set_p"), ".2f"),
                *((row[name], ".0%") for name in ("coverage_50", "coverage_80", "coverage_95")),
            )
            told = "".join(f"{_told(value, form):>8}" for value, form in numbers)
            typer.echo(
                f"{mark} {str(series) if place == 0 else '':30} {row['model']:24}{told}"
                f"{row['points']:8d}{row['failures']:8d}"
            )


def _told(value: float | None, form: str) -> str:
    return "-" if value is None or math.isnan(value) else format(value, form)
