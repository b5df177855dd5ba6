"""``forecast editions diff`` and ``rebuild``: two editions number by number, and one made again from itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.editions import EditionArgument, RootOption, editions_root, sound

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 120


def diff(
    before: Annotated[str, typer.Argument(help="The earlier edition: an id, or latest.")],
    after: Annotated[str, typer.Argument(help="The later edition: an id, or latest.")] = "latest",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write every figure of every period to this CSV.", show_default=False),
    ] = None,
    editions: Annotated[
        Path | None,
        typer.Option("--editions", help="Where editions lie; by default data/editions.", show_default=False),
    ] = None,
) -> None:
    """Compare two editions: medians and bands that moved, what was added or left out, who forecasts."""
    from forecasting.publishing.difference import difference

    root = editions_root(editions)
    first, last = (sound(root, name) for name in (before, after))
    old, new = first.name, last.name
    found = difference(first, last)
    changed = found.changed
    typer.echo(f"{old} → {new}: {len(changed):,} of {len(found.numbers):,} figures differ")
    for row in found.states.itertuples():
        was, now = _state(row.standing_before, row.model_before), _state(row.standing_after, row.model_after)
        typer.echo(f"  {row.series:28} {was} → {now}")
    for (series, what), rows in changed[changed["change"] != "moved"].groupby(["series", "change"]):
        periods = sorted(set(rows["period"]))
        typer.echo(f"  {series:28} {what}: {', '.join(periods[:3])}{' …' if len(periods) > 3 else ''}")
    _print_moves(found.numbers, changed)
    if out is not None:
        _write(out, found.numbers)
        typer.echo(out)


def _state(standing: object, model: object) -> str:
    return f"{standing} ({model})" if standing else "not forecast"


def _print_moves(numbers: pd.DataFrame, changed: pd.DataFrame) -> None:
    """A line a fiscal year (calendar year, where a series has none) in which a figure of a series moved, and one for
    the month whose median moved most."""
    key = ["kind", "series", "period", "scenario", "unit"]
    moved = changed.loc[changed["change"] == "moved", key].drop_duplicates()
    if moved.empty:
        return
    rows = numbers.merge(moved, on=key)
    figures = {(*(row[name] for name in key), row["figure"]): row for row in rows.to_dict("records")}
    medians = rows[rows["figure"] == "median"]
    months = medians[medians["kind"] == "month"]
    largest = months.loc[months["moved_pct"].abs().groupby(months["series"]).idxmax().dropna()]
    fiscal = set(numbers.loc[numbers["kind"] == "FY", "series"])
    years = medians[(medians["kind"] == "FY") | (medians["kind"] == "CY") & ~medians["series"].isin(fiscal)]
    shown = [*years.to_dict("records"), *largest.to_dict("records")]
    for one in shown[:SHOWN]:
        low, high = (figures[(*(one[name] for name in key), end)] for end in ("low_80", "high_80"))
        typer.echo(
            f"  {one['series']:28} {one['period']:8} {_number(one['before'])} → {_number(one['after'])} "
            f"{one['unit']} ({_number(one['moved'], '+')}, {one['moved_pct']:+.2f} %); 80 % band "
            f"{_number(low['before'])} to {_number(high['before'])} → "
            f"{_number(low['after'])} to {_number(high['after'])}"
        )
    if len(shown) > SHOWN:
        typer.echo(f"  … and {len(shown) - SHOWN} more")
    typer.echo("of months, the one whose median moved most; --out FILE.csv has every figure")


def _number(value: float, sign: str = "") -> str:
    return f"{value:{sign},.0f}" if abs(value) >= 1000 else f"{value:{sign}.4g}"


def _write(path: Path, table: pd.DataFrame) -> None:
    from forecasting.errors import CannotWrite

    try:
        path.write_bytes(table.to_csv(index=False, lineterminator="\n").encode())
    except OSError as error:
        raise CannotWrite(f"{path}: {error.strerror}; name a file that can be written") from error


def rebuild(
    edition: EditionArgument = "latest",
    out: RootOption = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Write the tables made again into this new folder.", show_default=False),
    ] = None,
) -> None:
    """Make an edition again from its own inputs and compare every number; nothing is published."""
    from forecasting.cli.console import progress, say
    from forecasting.errors import DataError, Fault
    from forecasting.publishing.ledger import identify
    from forecasting.publishing.rebuild import TOLERANCE
    from forecasting.publishing.rebuild import rebuild as again

    root = editions_root(out)
    id = identify(root, edition)
    with progress("rebuild") as tell:
        found = again(root, id, tell)
    if to is not None:
        _write_tables(to, found.files)
    for text in (*found.notes, *found.environment):
        say(f"note: {text}")
    for one in found.tables:
        typer.echo(f"{one.table:26} {one.numbers:9,} numbers, largest relative difference {one.largest:.3g}")
    if found.equal:
        total = sum(one.numbers for one in found.tables)
        typer.echo(f"{id}: rebuilt, {total:,} numbers equal to {TOLERANCE:g}")
        return
    cause = "; ".join(found.environment) or "code, Python and libraries are those of the edition"
    faults = [
        Fault(f"{id}/{one.table}.csv", text, f"see what differs: {cause}")
        for one in found.tables
        if not one.equal
        for text in (
            *one.unlike,
            *([f"{one.where} moved by {one.largest:.3g}"] if one.largest > TOLERANCE else []),
        )
    ]
    raise DataError(f"{id}: made again from its own inputs it is not the same", faults)


def _write_tables(folder: Path, files: Mapping[str, bytes]) -> None:
    from forecasting.errors import CannotCreate

    try:
        folder.mkdir(parents=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise CannotCreate(f"{folder}: cannot be written ({error.strerror}); name a new folder") from error
    typer.echo(f"{folder}: {len(files)} tables made again")
