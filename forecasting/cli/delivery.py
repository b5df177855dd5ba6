"""``forecast deliver``: editions to the sinks of ``publication.yaml``, once more or for the first time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli.console import DataOption, data_root, project_root, say

FAILED = 3


def deliver(
    edition: Annotated[
        str | None,
        typer.Argument(
            help="An edition id, its beginning, or latest, to send again; by default what has not arrived."
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--sink", help="Deliver to the sink of this name alone.", show_default=False),
    ] = None,
    data: DataOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where editions lie; by default data/editions.", show_default=False),
    ] = None,
) -> None:
    """Deliver to the sinks what has not arrived there, or one edition again; exit code 3 when a sink failed."""
    from forecasting.catalogue import Publication, read_record
    from forecasting.errors import UsageError, nearest
    from forecasting.publishing.ledger import identify, told_through
    from forecasting.publishing.lock import publisher
    from forecasting.publishing.sinks import deliver_all, made
    from forecasting.reports.site import fill

    where = data_root(data)
    root = out or project_root() / "data" / "editions"
    records = read_record(where / "publication.yaml", Publication).sinks
    names = [record.name for record in records]
    if only is not None and only not in names:
        advice = nearest(only, names) if names else f"{where / 'publication.yaml'} names none"
        raise UsageError(f"--sink {only!r} is not known; {advice}")
    if not records:
        say(f"{where / 'publication.yaml'} names no sinks; nothing to deliver (docs/sinks.md)")
        return
    chosen = [sink for sink in made(records, where, fill) if only in (None, sink.name)]
    id = identify(root, edition) if edition else told_through(root) or identify(root, "latest")
    with publisher(root):
        found = deliver_all(chosen, root / id, root, again=edition is not None)
    for one in found:
        typer.echo(str(one), err=one.outcome == "failed")
    if any(one.outcome == "failed" for one in found):
        raise typer.Exit(FAILED)
