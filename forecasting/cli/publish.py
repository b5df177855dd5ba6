"""``forecast publish``, and the main job that ``make forecast`` runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import (
    AsOfOption,
    DataOption,
    JobsOption,
    data_root,
    day,
    progress,
    project_root,
)
from forecasting.cli.experiments import outcomes, print_board
from forecasting.cli.promotion import print_decisions, put_in_force, settle
from forecasting.cli.telling import deliver, release_root, tell

if TYPE_CHECKING:
    from forecasting.data.store import Store
    from forecasting.publishing.job import Facts, Published

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
) -> None:
    """Forecast every target with its released champion and publish an edition, or say why not."""
    from forecasting.data.store import Store

    done = _publish(Store.open(data_root(data)), out, as_of, edition_date)
    typer.echo(f"{'published' if done.new else 'unchanged'} {done.folder}")


def main_job(jobs: JobsOption = 2) -> None:
    """Run the default experiments, promote, publish, and print where the report is."""
    from forecasting.data.store import Store
    from forecasting.publishing.promotion import in_release, present

    store = Store.open(data_root(None))
    release = present(release_root())
    found = outcomes(store, project_root() / "experiments" / "default.yaml", None, jobs, release)
    settled = settle(store, found, release)
    if in_release(release, settled):
        tell(deliver())  # what an earlier run could not
    else:
        for one in settled:
            print_board(one.outcome)
        put_in_force(store, settled)
    print_decisions(settled)
    done = _publish(store, None, None, None)
    _print_headlines(done.folder)
    _print_answer(done.folder)
    typer.echo(
        f"\nedition  {done.folder}{'' if done.new else ' (unchanged)'}\nreport   {done.folder / 'report.html'}"
    )


def _publish(store: Store, out: Path | None, as_of: str | None, edition_date: str | None) -> Published:
    from forecasting.publishing.job import publish as carry_out
    from forecasting.publishing.release import load

    root = out or project_root() / "data" / "editions"
    cut = store.last_known(day(as_of, "--as-of"))
    dated = day(edition_date, "--edition-date")
    with progress("forecast") as tell:
        paths = project_root() / ".cache" / "paths"
        return carry_out(store, load(release_root()), root, cut, dated, _render, paths, tell)


def _render(facts: Facts) -> Mapping[str, bytes]:
    from forecasting.reports import rendered
    from forecasting.reports.archive import from_facts

    return rendered(from_facts(facts))


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

    heads = pd.read_csv(folder / "balance" / "scenarios.csv").set_index("scenario")
    typer.echo("\ndoes it add up in FY2030? gap = demand less supply, t magnet, median (80 % band)")
    for scenario in ("baseline", "mission"):
        row = heads.loc[scenario]
        for gap, meaning in (("home", "made in India"), ("market", "imports included")):
            low, middle, high = (row[f"gap_{gap}_{q}"] for q in ("low_80", "median", "high_80"))
            typer.echo(
                f"  {scenario:10} {meaning:17} {middle:9,.0f} ({low:,.0f} to {high:,.0f}), "
                f"P(shortage) {row[f'p_shortage_{gap}']:.2f}"
            )
