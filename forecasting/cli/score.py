"""``forecast score``: every past edition held against what happened since."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import AsOfOption, DataOption, data_root, day, project_root, say
from forecasting.cli.editions import RootOption, editions_root

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = {
    "horizon": "by months ahead",
    "series": "by series",
    "edition": "by edition",
    "all": "over all",
}


def score(
    data: DataOption = None,
    editions: RootOption = None,
    as_of: AsOfOption = None,
    to: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every scored figure to this CSV.", show_default=False),
    ] = None,
) -> None:
    """Score past editions: error, coverage of the bands, and skill against a naive forecast made on the same day."""
    from forecasting.data.store import Store
    from forecasting.publishing.scorecard import issued, scores
    from forecasting.publishing.scorecard.drift import alarms, summary

    store = Store.open(data_root(data))
    notes: list[str] = []
    found = issued(editions_root(editions), notes.append)
    cut = store.last_known(day(as_of, "--as-of"))
    table = scores(found, store, cut, project_root() / ".cache" / "paths", notes.append)
    for note in notes:
        say(f"warning: {note}")
    counted = int(table["actual"].notna().sum())
    typer.echo(
        f"{len(found)} editions, {len(table):,} figures known by {cut} that were forecast, {counted:,} of them final"
    )
    if counted:
        _print(summary(table))
        for one in alarms(table, store.catalogue):
            typer.echo(f"warning: {one.series + ': ' if one.series else ''}{one.text}")
    if to is not None:
        _write(to, table)
        typer.echo(to)


def _print(found: pd.DataFrame) -> None:
    columns = ("figures", "apart", "error", "in 50%", "in 80%", "in 95%", "skill")
    head = " ".join([f"{'':28} {'':6}", *(f"{name:>8}" for name in columns)])
    for by, title in HEADINGS.items():
        typer.echo(f"\n{title}\n{head}")
        for row in found[found["by"] == by].to_dict("records"):
            shares = " ".join(f"{row[f'coverage_{band}']:8.0%}" for band in (50, 80, 95))
            skill = "-" if math.isnan(row["skill"]) else f"{row['skill']:.2f}"
            typer.echo(
                f"{row['group']!s:28} {row['kind']!s:6} {row['figures']:8,} {row['windows']:8} "
                f"{row['absolute_pct']:7.1f}% {shares} {skill:>8}"
            )
    typer.echo(
        "\nerror: median absolute error in percent of the first final figure; apart: figures whose windows do not "
        "overlap; skill: one less the score over that of the naive forecast"
    )


def _write(path: Path, table: pd.DataFrame) -> None:
    from forecasting.errors import CannotWrite

    try:
        path.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"{path}: cannot write ({error.strerror}); make it writable") from error
