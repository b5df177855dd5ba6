"""``forecast drift``: how far each released number would move with what is installed now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import progress
from forecasting.cli.telling import release_root
from forecasting.cli.writing import creatable, write

if TYPE_CHECKING:
    from forecasting.publishing.drift import Drift


def drift(
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write every number, then and now, here.", show_default=False)
    ] = None,
) -> None:
    """Refit every champion on the data it was promoted with, and show what would move and by how much.

    Run it after an upgrade of libraries or of this package: it changes nothing. Accept what it shows by running make
    forecast. It ends with 65 when a champion cannot be refitted any more, after everything is shown.
    """
    from forecasting.errors import DataError
    from forecasting.publishing.drift import drift as carry_out

    if csv is not None:
        creatable(csv)
    with progress("refit") as tell:
        found = carry_out(release_root(), tell)
    _print(found)
    if csv is not None:
        write(csv, found.table.to_csv(index=False, lineterminator="\n").encode())
    if found.lost:
        raise DataError(
            f"{len(found.lost)} champion(s) cannot be refitted with what is installed", found.lost
        )


def _print(found: Drift) -> None:
    for (library, then, now), rows in found.libraries.groupby(["library", "then", "now"]):
        typer.echo(f"{library} {then} -> {now} ({len(rows)} champions)")
    if found.libraries.empty:
        what = "libraries are" if found.code else "libraries and the code of the models are"
        typer.echo(f"the {what} those the champions were made with")
    if found.code:
        typer.echo(
            f"the code of the models is another than {len(found.code)} of the champions were made with"
        )
    moved = found.moved
    of, count = found.table["series"].nunique(), found.table.groupby(["series", "period"]).ngroups
    typer.echo(
        f"{moved.groupby(['series', 'period']).ngroups} of {count} series and periods move ({of} champions)"
    )
    for fault in found.lost:
        typer.echo(f"{fault.where:30} {fault.found}")
    if moved.empty:
        return
    typer.echo(
        f"\n{'series':30} {'period':8} {'median then':>14} {'now':>14} {'moved':>9}  widest move of a quantile"
    )
    for (series, period), rows in moved.groupby(["series", "period"]):
        every = found.table[(found.table["series"] == series) & (found.table["period"] == period)]
        middle = every.iloc[(every["quantile"] - 0.5).abs().argmin()]
        worst = rows.iloc[rows["moved"].abs().argmax()]
        typer.echo(
            f"{series:30} {period:8} {middle['then']:14,.6g} {middle['now']:14,.6g} {middle['moved']:+9.2%}  "
            f"{worst['moved']:+.2%} at {worst['quantile']:g}"
        )
