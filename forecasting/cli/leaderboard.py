"""``forecast leaderboard``: who forecasts what best, on the terminal, as CSV and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.boards import print_board
from forecasting.cli.console import AsOfOption, DataOption, JobsOption, data_root
from forecasting.cli.experiments import ExperimentArgument, outcomes
from forecasting.cli.telling import project
from forecasting.cli.writing import write

if TYPE_CHECKING:
    import pandas as pd

    from forecasting.evaluation.outcome import Outcome


def leaderboard(
    experiment: ExperimentArgument,
    data: DataOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Also write the table here.", show_default=False)
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            "--scores",
            help="Also write every score by series, model, origin and step here.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write a page with charts here.", show_default=False)
    ] = None,
) -> None:
    """Show who forecasts what best, and how sure that is; fits only what is not in the cache."""
    import pandas as pd

    from forecasting.data.store import Store
    from forecasting.evaluation.outcome import demand

    store = Store.open(data_root(data))
    here = project(store)
    found, faults = outcomes(store, experiment, as_of, jobs, here.release)
    if not found:
        demand(faults)
    for outcome in found:
        print_board(outcome)
    if csv is not None:
        write(csv, _csv(pd.concat([_table(one) for one in found], ignore_index=True)))
    if scores is not None:
        frames = [one.scores.frame.assign(experiment=one.experiment.name) for one in found]
        write(scores, _csv(pd.concat(frames, ignore_index=True)))
    if html is not None:
        write(html, here.leaderboard(found))
    demand(faults)


def _table(outcome: Outcome) -> pd.DataFrame:
    table = outcome.board.merge(outcome.confidence, on=["series", "model"], how="left")
    table.insert(0, "experiment", outcome.experiment.name)
    return table


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()
