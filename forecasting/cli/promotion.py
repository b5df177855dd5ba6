"""``forecast promote``: challengers through the gate, champions into the release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import AsOfOption, DataOption, JobsOption, data_root, progress, say
from forecasting.cli.experiments import ExperimentArgument, log, outcomes
from forecasting.cli.telling import project, tell

if TYPE_CHECKING:
    from forecasting.data.store import Store
    from forecasting.publishing.promotion import Settled


def promote(
    experiment: ExperimentArgument,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            help="Promote the model with the lowest mean where the gate is inconclusive, the backtest's winner where "
            "the champion cannot be built any more, and champions on older data than theirs; kept in the ledger.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    as_of: AsOfOption = None,
    jobs: JobsOption = 2,
) -> None:
    """Put each series' best challenger to its champion, and export the release that publishing reads.

    A series without a champion gets the winner of its backtest. Otherwise the challenger must be better by more than
    luck and by more than the margin; where that cannot be said the champion stays. A file of one model declares it:
    nothing is tested. Every decision is kept with its evidence; docs/promotion.md has them all.
    """
    from forecasting.data.store import Store
    from forecasting.evaluation.outcome import demand
    from forecasting.publishing.promotion import in_release
    from forecasting.publishing.reasons import said

    reason = None if reason is None else said("--reason", reason)
    store = Store.open(data_root(data))
    here = project(store)
    release = here.release
    found, faults = outcomes(store, experiment, as_of, jobs, release)
    if faults:
        log(store, found)
        demand(faults)
    settled = here.gate(found, reason)
    print_decisions(settled)
    if in_release(release, settled):
        typer.echo("\nunchanged: the release holds these champions already")
    put_in_force(store, settled)


def put_in_force(store: Store, settled: Sequence[Settled]) -> None:
    """Log the experiments, write the decisions down, release the champions and tell MLflow."""
    with progress("tracking") as bar:
        done = project(store).promote(settled, bar)
    say(f"champions of {sum(len(one.outcome.winners) for one in settled)} series released in {done.folder}")
    for id in done.dropped:
        say(f"{id} has no champion any more: no experiment forecasts it")
    tell(done.delivery)


def print_decisions(settled: Sequence[Settled]) -> None:
    """What the gate decided about each series, on standard output."""
    for one in settled:
        typer.echo(f"\n{one.outcome.experiment.name}: champions")
        for series, decision in sorted(one.decisions.items()):
            typer.echo(f"  {series:30} {decision.chosen:20} {decision.why}")
