"""``forecast data``: check, list and show what forecasts stand on."""

from __future__ import annotations

from typing import Annotated

import typer

from forecasting.cli.console import AsOfOption, DataOption, data_root, day

app = typer.Typer(help="Check, list and show the data.", no_args_is_help=True)


@app.command()
def check(data: DataOption = None) -> None:
    """Check every file of a data folder, then every figure against its neighbours, rivals, sums and prices."""
    from forecasting.data.sanity import require_sane
    from forecasting.data.store import Store

    root = data_root(data)
    store = Store.open(root)
    frame = store.observations.frame
    verdict = require_sane(frame, store.catalogue)
    files = len(list((root / "observations").glob("*.csv")))
    typer.echo(
        f"{root}: sound. {len(frame)} observations of {frame['series'].nunique()} series from "
        f"{frame['source'].nunique()} sources in {files} files; sha256 {store.observations.digest()[:16]}\n"
        f"{len(verdict.accepted)} findings of the sanity checks are accepted with a reason in accepted.yaml"
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
) -> None:
    """Show a series: what is believed, its rivals and revisions, status and source of each point."""
    from forecasting.catalogue import STATUSES
    from forecasting.data.store import Store, believed

    store = Store.open(data_root(data))
    known = store.as_of(day(as_of, "--as-of"))
    chosen = believed(known, store.catalogue, series, STATUSES)
    keys = set(zip(chosen["period"], chosen["source"], chosen["available_at"], strict=True))
    entry = store.catalogue.series[series]
    typer.echo(f"{series}: {entry.title} [{entry.unit}, {entry.kind}]\nbelieved: {entry.trust}")
    for trap in entry.traps:
        typer.echo(f"trap: {trap}")
    for row in known.of(series).frame.sort_values(["period", "available_at"]).to_dict("records"):
        mark = ">" if (row["period"], row["source"], row["available_at"]) in keys else " "
        fitted = "fit" if mark == ">" and row["status"] in entry.fit else "   "
        typer.echo(
            f"{mark} {row['period']:8} {row['value']:>14,.6g} {row['status']:16} {fitted} {row['source']:28} "
            f"known {row['available_at'].date()}  {row['note']}"
        )
