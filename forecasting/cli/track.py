"""``forecast track``: what MLflow was not told yet, and telling it; whether the ledger of promotions is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from forecasting.cli.telling import deliver, release_root, tracking_store

app = typer.Typer(
    name="track", help="What MLflow has been told, and what still waits beside it.", no_args_is_help=True
)


@app.command("sync")
def sync(
    budget: Annotated[
        float, typer.Option("--budget", min=1, help="Seconds to wait for tracking in all.")
    ] = 300.0,
) -> None:
    """Tell MLflow what waits in the spool, each experiment and champion exactly once.

    Ends with 69 when tracking is still away, 75 when it is busy, 65 when it is damaged, 74 when it cannot be written;
    what was delivered stays delivered.
    """
    done = deliver(budget)
    for note in done.notes:
        typer.echo(note)
    typer.echo(f"delivered {done.delivered}, waiting {done.waiting}: {tracking_store().shown}")
    if done.why is not None:
        raise done.why


@app.command("status")
def status() -> None:
    """List what waits in the spool, oldest first."""
    from forecasting.tracking import Spool

    waiting = Spool(tracking_store()).pending()
    for entry in waiting:
        typer.echo(f"{entry.at}  {entry.kind:10}  {entry.name:30}  {entry.key[:12]}")
    typer.echo(f"{len(waiting)} waiting for {tracking_store().shown}")


@app.command("promotions")
def history(
    series: Annotated[str | None, typer.Argument(help="Only this series.", show_default=False)] = None,
) -> None:
    """Show every decision about champions, after checking that no line was changed, moved or cut off.

    Ends with 65 naming the line, or the champion of the release that no line put in force.
    """
    from forecasting.errors import DataError, InputMissing
    from forecasting.tracking import promotions, read_bundle
    from forecasting.tracking.ledger import ledger, unwritten

    store = tracking_store()
    lines = promotions(store)
    found = [one for one in lines if series is None or one.series == series]
    for one in found:
        typer.echo(f"{one.at[:19]}  {one.series:30}  {one.verdict:12}  {one.digest[:12]}  {one.reason}")
    try:
        lost = unwritten(lines, read_bundle(release_root()).champions, ledger(store))
    except InputMissing:  # nothing was released yet
        lost = []
    if lost:
        raise DataError("the ledger of promotions lacks decisions about champions in force", lost)
    typer.echo(f"{len(found)} decision(s), the chain is whole")
