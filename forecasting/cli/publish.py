"""``forecast publish``, and the main job that ``make forecast`` runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.boards import print_board
from forecasting.cli.console import (
    AsOfOption,
    DataOption,
    JobsOption,
    data_root,
    day,
    flushed,
    progress,
    project_root,
    say,
)
from forecasting.cli.experiments import log, outcomes
from forecasting.cli.promotion import print_decisions, put_in_force
from forecasting.cli.telling import deliver, project, release_root, tell, tracking_store
from forecasting.errors import UsageError

if TYPE_CHECKING:
    from forecasting.cli.logs import Logs
    from forecasting.publishing.facts import Facts
    from forecasting.publishing.job import Published, Settings

OutputOption = Annotated[
    Path | None,
    typer.Option("--out", help="Where editions lie; by default data/editions.", show_default=False),
]
EditionDateOption = Annotated[
    str | None,
    typer.Option("--edition-date", help="The date the edition bears; by default today.", show_default=False),
]
HEADLINES = (
    ("in.ev.total", "FY2030"),
    ("in.ev.2w", "FY2030"),
    ("in.ev.3w", "FY2030"),
    ("in.ev.pv", "FY2030"),
    ("in.reo", "CY2030"),
    ("in.ndpr.oxide", "FY2030"),
    ("in.magnets.value", "FY2030"),
    ("in.magnets.value.850511", "FY2030"),
    ("in.magnets.tonnes.fy", "FY2030"),
    ("cn.magnets.exports", "CY2030"),
)


def publish(
    data: DataOption = None,
    out: OutputOption = None,
    as_of: AsOfOption = None,
    edition_date: EditionDateOption = None,
    force_date: Annotated[
        bool, typer.Option("--force-date", help="Accept an edition date before the last edition, or to come.")
    ] = False,
    override: Annotated[
        list[str] | None,
        typer.Option("--override", help="Publish in spite of this gate; give a --reason. Repeatable."),
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option("--reason", help="Why a gate is overridden, in order; it is published."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make an edition although nothing changed since the last one.")
    ] = False,
    deadline: Annotated[
        float | None,
        typer.Option(
            "--deadline",
            help="Seconds the run may take, 1 to 86400; by default publication.yaml's.",
            show_default=False,
        ),
    ] = None,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Log JSON lines, as is done where there is no terminal.")
    ] = False,
) -> None:
    """Forecast every target with its released champion and publish an edition, or say why not."""
    from forecasting.cli.logs import Logs

    logs = Logs(log_json or not sys.stderr.isatty())
    try:
        seconds = _seconds(deadline)
        settings = _settings(data, out, as_of, edition_date, _reasons(override, reason))
        done = _publish(replace(settings, force_date=force_date, again=again, deadline=seconds), logs)
    except Exception as error:
        if not logs.json:
            raise
        raise typer.Exit(logs.failed(error)) from error
    _notes(done, logs)
    try:
        typer.echo(f"{'published' if done.new else 'unchanged'} {done.folder}")
        told = flushed()
    except OSError:
        told = flushed()
    raise typer.Exit(done.code if told else 3)


def main_job(jobs: JobsOption = 2) -> None:
    """Run the default experiments, promote, publish, and print where the report is; ends as forecast publish does."""
    from forecasting.cli.logs import Logs
    from forecasting.data.store import Store
    from forecasting.evaluation.outcome import demand
    from forecasting.publishing.promotion import in_release
    from forecasting.tracking import disputed

    store = Store.open(data_root(None), day(None, "today"))
    here = project(store)
    release = here.release
    found, faults = outcomes(store, project_root() / "experiments" / "default.yaml", None, jobs, release)
    if faults:
        log(store, found)
        demand(faults)
    settled = here.gate(found)
    if in_release(release, settled) and not disputed(here.tracking, here.releases):
        tell(deliver())  # what an earlier run could not
    else:
        for one in settled:
            print_board(one.outcome, gated=True)
        put_in_force(store, settled)
    print_decisions(settled)
    logs = Logs(json=False)
    done = _publish(_settings(), logs)
    _print_headlines(done.folder)
    _print_answer(done.folder)
    _notes(done, logs)
    how = ("" if done.new else " (unchanged)") + (
        " (not without a blemish: see the notes)" if done.code else ""
    )
    typer.echo(f"\nedition  {done.folder}{how}\nreport   {done.folder / 'report.html'}")
    raise typer.Exit(done.code)


def _reasons(gates: list[str] | None, reasons: list[str] | None) -> dict[str, str]:
    named, given = gates or [], reasons or []
    if len(given) != len(named):
        raise UsageError(
            f"{len(named)} --override and {len(given)} --reason were given; give one reason for each gate"
        )
    for gate in named:
        if named.count(gate) > 1:
            raise UsageError(
                f"--override {gate}: named {named.count(gate)} times; name it once, with one --reason"
            )
    return dict(zip(named, given, strict=True))


def _seconds(deadline: float | None) -> float | None:
    from forecasting.catalogue.running import LONGEST

    if deadline is not None and not 1 <= deadline <= LONGEST:
        raise UsageError(
            f"--deadline {deadline:g}: give seconds from 1 to {LONGEST:g}, or leave it out for publication.yaml's"
        )
    return deadline


def _settings(
    data: Path | None = None,
    out: Path | None = None,
    as_of: str | None = None,
    edition_date: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Settings:
    from forecasting.publishing.job import Settings

    today = day(None, "today")
    return Settings(
        data=data_root(data),
        bundles=release_root(),
        root=out or project_root() / "data" / "editions",
        cache=project_root() / ".cache" / "paths",
        known_on=today if as_of is None else day(as_of, "--as-of"),
        released=today if edition_date is None else day(edition_date, "--edition-date"),
        today=today,
        overrides=overrides or {},
        spooled=_waiting(),
    )


def _waiting() -> float:
    """How many records wait for the tracking server; not a number when that cannot be read."""
    from forecasting.errors import ConfigError, DataError
    from forecasting.tracking import Spool

    try:
        return float(len(Spool(tracking_store()).pending()))
    except (ConfigError, DataError) as error:
        say(f"note: {error.message}: forecast track status")
        return float("nan")


def _publish(settings: Settings, logs: Logs) -> Published:
    from forecasting.publishing.job import publish as carry_out

    logs.say("started", root=str(settings.root), released=settings.released.isoformat())
    if logs.json:
        done = carry_out(settings, _render, _to_sinks(settings), logs.progress("forecast"))
    else:
        with progress("forecast") as tell_progress:
            done = carry_out(settings, _render, _to_sinks(settings), tell_progress)
    logs.say("ended", edition=done.folder.name, new=done.new, exit_code=done.code, reasons=list(done.reasons))
    return done


def _notes(done: Published, logs: Logs) -> None:
    if not logs.json:
        for why in done.reasons:
            say(f"note: {why}")


def _render(facts: Facts, form: str, beside: Sequence[str]) -> Mapping[str, bytes]:
    from forecasting.reports import FORMATS, rendered
    from forecasting.reports.archive import from_facts

    return rendered(from_facts(facts), [one for one in FORMATS if one == form], beside=beside)


def _to_sinks(settings: Settings) -> Callable[[Path, Path], Sequence[str]]:
    """Delivers an edition to the sinks of ``publication.yaml`` and gives what failed."""

    def deliver_to_sinks(folder: Path, root: Path) -> list[str]:
        from forecasting.catalogue import Publication, read_record

        records = read_record(settings.data / "publication.yaml", Publication).sinks
        if not records:
            return []
        from forecasting.publishing.sinks import deliver_all, made
        from forecasting.reports.site import fill

        found = deliver_all(made(records, settings.data, fill), folder, root)
        return [str(one) for one in found if one.outcome == "failed"]

    return deliver_to_sinks


def _print_headlines(folder: Path) -> None:
    import pandas as pd

    table = pd.read_csv(folder / "forecasts.csv")
    typer.echo(
        f"\n{'series':26} {'period':7} {'unit':13} {'median':>12}   {'80 % band':28}  95 % band",
    )
    for series, period in HEADLINES:
        rows = table[(table["series"] == series) & (table["period"] == period)]
        if rows.empty:
            continue
        unit = str(rows["unit"].iloc[0])
        q = dict(zip(rows["quantile"], rows["value"], strict=True))
        typer.echo(
            f"{series:26} {period:7} {unit:13} {q[0.5]:12,.0f}   "
            f"{f'{q[0.1]:,.0f} to {q[0.9]:,.0f}':28}  {q[0.025]:,.0f} to {q[0.975]:,.0f}"
        )


def _print_answer(folder: Path) -> None:
    import pandas as pd

    path = folder / "balance" / "scenarios.csv"
    if not path.is_file():
        typer.echo("\nthe balance is withheld in this edition")
        return
    heads = pd.read_csv(path).set_index("scenario")
    typer.echo("\ndoes it add up in FY2030? gap = demand less supply, t magnet, median (80 % band)")
    for scenario in ("baseline", "mission"):
        row = heads.loc[scenario]
        for gap, meaning in (("home", "made in India"), ("market", "imports included")):
            low, middle, high = (row[f"gap_{gap}_{q}"] for q in ("low_80", "median", "high_80"))
            typer.echo(
                f"  {scenario:10} {meaning:17} {middle:9,.0f} ({low:,.0f} to {high:,.0f}), "
                f"P(shortage) {row[f'p_shortage_{gap}']:.2f}"
            )
