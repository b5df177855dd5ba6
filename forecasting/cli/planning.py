"""``forecast run --dry-run`` and ``forecast schema``: what a file asks for, before anything is fitted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import project_root

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from forecasting.data.store import Store
    from forecasting.errors import Fault
    from forecasting.evaluation.cache import Cache
    from forecasting.evaluation.experiment import Experiment


def dry_run(store: Store, experiment: Path, as_of: str | None, jobs: int, cluster: str | None = None) -> None:
    """Print what an experiment file would fit, what is kept already, and how long the rest would take.

    A cluster is not asked how many workers it has: the time is then that of one process. What is bound to have no
    winner raises :class:`DataError`, as carrying it out would.
    """
    import pandas as pd

    from forecasting.cli.experiments import cache_folder, cut_of, name_absent, stopped
    from forecasting.cli.telling import project
    from forecasting.errors import DataError
    from forecasting.evaluation.cache import Cache
    from forecasting.evaluation.estimate import Estimate
    from forecasting.evaluation.outcome import demand
    from forecasting.publishing.promotion import enter

    here, cache, processes = project(store), Cache(cache_folder()), 1 if cluster else jobs
    release, experiments = here.release, here.experiments(experiment)
    found, faults = [], []
    for given in experiments:
        name_absent(given, release)
        try:
            one, cut = enter(given, release)[0], cut_of(store, given, as_of)
            table, lost = _planned(store, one, cut, cache, processes)
        except DataError as error:
            if len(experiments) == 1:
                raise
            faults.append(stopped(given, error))
        else:
            found += [] if table.empty else [table]
            faults += lost
    if len(found) > 1:
        together = Estimate(pd.concat(found, ignore_index=True))
        typer.echo(f"\nall: {together.words(processes)}")
    if cluster and found:
        typer.echo(f"by one process here: a dry run does not ask {cluster} how many workers it has")
    demand(faults)


def _planned(
    store: Store, one: Experiment, cut: date, cache: Cache, processes: int
) -> tuple[pd.DataFrame, list[Fault]]:
    """Print what one experiment would fit; gives the table of it and what is bound to have no winner."""
    import pandas as pd

    from forecasting.evaluation.backtest import plan
    from forecasting.evaluation.covariates import Foresight
    from forecasting.evaluation.estimate import estimate
    from forecasting.evaluation.winnerless import bound

    foresight = Foresight(cache, makes=False)
    planned = plan(store, one, cut, foresight)
    made = estimate(planned, cache)
    typer.echo(f"\n{one.name}: {len(one.series)} series to {one.horizon}, as of {cut}")
    if foresight.lacking:
        typer.echo(f"  {len(foresight.lacking)} forecast(s) of drivers to make first, in one process")
    for words in planned.refused.values():
        typer.echo(f"  every model will fail at {words}")
    if made.table.empty:
        typer.echo(f"  no origin from {one.backtest.first} on can be judged: nothing to backtest")
        return made.table, bound(one, planned)
    typer.echo(
        f"  {'model':32}{'series':>8}{'origins':>8}{'fits':>8}{'kept':>8}{'seconds':>10}  by the time of"
    )
    for row in made.table.to_dict("records"):
        seconds = "unknown" if pd.isna(row["seconds"]) else f"{row['seconds']:,.1f}"
        typer.echo(
            f"  {row['model']:32}{row['series']:>8}{row['origins']:>8}{row['fits']:>8}{row['kept']:>8}"
            f"{seconds:>10}  {row['from']}"
        )
    typer.echo(f"  {made.words(processes)}")
    return made.table, bound(one, planned)


def schema(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when it is out of date.")
    ] = False,
) -> None:
    """Write docs/experiment.schema.json, by which editors complete experiment files."""
    from forecasting.cli.provenance import write
    from forecasting.evaluation.schema import NAME, text

    write({project_root() / "docs" / NAME: text()}, check, "forecast schema")
