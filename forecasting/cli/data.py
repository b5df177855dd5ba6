"""``forecast data``: check, list, show, add to and trace what forecasts stand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli import provenance
from forecasting.cli.console import AsOfOption, DataOption, data_root, day

if TYPE_CHECKING:
    from forecasting.data.view import SeriesView

app = typer.Typer(help="Check, list, show, add to and trace the data.", no_args_is_help=True)
app.command("trace")(provenance.trace)
app.command("docs")(provenance.docs)
app.command("package")(provenance.package)
SHOWN = 20  # changes of one kind printed in a diff


@app.command()
def check(data: DataOption = None) -> None:
    """Check every file of a data folder, then every figure against its neighbours, rivals, sums and prices."""
    from forecasting.data.carried import NOTE
    from forecasting.data.sanity import require_sane
    from forecasting.data.store import Store

    root = data_root(data)
    store = Store.open(root)
    frame = store.observations.frame
    verdict = require_sane(frame, store.catalogue)
    files = len(list((root / "observations").glob("*.csv")))
    carried = int(frame["note"].str.startswith(NOTE).sum())
    typer.echo(
        f"{root}: sound. {len(frame)} observations of {frame['series'].nunique()} series from "
        f"{frame['source'].nunique()} sources in {files} files; sha256 {store.observations.digest()[:16]}\n"
        f"{len(verdict.accepted)} findings of the sanity checks are accepted with a reason in accepted.yaml; "
        f"{carried} figures are carried forward by rule and never fitted"
    )


@app.command("list")
def list_(data: DataOption = None) -> None:
    """List the series: unit, period kind, believed range, how many rows, whether it is published."""
    from forecasting.data.store import Store, believed

    store = Store.open(data_root(data))
    for id, series in store.catalogue.series.items():
        rows = believed(store.observations, store.catalogue, id)
        labels = rows["period"].tolist()
        reach = f"{labels[0]}..{labels[-1]} ({len(labels)})" if labels else "nothing to fit"
        if series.sum_of:
            reach = f"sum of {', '.join(series.sum_of)}"
        typer.echo(f"{'*' if series.target else ' '} {id:34} {series.kind:6} {series.unit:14} {reach}")
    typer.echo("* published in editions")


@app.command()
def show(
    series: Annotated[str, typer.Argument(help="The id of a series; see forecast data list.")],
    data: DataOption = None,
    as_of: AsOfOption = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Draw it to this file: .svg, .png or .pdf.", show_default=False),
    ] = None,
) -> None:
    """Show a series: what is believed, its rivals, revisions, gaps, breaks, events; status and source of each point."""
    from forecasting.cli.drawing import chart
    from forecasting.data.store import Store
    from forecasting.data.view import look

    store = Store.open(data_root(data))
    when = day(as_of, "--as-of")
    view = look(store.as_of(when), store.catalogue, series, when)
    if plot is not None:
        from forecasting.reports.series_plot import draw

        draw(view, plot)
    typer.echo(
        f"{series}: {view.entry.title} [{view.entry.unit}, {view.entry.kind}]\nbelieved: {view.entry.trust}"
    )
    for row in view.rows.itertuples():
        mark = ">" if row.believed else " "
        fitted = "fit" if row.fitted else "   "
        typer.echo(
            f"{mark} {row.period:8} {row.value:>14,.6g} {row.status:16} {fitted} {row.source:28} "
            f"known {row.available_at:%Y-%m-%d}  {row.note}"
        )
    _say_more(view)
    typer.echo(chart(view))
    if plot is not None:
        typer.echo(f"drawn to {plot}")


def _say_more(view: SeriesView) -> None:
    for trap in view.entry.traps:
        typer.echo(f"trap: {trap}")
    typer.echo(f"rivals: {view.rivals} rows beside the believed ones" if view.rivals else "rivals: none")
    for one in view.revisions:
        change = f"{one.now / one.was - 1:+.1%}" if one.was else "from nought"
        was, now = f"{one.was:,.6g} ({one.known})", f"{one.now:,.6g} ({one.since})"
        typer.echo(f"revised: {one.period} by {one.source}: {was} to {now}, {change}")
    if view.jump_off is not None:
        size = view.jump_off
        typer.echo(
            f"still to be revised: the last figure by {size.mean:+.1%} give or take {size.sd:.1%} "
            f"(learnt from {size.pairs} revisions)"
        )
    if view.gaps:
        typer.echo(f"gaps: {', '.join(str(period) for period in view.gaps)}")
    for known in view.sums:
        months = ", ".join(str(period) for period in known.periods)
        typer.echo(
            f"known sum: {months} together {known.total:,.6g} give or take {known.slack:,.3g} "
            f"(the rest of {known.year} by {known.source})"
        )
    for id, broken in view.breaks.items():
        when = (
            "standing"
            if broken.starts is None
            else f"from {broken.starts}" + (f" to {broken.ends}" if broken.ends else "")
        )
        typer.echo(f"break {id}: {broken.title}, {when}" + (" [level shift]" if broken.shift else ""))
    for id, event in view.events.items():
        until = f"to {event.end}" if event.end else "no end known"
        typer.echo(f"event {id}: {event.title}, {event.direction} from {event.start}, {until}")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="The file as the publisher gives it.")],
    importer: Annotated[str, typer.Option("--importer", help="The format; see forecast data importers.")],
    data: DataOption = None,
    write: Annotated[bool, typer.Option("--write", help="Write the new and revised figures.")] = False,
    published: Annotated[
        str | None,
        typer.Option("--published", help="The day the file was published (YYYY-MM-DD).", show_default=False),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source", help="DEFAULT=ID: another source than the importer's own.", show_default=False
        ),
    ] = None,
) -> None:
    """Show what a file would change: new, revised, unchanged, rejected. With --write, change it."""
    from forecasting.catalogue import Catalogue
    from forecasting.data.importers import IMPORTERS
    from forecasting.data.importers.reading import load
    from forecasting.data.incoming import KINDS, compare
    from forecasting.data.landing import write as land
    from forecasting.errors import UsageError, nearest

    if importer not in IMPORTERS:
        raise UsageError(f"unknown importer {importer!r}; {nearest(importer, IMPORTERS)}")
    renamed = {}
    for pair in source or []:
        name, _, id = pair.partition("=")
        if name not in IMPORTERS[importer].sources or not id:
            known = ", ".join(IMPORTERS[importer].sources)
            raise UsageError(f"--source {pair!r} does not name a source of {importer}; write {known}=ID")
        renamed[name] = id
    catalogue = Catalogue.read(data_root(data))
    reading = IMPORTERS[importer].read(load(file))
    stated = None if published is None else day(published, "--published")
    diff = compare(catalogue, reading, importer, day(None, ""), published=stated, sources=renamed)
    for kind in KINDS:
        changes = [] if kind == "unchanged" else diff.of(kind)
        for change in changes[:SHOWN]:
            typer.echo(str(change))
        if len(changes) > SHOWN:
            typer.echo(f"{kind:9} … and {len(changes) - SHOWN} more")
    counts = {kind: len(diff.of(kind)) for kind in KINDS}
    seen = "imported before" if diff.seen else "never imported"
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    typer.echo(f"{file.name} ({seen}, sha256 {reading.raw.sha256[:16]}): {said}")
    for reason, count in reading.left_out.most_common():
        typer.echo(f"left out: {count} × {reason}")
    if write:
        changed = land(diff)
        typer.echo("nothing to write" if not changed else f"wrote {', '.join(str(path) for path in changed)}")
    elif counts["rejected"]:
        land(diff)  # raises with every rejection, writes nothing
    elif counts["new"] or counts["revised"]:
        typer.echo("nothing is written without --write")


@app.command()
def importers() -> None:
    """List the importers: name, format, and whether it was built from a real file or the published format."""
    from forecasting.data.importers import IMPORTERS

    for name, one in IMPORTERS.items():
        typer.echo(f"{name:20} {one.title}" + ("" if one.real else " (from the published format)"))
