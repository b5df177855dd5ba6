"""``forecast balance``: does it add up, when, with what probability, by scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.cli.console import (
    AsOfOption,
    DataOption,
    data_root,
    day,
    progress,
    project_root,
    say,
)

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from forecasting.balance.outcome import Balance
    from forecasting.data.store import Store
    from forecasting.frames import Forecast

ScenarioOption = Annotated[
    list[str] | None,
    typer.Option("--scenario", help="A scenario of data/scenarios; name several. By default all."),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="A folder to save the tables in.", show_default=False)
]


def balance(
    scenario: ScenarioOption = None,
    data: DataOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Possible worlds.")] = 10_000,
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option("--explain", help="A node and a year, such as gap.home FY2030: where it comes from."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Also sensitivity, value of data, outlooks and validation.")
    ] = False,
) -> None:
    """Demand, supply and gap by scenario through the horizon, with bands and P(shortage)."""
    from forecasting.balance.outcome import balance_table
    from forecasting.balance.tables import open_balance
    from forecasting.data.store import Store

    store = Store.open(data_root(data))
    cut = store.last_known(day(as_of, "--as-of"))
    forecasts, seed = _forecasts(store, cut)
    known, today = store.as_of(cut), day(as_of, "--as-of")
    ready = open_balance(store.catalogue, known, forecasts, seed, today, draws)
    chosen = list(dict.fromkeys(scenario or ready.scenarios))
    if explain is not None:
        from forecasting.balance.explain import explain as lines

        for one in chosen if scenario else ["baseline"]:
            for line in lines(ready, one, *explain, store.catalogue.sources):
                typer.echo(line)
        return
    if full:
        from forecasting.balance.tables import tables

        found = tables(ready, store.catalogue, known, forecasts, today)
    else:
        bands, heads = balance_table(ready, chosen)
        found = {"balance": bands, "scenarios": heads}
    _print_heads(found["scenarios"], ready)
    if scenario and len(chosen) > 1:
        _print_comparison(found["balance"], chosen)
    if full:
        _print_rest(found)
    _warn(ready, today)
    if out is not None:
        _save(found, out)


def _forecasts(store: Store, cut: date) -> tuple[list[Forecast], int]:
    """The joint forecasts of the current release, and its seed."""
    from forecasting.cli.telling import release_root
    from forecasting.publishing.paths import joint_paths
    from forecasting.publishing.release import load

    released = load(release_root())
    with progress("forecast") as tell:
        paths = joint_paths(store, released, cut, project_root() / ".cache" / "paths", tell)
    return paths, released.experiments[0].seed


def _band(row: pd.Series, name: str) -> str:
    return f"{row[f'{name}_median']:,.0f} ({row[f'{name}_low_80']:,.0f} to {row[f'{name}_high_80']:,.0f})"


def _print_heads(heads: pd.DataFrame, ready: Balance) -> None:
    typer.echo(
        f"{ready.graph.last}, medians and 80 % bands of {ready.draws:,} draws. Home: demand less magnets made in "
        "India. Market: demand less all that can be had, imports included.\n"
    )
    typer.echo(
        f"{'scenario':28} {'demand, t magnet':26} {'made in India, t':22} {'home gap, t':26} "
        f"{'P':>5}  {'market gap, t':28} {'P':>5}  {'needed at 80 %, t':>17}  closes (p 0.5 / 0.8), market"
    )
    for _, row in heads.iterrows():
        closes = f"{row['stays_closed_p50_market'] or 'not'} / {row['closes_p80_market'] or 'not'}"
        typer.echo(
            f"{row['scenario']:28} {_band(row, 'demand'):26} {_band(row, 'home_supply'):22} "
            f"{_band(row, 'gap_home'):26} {row['p_shortage_home']:5.2f}  {_band(row, 'gap_market'):28} "
            f"{row['p_shortage_market']:5.2f}  {row['needed_80_market']:17,.0f}  {closes}"
        )


def _print_comparison(bands: pd.DataFrame, chosen: list[str]) -> None:
    last = bands["period"].max()
    typer.echo(f"\nWhat differs in {last}: medians (80 % bands)")
    nodes = bands[bands["period"] == last]
    for id in dict.fromkeys(nodes["node"]):
        rows = nodes[nodes["node"] == id].set_index("scenario").loc[chosen]
        same = rows[["low_80", "median", "high_80"]].nunique().max() == 1
        if same:
            continue
        typer.echo(f"  {id} [{rows['unit'].iloc[0]}] {rows['title'].iloc[0]}")
        for name, row in rows.iterrows():
            typer.echo(
                f"    {name:28} {row['median']:12,.4g} ({row['low_80']:,.4g} to {row['high_80']:,.4g})"
            )


def _print_rest(found: dict[str, pd.DataFrame]) -> None:
    for name, columns in {
        "tornado": ["scenario", "node", "input", "at_low", "at_high", "swing", "first", "total"],
        "value_of_data": ["scenario", "node", "figure", "narrower", "narrower_pct", "why"],
        "validation": ["node", "period", "low_80", "median", "high_80", "published", "source", "verdict"],
    }.items():
        table = found[name]
        if name != "validation":
            table = table.groupby(["scenario", "node"], sort=False).head(8)
        typer.echo(f"\n{name.replace('_', ' ')}")
        typer.echo(table[columns].to_string(index=False, float_format=lambda x: f"{x:,.4g}"))


def _warn(ready: Balance, today: date) -> None:
    from forecasting.balance.register import doubts

    path = ready.graph.path.parent / "assumptions.yaml"
    overdue = [name for name in ready.graph.used if ready.graph.assumptions[name].review_by < today]
    for name in overdue:
        due = ready.graph.assumptions[name].review_by
        say(f"amber: {path}: assumptions.{name}.review_by: review was due on {due}")
    doubtful = sum(bool(doubts(ready.graph.assumptions[name], today)) for name in ready.graph.used)
    say(
        f"{doubtful} of {len(ready.graph.used)} assumptions rest on one source, on none, or are past their review"
    )


def _save(found: dict[str, pd.DataFrame], out: Path) -> None:
    from forecasting.errors import CannotWrite
    from forecasting.frames.cells import guarded

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in found.items():
            guarded(table).to_csv(out / f"{name}.csv", index=False, lineterminator="\n")
    except OSError as error:
        raise CannotWrite(f"{out}: {error.strerror}; choose a folder that can be written") from None
    say(f"saved {', '.join(f'{name}.csv' for name in found)} in {out}")
