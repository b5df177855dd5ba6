"""``forecast editions``: what was published, how it stands today, and whether it is as it was published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecasting.cli.console import day, project_root, say
from forecasting.errors import InputMissing

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from forecasting.publishing.standing import Ledger

app = typer.Typer(
    help="List, show, verify, compare, correct, retract and rebuild published editions.", no_args_is_help=True
)
RootOption = Annotated[
    Path | None,
    typer.Option(
        "--editions", "--out", help="Where editions lie; by default data/editions.", show_default=False
    ),
]
EditionArgument = Annotated[str, typer.Argument(help="An edition id, its beginning, or latest.")]


def editions_root(out: Path | None) -> Path:
    return out or project_root() / "data" / "editions"


def sound(root: Path, name: str) -> Path:
    """The folder of an edition by its name, every byte checked; :class:`DataError` naming what is damaged."""
    from forecasting.errors import DataError
    from forecasting.publishing.ledger import edition_damage, identify, ledger

    id = identify(root, name)
    if faults := edition_damage(root, id, ledger(root)):
        raise DataError(f"{root / id}: damaged, {len(faults)} fault(s)", faults)
    return root / id


@app.command("list")
def list_(out: RootOption = None) -> None:
    """List the editions, oldest first, and how each stands; the latest is marked."""
    from forecasting.publishing.edition import editions, latest, read_manifest
    from forecasting.publishing.ledger import ledger

    root = editions_root(out)
    known, newest, found = ledger(root), latest(root), editions(root)
    lost = sorted(set(known.editions) - {path.name for path in found})
    if not found and not lost:
        raise InputMissing(
            f"{root} has no edition; publish one first: forecast publish, or name their folder with --editions"
        )
    for path in found:
        manifest = read_manifest(path)
        mark = "*" if newest is not None and path.name == newest.name else " "
        typer.echo(
            f"{mark} {path.name}  released {manifest.get('released', 'unknown')}  "
            f"data as of {manifest.get('as_of', 'unknown')}  {manifest.get('status', 'normal')}  "
            f"{stands(known, path.name)}"
        )
    for id in lost:
        typer.echo(f"! {id}  its folder is lost, restore it from a copy  {stands(known, id)}")


def stands(known: Ledger, id: str) -> str:
    """How an edition stands, in one line: superseded or retracted, what it supersedes, how many errata it has."""
    if id not in known.editions:
        return "not recorded yet (the next forecast publish does)"
    said = [known.fate(id) or "current"]
    if replaced := known.supersedes(id):
        said.append(f"supersedes {', '.join(replaced)}")
    kinds = [erratum.kind for erratum in known.errata(id) if erratum.kind != "retracted"]
    if kinds:
        said.append(f"errata: {', '.join(kinds)}")
    return "; ".join(said)


@app.command()
def show(
    edition: EditionArgument = "latest",
    json: Annotated[bool, typer.Option("--json", help="Print manifest and history as JSON.")] = False,
    out: RootOption = None,
) -> None:
    """Show an edition: its dates, how it stands, what happened to it, and its files."""
    from forecasting.publishing.edition import read_manifest
    from forecasting.publishing.ledger import identify, ledger

    root = editions_root(out)
    id = identify(root, edition)
    manifest, known = read_manifest(root / id), ledger(root)
    lines = [
        {"time": line.time.isoformat(), "event": line.event, "edition": line.edition, **line.facts}
        for line in known.history(id)
    ]
    if json:
        _print_json({"manifest": manifest, "stands": stands(known, id), "history": lines})
        return
    typer.echo(f"{id}: {stands(known, id)}")
    for name in ("released", "as_of", "previous", "status", "status_reasons", "key", "environment"):
        if manifest.get(name):
            typer.echo(f"  {name:14} {_told(manifest[name])}")
    typer.echo("history (UTC)")
    for line in lines:
        told = {name: line[name] for name in line if name not in ("time", "event", "edition", "key")}
        typer.echo(f"  {line['time'][:19]}  {line['event']} {line['edition']}  {_told(told)}")
    typer.echo("files")
    for entry in manifest["files"]:
        typer.echo(f"  {entry['sha256'][:12]}  {entry['bytes']:>10,}  {entry['path']}")


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(one)}" for name, one in value.items())
    return "; ".join(map(_told, value)) if isinstance(value, list) else str(value)


def _print_json(content: dict[str, Any]) -> None:
    from json import dumps

    typer.echo(dumps(content, indent=1, ensure_ascii=False))


@app.command()
def verify(
    edition: EditionArgument = "latest",
    every: Annotated[bool, typer.Option("--all", help="Verify every edition.")] = False,
    out: RootOption = None,
) -> None:
    """Recompute every hash of an edition, the chain of the audit file, and where latest points."""
    from forecasting.errors import DataError
    from forecasting.publishing import ledger
    from forecasting.publishing.edition import editions, read_manifest

    root = editions_root(out)
    chosen = [path.name for path in editions(root)] if every else [ledger.identify(root, edition)]
    faults = ledger.all_damage(root) if every else ledger.damage_of(root, chosen[0])
    if faults:
        what = f"{root}: {len(chosen)} editions" if every else str(root / chosen[0])
        raise DataError(f"{what}: damaged, {len(faults)} fault(s)", faults)
    if not chosen:
        raise InputMissing(f"{root} has no edition; publish one first: forecast publish")
    for id in chosen:
        typer.echo(f"{root / id}: sound, {len(read_manifest(root / id)['files'])} files")
    typer.echo(f"{root / 'audit.jsonl'}: sound, {len(ledger.read(root))} lines")


@app.command()
def on(
    date: Annotated[str, typer.Argument(help="A day, as 2026-11-22.")],
    zone: Annotated[str, typer.Option("--zone", help="The time zone of the day.")] = "UTC",
    out: RootOption = None,
) -> None:
    """Say which edition was public as the latest on a day, and what happened to it since."""
    from forecasting.publishing.ledger import ledger

    root, place = editions_root(out), _zone(zone)
    asked, known = day(date, "DATE"), ledger(root)
    reigns, stood = known.on(asked, place)
    if not reigns:
        first = known.reigns[0].since.astimezone(place) if known.reigns else None
        when = f"; the first became public on {first:%Y-%m-%d %H:%M}" if first else ""
        raise InputMissing(f"{root}: no edition was public on {asked} ({zone}){when}")
    for one in reigns:
        until = f"until {one.until.astimezone(place):%Y-%m-%d %H:%M:%S}" if one.until else "and still is"
        standing = known.editions[one.edition]
        typer.echo(
            f"{one.edition}  the latest from {one.since.astimezone(place):%Y-%m-%d %H:%M:%S} ({zone}) {until}"
        )
        if standing.recovered:
            typer.echo("  its run was killed before it could record the time; this is its manifest's own")
        now = stands(known, one.edition)
        typer.echo(f"  today: {now}")
    if len(reigns) > 1 or not stood:
        typer.echo(f"at the end of {asked} ({zone}): {stood or 'none'}")


def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    from forecasting.errors import UsageError, nearest

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        advice = nearest(name, available_timezones())
        raise UsageError(f"--zone {name!r} is not a time zone; {advice}") from None


@app.command()
def supersede(
    edition: Annotated[str, typer.Argument(help="The edition that was wrong.")],
    by: Annotated[str, typer.Option("--by", help="The later edition that puts it right.")],
    kind: Annotated[str, typer.Option("--class", help="minor, or substantial: a conclusion changes.")],
    what: Annotated[str, typer.Option("--what", help="What was wrong, in a sentence for readers.")],
    out: RootOption = None,
) -> None:
    """Record an erratum: a later edition puts right what was wrong in an edition."""
    from forecasting.publishing import ledger
    from forecasting.publishing.lock import publisher

    root = editions_root(out)
    id, later = ledger.identify(root, edition), ledger.identify(root, by)
    with publisher(root):
        _say_all(ledger.reconcile(root))
        ledger.supersede(root, id, later, kind, what)
    typer.echo(f"{id} superseded by {later} ({kind}); every later report lists the erratum")
    say("sinks are told by the next publish, or at once by: forecast deliver")


@app.command()
def retract(
    edition: EditionArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence for readers.")],
    out: RootOption = None,
) -> None:
    """Retract an edition: its files stay, latest moves off it, and every later report says so.

    Editions made of the same inputs are named: they hold the same figures, and publishing stops until inputs change.
    """
    from forecasting.publishing import ledger
    from forecasting.publishing.lock import publisher

    root = editions_root(out)
    id = ledger.identify(root, edition)
    with publisher(root):
        _say_all(ledger.reconcile(root))
        done = ledger.retract(root, id, reason)
    typer.echo("\n".join([f"{id} retracted; its files stay as they were published", *done]))
    say("sinks are told by the next publish, or at once by: forecast deliver")


def _say_all(sentences: list[str]) -> None:
    for sentence in sentences:
        say(sentence)
