"""``forecast data trace``, ``docs`` and ``package``: where numbers come from, and saying so in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import DataOption, data_root, project_root
from forecasting.errors import DataError, Fault, UsageError

if TYPE_CHECKING:
    from forecasting.publishing.trace import Trace

RootOption = Annotated[
    Path | None,
    typer.Option("--out", help="Where editions lie; by default data/editions.", show_default=False),
]
ROWS = 12  # rows of evidence printed for each series, the newest ones


def trace(
    edition: Annotated[str, typer.Argument(help="An edition id, its beginning, or latest.")],
    series: Annotated[str | None, typer.Argument(help="A series or balance node of the edition.")] = None,
    period: Annotated[str | None, typer.Argument(help="A period of the edition, such as FY2030.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Resolve every number and print only what does not.")
    ] = False,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Newest rows printed for each series.")] = ROWS,
    data: DataOption = None,
    out: RootOption = None,
) -> None:
    """Resolve a number of an edition to observation rows, source, publication date, licence and hash."""
    from forecasting.data.store import Store
    from forecasting.publishing.ledger import identify
    from forecasting.publishing.trace import Tracer

    if every == (series is not None):
        raise UsageError("name a series and a period, or --all")
    root = out or project_root() / "data" / "editions"
    tracer = Tracer(root / identify(root, edition), Store.open(data_root(data)))
    if not every:
        if series is None or period is None:
            raise UsageError("name a period after the series, such as FY2030")
        _print(tracer.trace(series, period), rows)
        return
    faults = []
    numbers = tracer.numbers()
    for name, label in numbers:
        try:
            found = tracer.trace(name, label)
        except DataError as error:
            faults.append(Fault(f"{name} {label}", error.message, "the edition cannot be defended"))
            continue
        for id in (id for id, source in found.sources.items() if not source.licence):
            faults.append(Fault(f"{name} {label}", f"no licence of {id}", "record it in sources.yaml"))
    if faults:
        raise DataError(f"{tracer.edition}: {len(faults)} of {len(numbers)} numbers do not resolve", faults)
    said = "numbers (series and period) resolve to rows, sources, licences and hashes"
    typer.echo(f"{tracer.edition}: all {len(numbers)} {said}")


def _print(found: Trace, rows: int) -> None:
    typer.echo(
        f"{found.series} {found.period} of {found.edition} [{found.unit}] by {found.model}, data as of {found.as_of}"
    )
    typer.echo("  ".join(f"{level:g}: {value:,.6g}" for level, value in found.quantiles.items()))
    typer.echo(
        f"forecasts.csv sha256 {found.forecasts_sha256}\nobservations sha256 {found.observations_sha256}"
    )
    for name, assumed in found.assumptions.items():
        typer.echo(
            f"assumption {name}: {assumed.low:g} / {assumed.central:g} / {assumed.high:g} {assumed.unit}, "
            f"source {', '.join(assumed.source) or 'none: judgement'}, owner {assumed.owner}"
        )
    for id in found.inputs:
        mine = [one for one in found.evidence if one.series == id]
        typer.echo(f"{id}: {len(mine)} observation rows")
        for one in mine[-rows:]:
            typer.echo(
                f"  {one.period:8} {one.value:>14,.6g} {one.unit:12} {one.status:12} {one.source_id:28} "
                f"known {one.known}  row {one.row_sha256[:16]}"
            )
        if len(mine) > rows:
            typer.echo(f"  … and {len(mine) - rows} older rows (--rows {len(mine)})")
    typer.echo("sources:")
    files = {one.source_id: one.files for one in found.evidence}
    for id, source in found.sources.items():
        day = source.published.isoformat() if source.published else "publication day unknown"
        typer.echo(f"  {id}: {source.publisher}, {source.title}; {day}")
        typer.echo(f"    licence: {source.licence}; {source.address}")
        for digest, file in files.get(id, {}).items():
            typer.echo(f"    raw file {file.name} sha256 {digest}")


def docs(
    data: DataOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="The folder of the pages; by default docs/data.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a page is out of date.")
    ] = False,
) -> None:
    """Write the pages about the data, one a series group, from the catalogue and the observations."""
    from forecasting.data.pages import pages
    from forecasting.data.store import Store

    folder = to or project_root() / "docs" / "data"
    made = {folder / name: text for name, text in pages(Store.open(data_root(data))).items()}
    write(made, check, "forecast data docs")


def package(
    data: DataOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when it is out of date.")
    ] = False,
) -> None:
    """Write data/datapackage.json, the Frictionless description of the data folder."""
    from forecasting.catalogue import Catalogue
    from forecasting.data.package import NAME, text

    root = data_root(data)
    write({root / NAME: text(Catalogue.read(root))}, check, "forecast data package")


def write(made: dict[Path, str], check: bool, command: str) -> None:
    from forecasting.errors import CannotWrite

    old = [
        path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if check:
        if old:
            faults = [Fault(str(path), "out of date", f"run: {command}") for path in old]
            raise DataError(f"{len(old)} file(s) are out of date", faults)
        typer.echo(f"{len(made)} file(s) are up to date")
        return
    for path in old:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
        except OSError as error:
            raise CannotWrite(f"{path}: cannot write ({error.strerror}); make it writable") from error
    typer.echo(f"wrote {len(old)} of {len(made)} file(s)" if old else f"{len(made)} file(s) are up to date")
