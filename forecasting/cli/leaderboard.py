"""``forecast leaderboard``: who forecasts what best, on the terminal, as CSV and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.boards import print_board
from forecasting.cli.console import AsOfOption, DataOption, JobsOption, data_root
from forecasting.cli.experiments import ExperimentArgument, outcomes
from forecasting.cli.telling import project

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
        _write(csv, _csv(pd.concat([_table(one) for one in found], ignore_index=True)))
    if scores is not None:
        frames = [one.scores.frame.assign(experiment=one.experiment.name) for one in found]
        _write(scores, _csv(pd.concat(frames, ignore_index=True)))
    if html is not None:
        _write(html, here.leaderboard(found))
    demand(faults)


def _table(outcome: Outcome) -> pd.DataFrame:
    return outcome.board.merge(outcome.confidence, on=["series", "model"], how="left")


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _write(path: Path, content: bytes) -> None:
    from forecasting.errors import CannotCreate

    try:
        path.write_bytes(content)
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be written ({error.strerror}); name another file") from None
    typer.echo(path)
