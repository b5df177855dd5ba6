"""``forecast editions``: list, show and verify what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli.console import project_root
from forecasting.errors import InputMissing

app = typer.Typer(help="List, show and verify published editions.", no_args_is_help=True)
RootOption = Annotated[
    Path | None,
    typer.Option("--out", help="Where editions lie; by default data/editions.", show_default=False),
]


def _root(out: Path | None) -> Path:
    return out or project_root() / "data" / "editions"


def _folder(out: Path | None, edition: str) -> Path:
    from forecasting.errors import nearest
    from forecasting.publishing.edition import editions

    root = _root(out)
    known = [path.name for path in editions(root)]
    if edition not in (*known, "latest") or not (root / edition).exists():
        advice = nearest(edition, known) if known else "publish one first: forecast publish"
        raise InputMissing(f"{root} has no edition {edition!r}; {advice}")
    return (root / edition).resolve()


@app.command("list")
def list_(out: RootOption = None) -> None:
    """List the editions, oldest first; the latest is marked."""
    from forecasting.publishing.edition import editions, latest, read_manifest

    root = _root(out)
    newest = latest(root)
    for path in editions(root):
        manifest = read_manifest(path)
        mark = "*" if newest is not None and path.resolve() == newest else " "
        typer.echo(f"{mark} {path.name}  released {manifest['released']}  data as of {manifest['as_of']}")


@app.command()
def show(
    edition: Annotated[str, typer.Argument(help="An edition id, or latest.")] = "latest",
    out: RootOption = None,
) -> None:
    """Show the manifest of an edition."""
    typer.echo((_folder(out, edition) / "MANIFEST.json").read_text(encoding="utf-8"))


@app.command()
def verify(
    edition: Annotated[str, typer.Argument(help="An edition id, or latest.")] = "latest",
    out: RootOption = None,
) -> None:
    """Recompute every hash of an edition."""
    from forecasting.publishing.edition import verify as check

    folder = _folder(out, edition)
    manifest = check(folder)
    typer.echo(f"{folder}: sound, {len(manifest['files'])} files")
