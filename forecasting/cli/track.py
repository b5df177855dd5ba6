"""``forecast track``: what MLflow was not told yet, and telling it; whether the ledger of promotions is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import project_root
from forecasting.cli.telling import deliver, release_root, tracking_store

if TYPE_CHECKING:
    from forecasting.tracking import Store as Tracking

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

    Ends with 69 when tracking is still away, 75 when it is busy, 65 when it is damaged, 73 or 74 when it cannot be
    written, 78 when it refuses us or its address, driver or schema does not fit; what was delivered stays delivered.
    Ends with 65 as well when what MLflow was told is not what the release holds.
    """
    store = _store()
    done = deliver(budget)
    for note in done.notes:
        typer.echo(note)
    typer.echo(f"delivered {done.delivered}, waiting {done.waiting}: {store.shown}")
    if done.why is not None:
        raise done.why
    _agree(store)


@app.command("status")
def status() -> None:
    """List what waits in the spool, oldest first."""
    from forecasting.tracking import Spool

    store = _store()
    waiting = Spool(store).pending()
    for entry in waiting:
        typer.echo(f"{entry.at}  {entry.kind:10}  {entry.name:30}  {entry.key[:12]}")
    typer.echo(f"{len(waiting)} waiting for {store.shown}")


@app.command("promotions")
def history(
    series: Annotated[str | None, typer.Argument(help="Only this series.", show_default=False)] = None,
) -> None:
    """Show every decision about champions, after checking that no line was changed, moved or cut off.

    Ends with 65 naming the line, or the series of which ledger and release name different champions.
    """
    from forecasting.errors import InputMissing, nearest
    from forecasting.tracking import promotions

    store = _store()
    lines = promotions(store)
    found = [one for one in lines if series is None or one.series == series]
    if series is not None and not found:
        known = {one.series for one in lines}
        advice = nearest(series, known) if known else "nothing was promoted yet: forecast promote"
        raise InputMissing(f"nothing was ever decided about {series!r}; {advice}")
    for one in found:
        typer.echo(f"{one.at[:19]}  {one.series:30}  {one.verdict:12}  {one.digest[:12]}  {one.reason}")
    _agree(store)
    typer.echo(f"{len(found)} decision(s), the chain is whole")


def _store() -> Tracking:
    """The tracking store of a project; :class:`InputMissing` elsewhere."""
    from forecasting.errors import InputMissing

    root = project_root()
    if not (root / "data" / "series.yaml").is_file():
        raise InputMissing(f"{root} is no project: it has no data/series.yaml; go to the folder that has")
    return tracking_store()


def _agree(store: Tracking) -> None:
    """Raise :class:`DataError` where ledger and release name different champions."""
    from forecasting.errors import DataError
    from forecasting.tracking import disputed

    if faults := disputed(store, release_root()):
        raise DataError("the ledger of promotions and the release name different champions", faults)
