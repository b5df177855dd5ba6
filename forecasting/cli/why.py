"""``forecast why``: what moved a number of an edition since the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.editions import EditionArgument, RootOption, editions_root, sound
from forecasting.errors import InputMissing, UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd


def why(
    edition: EditionArgument = "latest",
    series: Annotated[str | None, typer.Argument(help="A series or balance node of the edition.")] = None,
    period: Annotated[str | None, typer.Argument(help="A period of the edition, such as FY2030.")] = None,
    editions: RootOption = None,
) -> None:
    """Say what moved since the edition before, and why: all headlines, or one number with its band."""
    import pandas as pd

    from forecasting.publishing.edition import read_manifest
    from forecasting.publishing.retrospect import ATTRIBUTION, CHANGES

    folder = sound(editions_root(editions), edition)
    if (series is None) != (period is None):
        raise UsageError("name a period after the series, such as FY2030")
    if not (folder / ATTRIBUTION).is_file():
        before = read_manifest(folder).get("previous") or ""
        told = (
            f"its move since {before} was not attributed"
            if before
            else "it is the first edition or older than this"
        )
        raise InputMissing(f"{folder.name} has no {ATTRIBUTION}: {told}; compare by: forecast editions diff")
    typer.echo(f"{read_manifest(folder)['previous']} → {folder.name}")
    if series is None or period is None:
        path = folder / f"{CHANGES}.csv"
        table = pd.read_csv(path, float_precision="round_trip") if path.is_file() else pd.DataFrame()
        _headlines(table)
        return
    table = pd.read_parquet(folder / ATTRIBUTION)
    mine = table[(table["about"] == series) & (table["period"] == period)]
    if mine.empty:
        periods = set(table.loc[table["about"] == series, "period"])
        advice = nearest(period, periods) if periods else nearest(series, set(table["about"]))
        raise UsageError(f"both editions hold no {series} {period}; {advice}")
    _number(mine)


def _headlines(table: pd.DataFrame) -> None:
    if table.empty:
        typer.echo("no headline moved")
        return
    for (title, period), group in table.groupby(["title", "period"], sort=False):
        first = group.iloc[0]
        moved = float(first["after"]) - float(first["before"])
        causes = ", ".join(f"{row.cause} {row.amount:+,.6g}" for row in group.itertuples())
        numbers = f"{first['before']:,.6g} → {first['after']:,.6g} {first['unit']} ({moved:+,.6g})"
        typer.echo(f"{title} {period}: {numbers}: {causes}")


def _number(mine: pd.DataFrame) -> None:
    from forecasting.publishing.attribution import EVERY

    causes = [cause for cause in EVERY if cause in mine and bool((mine[cause] != 0).any())]
    for row in mine.to_dict("records"):
        scenario = f" ({row['scenario']})" if row["scenario"] else ""
        move = float(row["after"]) - float(row["before"])
        typer.echo(
            f"{row['about']} {row['period']}{scenario} {row['measure']}: {row['before']:,.6g} → {row['after']:,.6g} "
            f"({move:+,.6g})"
        )
        for cause in causes:
            typer.echo(f"  {cause:22} {row[cause]:+,.6g}")
