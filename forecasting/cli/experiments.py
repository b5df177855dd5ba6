"""``forecast run`` and ``ui``: what data scientists do all day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.boards import print_board
from forecasting.cli.console import (
    AsOfOption,
    DataOption,
    JobsOption,
    data_root,
    day,
    progress,
    project_root,
    say,
)
from forecasting.cli.telling import deliver, project, tell, tracking_store

if TYPE_CHECKING:
    from datetime import date

    from forecasting.data.store import Store
    from forecasting.errors import DataError, Fault
    from forecasting.evaluation.experiment import Experiment
    from forecasting.evaluation.outcome import Outcome
    from forecasting.publishing.release import Release

ExperimentArgument = Annotated[
    Path,
    typer.Argument(
        help="An experiment file, such as experiments/default.yaml, or its name there, such as default."
    ),
]


ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        help="Fit on the Dask cluster with this scheduler, such as tcp://10.0.0.5:8786, instead of --jobs.",
        show_default=False,
    ),
]


def outcomes(
    store: Store,
    experiment: Path,
    as_of: str | None,
    jobs: int,
    release: Release | None,
    cluster: str | None = None,
) -> tuple[list[Outcome], list[Fault]]:
    """Carry out the experiments of a file; what is in the cache is not fitted again.

    The champions of a ``release`` compete beside the models of the file. Series without a model that held, and
    experiments of a suite that could not be carried out, are faults beside the outcomes of the rest.
    """
    from forecasting.errors import DataError

    tracking_store()  # a wrong address ends it before anything is fitted
    here = project(store)
    experiments = here.experiments(experiment)
    found: list[Outcome] = []
    faults: list[Fault] = []
    try:
        for one in experiments:
            name_absent(one, release)
            with progress(f"backtest {one.name}") as bar:
                try:
                    cut = cut_of(store, one, as_of)
                    found.append(
                        here.run(one, as_of=cut, jobs=jobs, cluster=cluster, release=release, progress=bar)
                    )
                except DataError as error:
                    if len(experiments) == 1:
                        raise
                    faults.append(stopped(one, error))
    except KeyboardInterrupt:
        say("interrupted: every finished fit is kept; the same command goes on from there")
        raise
    return found, [*faults, *(fault for outcome in found for fault in outcome.faults)]


def name_absent(experiment: Experiment, release: Release | None) -> None:
    """Say which champions in force do not compete, as this version cannot build them."""
    from forecasting.publishing.promotion import enter

    for fault in enter(experiment, release)[2]:
        say(f"warning: a champion in force does not compete: {fault}")


def stopped(experiment: Experiment, error: DataError) -> Fault:
    """An experiment of a suite that could not be carried out, as one fault."""
    from forecasting.errors import Fault

    why = "; ".join([error.message.removeprefix(f"{experiment.name}: "), *map(str, error.faults)])
    return Fault(experiment.name, why, "mend it or leave it out; it keeps no other experiment back")


def log(store: Store, found: Sequence[Outcome]) -> None:
    """Show the leaderboards and log the experiments to MLflow."""
    for outcome in found:
        print_board(outcome)
    project(store).keep(found)
    tell(deliver())


def cut_of(store: Store, experiment: Experiment, as_of: str | None) -> date:
    """The day whose knowledge an experiment uses: the command line's, else its own, else today's."""
    asked = day(as_of, "--as-of") if as_of or experiment.as_of is None else experiment.as_of
    return store.last_known(asked)


def cache_folder() -> Path:
    """Where fits are kept."""
    return project_root() / ".cache" / "backtest"


def run(
    experiment: ExperimentArgument,
    data: DataOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
    cluster: ClusterOption = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Fit nothing; print what would be fitted and how long it would take."),
    ] = False,
) -> None:
    """Backtest the models of an experiment and the champions in force, show the leaderboard, log all to MLflow.

    May be stopped at any moment; run again, it goes on where it was. A series that no model held on ends it with 65,
    after everything is shown and logged.
    """
    from forecasting.cli import planning
    from forecasting.data.store import Store
    from forecasting.evaluation.outcome import demand

    store = Store.open(data_root(data))
    if dry_run:
        planning.dry_run(store, experiment, as_of, jobs, cluster)
        return
    found, faults = outcomes(store, experiment, as_of, jobs, project(store).release, cluster)
    log(store, found)
    demand(faults)


def ui(port: Annotated[int, typer.Option("--port", help="The port to listen on.")] = 5000) -> None:
    """Open MLflow on this machine, pointed at the project's runs."""
    import os
    import sys

    from forecasting.tracking import default_store

    store = default_store(project_root()).ready()
    typer.echo(f"http://127.0.0.1:{port} (Ctrl-C stops it)")
    arguments = [
        "-m",
        "mlflow",
        "ui",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--backend-store-uri",
        store.uri,
    ]
    os.execv(sys.executable, [sys.executable, *arguments])
