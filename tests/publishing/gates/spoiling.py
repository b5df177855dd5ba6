"""Ways to spoil a clean candidate, drawn by chance where there are several places for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecasting.frames import LEVELS, Observations
from forecasting.periods import Period
from forecasting.publishing.candidate import Candidate, State

DAY = date(2026, 6, 29)
SLIPS = (10.0, 100.0, 1e3, 1e5, 1e7)
Rng = np.random.Generator
Change = Callable[[Candidate, Rng], Candidate]


def table_of(change: Callable[[pd.DataFrame, Candidate, Rng], pd.DataFrame]) -> Change:
    return lambda made, rng: replace(made, table=change(made.table.copy(), made, rng).reset_index(drop=True))


def one(made: Candidate, rng: Rng, *, own: bool = False, leaf: bool = False, monthly: bool = False) -> str:
    """A series of the edition."""
    series = made.catalogue.series
    ids = [
        id
        for id in sorted(set(made.table["series"]))
        if (not leaf or not series[id].sum_of)
        and (not monthly or series[id].kind == "month")
        and (not own or id)
    ]
    return str(rng.choice(ids))


def scaled(id: str, table: pd.DataFrame, factor: float, where: Any = True) -> pd.DataFrame:
    rows = (table["series"] == id) & where
    return table.assign(value=table["value"].where(~rows, table["value"] * factor))


def set_to(value: float) -> Change:
    def change(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
        del made
        table.loc[rng.integers(len(table), size=int(rng.integers(1, 4))), "value"] = value
        return table

    return table_of(change)


def crossing(table: pd.DataFrame, _: Candidate, rng: Rng) -> pd.DataFrame:
    start = len(LEVELS) * int(rng.integers(len(table) // len(LEVELS)))
    low, high = sorted(rng.choice(len(LEVELS), size=2, replace=False))
    pair = [start + low, start + high]
    table.loc[pair, "value"] = table.loc[pair[::-1], "value"].to_numpy()
    return table


def without(share: Callable[[pd.DataFrame, str, Candidate, Rng], Any], **which: bool) -> Change:
    def change(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
        id = one(made, rng, **which)
        return table[~((table["series"] == id) & share(table, id, made, rng))]

    return table_of(change)


def periods_of(table: pd.DataFrame, id: str, made: Candidate) -> list[str]:
    mine = table[(table["series"] == id) & (table["kind"] == str(made.catalogue.series[id].kind))]
    return sorted(set(mine["period"]))


def unit_slip(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    factor = float(rng.choice(SLIPS))
    return scaled(one(made, rng), table, factor if rng.random() < 0.5 else 1 / factor)


def from_a_period(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    id = one(made, rng)
    return scaled(
        id, table, float(rng.choice(SLIPS)), table["period"] >= rng.choice(periods_of(table, id, made))
    )


def one_period(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    id = one(made, rng)
    return scaled(
        id, table, float(rng.choice(SLIPS)), table["period"] == rng.choice(periods_of(table, id, made))
    )


def one_level(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    return scaled(one(made, rng), table, 10.0, table["quantile"] == 0.975)


def wrong_unit(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    return table.assign(unit=table["unit"].where(table["series"] != one(made, rng), "t Nd"))


def above_market(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    id = str(
        rng.choice(
            [
                id
                for id in sorted(set(table["series"]))
                if made.catalogue.series[id].within in set(table["series"])
            ]
        )
    )
    rows, market = (table["series"] == id).to_numpy(), made.catalogue.series[id].within
    tops = table[table["series"] == market].set_index(["period", "quantile"])["value"]
    keys = pd.MultiIndex.from_frame(table.loc[rows, ["period", "quantile"]])
    table.loc[rows, "value"] = tops.reindex(keys).to_numpy() * rng.uniform(1.01, 1.5)
    return table.dropna(subset=["value"])


def low_ceiling(made: Candidate, rng: Rng) -> Candidate:
    id = one(made, rng)
    top = made.table.loc[made.table["series"] == id, "value"].max() * rng.uniform(0.5, 0.99)
    series = {
        **made.catalogue.series,
        id: made.catalogue.series[id].model_copy(update={"ceiling": float(top)}),
    }
    return replace(made, catalogue=replace(made.catalogue, series=series))


def ramp(by: float) -> Change:
    """A path that grows by a factor a year beyond its own."""

    def change(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
        id = one(made, rng)
        years = table["period"].map(
            lambda label: Period.parse(label).start.year + Period.parse(label).start.month / 12
        )
        rows = table["series"] == id
        grown = table["value"] * by ** (years - years[rows].min())
        return table.assign(value=table["value"].where(~rows, grown))

    return table_of(change)


def jumped(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    assert made.previous is not None
    id, before = one(made, rng), made.previous.table
    kind = str(made.catalogue.series[id].kind)

    def of(rows: pd.DataFrame, level: float) -> pd.DataFrame:
        return rows[(rows["series"] == id) & (rows["kind"] == kind) & (rows["quantile"] == level)]

    room = (of(before, 0.975)["value"].to_numpy() / of(table, 0.5)["value"].to_numpy()).min()
    return scaled(id, table, float(room) * rng.uniform(1.02, 1.2))


def stuck(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    id = one(made, rng, leaf=True)
    labels = periods_of(table, id, made)
    begin = int(rng.integers(0, len(labels) - 3))
    for level in LEVELS:
        rows = (table["series"] == id) & (table["quantile"] == level) & table["period"].isin(labels[begin:])
        table.loc[rows, "value"] = table.loc[rows, "value"].iloc[0]
    return table


def squeezed(by: float, late: bool = False) -> Change:
    def change(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
        id = one(made, rng, leaf=True)
        labels = periods_of(table, id, made)
        medians = table[table["quantile"] == 0.5].set_index(["series", "period"])["value"]
        rows = (table["series"] == id) & (table["period"].isin(labels[len(labels) // 2 :]) if late else True)
        middle = medians.reindex(pd.MultiIndex.from_frame(table[["series", "period"]])).to_numpy()
        narrow = middle + by * (table["value"] - middle)
        return table.assign(value=table["value"].where(~rows, narrow))

    return table_of(change)


def shifted(years: int) -> Change:
    """Labels of another year, as when a fiscal year is read as the calendar year before it."""

    def change(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
        id = one(made, rng, leaf=True)
        rows = table["series"] == id
        moved = [
            str(Period.parse(label) + years * Period.parse(label).kind.per_year)
            for label in table.loc[rows, "period"]
        ]
        table.loc[rows, "period"] = moved
        return table[(~rows) | (table["period"].str[-4:] != "2031") & ~table["period"].str.startswith("2031")]

    return table_of(change)


def years_swapped(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
    id = one(made, rng, monthly=True)
    return scaled(id, table, float(rng.uniform(1.4, 2.0)), table["kind"] == "FY")


def uneven_sum(low: float, high: float) -> Change:
    def change(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
        series = made.catalogue.series
        id = str(rng.choice([id for id in sorted(set(table["series"])) if series[id].sum_of]))
        return scaled(id, table, float(rng.uniform(low, high)))

    return table_of(change)


def withheld_part(made: Candidate, rng: Rng) -> Candidate:
    series = made.catalogue.series
    whole = str(rng.choice([id for id in sorted(set(made.table["series"])) if series[id].sum_of]))
    part = str(rng.choice(series[whole].sum_of))
    states = {**made.states, part: State(part, "withheld", "", "made up")}
    return replace(made, states=states, table=made.table[made.table["series"] != part].reset_index(drop=True))


def withheld_shown(made: Candidate, rng: Rng) -> Candidate:
    id = one(made, rng)
    return replace(made, states={**made.states, id: State(id, "withheld", "", "made up")})


def relabelled(column: str, value: str) -> Change:
    def change(table: pd.DataFrame, made: Candidate, rng: Rng) -> pd.DataFrame:
        id = one(made, rng)
        label = rng.choice(periods_of(table, id, made))
        table.loc[(table["series"] == id) & (table["period"] == label), column] = value
        return table

    return table_of(change)


def doubled(table: pd.DataFrame, _: Candidate, rng: Rng) -> pd.DataFrame:
    return pd.concat([table, table.iloc[[int(rng.integers(len(table)))]]])


def balance_cell(column: str, change: Callable[[float], float], node: str = "gap") -> Change:
    def changed(made: Candidate, rng: Rng) -> Candidate:
        bands = made.balance["balance"].copy()
        rows = bands.index[bands["node"] == node]
        place = rng.choice(rows)
        bands.loc[place, column] = change(float(bands.loc[place, column]))
        return replace(made, balance={**made.balance, "balance": bands})

    return changed


def headline(made: Candidate, rng: Rng) -> Candidate:
    heads = made.balance["scenarios"].copy()
    column = str(rng.choice(["demand_median", "gap_home_low_80", "home_supply_high_80"]))
    heads.loc[int(rng.integers(len(heads))), column] *= 1 + 1e-6
    return replace(made, balance={**made.balance, "scenarios": heads})


def swapped_scenarios(made: Candidate, rng: Rng) -> Candidate:
    bands, heads = made.balance["balance"], made.balance["scenarios"]
    names = (
        {"late": "soon", "soon": "late"} if rng.random() < 0.5 else {"late": "baseline", "baseline": "late"}
    )
    swapped = {
        "balance": bands.assign(scenario=bands["scenario"].replace(names)),
        "scenarios": heads.assign(scenario=heads["scenario"].replace(names)),
    }
    return replace(made, balance={**made.balance, **swapped})


def no_balance(made: Candidate, rng: Rng) -> Candidate:
    del rng
    states = {id: state for id, state in made.states.items() if state.standing != "withheld"}
    return replace(made, balance={}, states=states)


def observed(change: Callable[[pd.DataFrame, Any, Rng], pd.DataFrame]) -> Change:
    """Another history of one series than the previous edition knew."""

    def changed(made: Candidate, rng: Rng) -> Candidate:
        id = one(made, rng, leaf=True)
        frame = made.known.frame.copy()
        periods = sorted(set(frame.loc[frame["series"] == id, "period"]))
        rows = (frame["series"] == id) & (frame["period"] == rng.choice(periods[: max(len(periods) - 1, 1)]))
        return replace(made, known=Observations(change(frame, rows, rng)))

    return changed


def restated(frame: pd.DataFrame, rows: Any, rng: Rng) -> pd.DataFrame:
    middle = float(frame.loc[frame["series"] == frame.loc[rows, "series"].iloc[0], "value"].median())
    frame.loc[rows, "value"] = frame.loc[rows, "value"] * 3 + rng.uniform(1, 2) * middle
    return frame


def tomorrow(frame: pd.DataFrame, rows: Any, rng: Rng) -> pd.DataFrame:
    frame.loc[rows, "available_at"] = pd.Timestamp(DAY) + pd.Timedelta(days=int(rng.integers(1, 90)))
    return frame


def uncertified(made: Candidate, rng: Rng) -> Candidate:
    id = str(rng.choice([id for id in made.catalogue.targets if id in set(made.table["series"])]))
    return replace(made, certificates=made.certificates[made.certificates["series"] != id])


def empty_certificate(made: Candidate, rng: Rng) -> Candidate:
    table = made.certificates.copy()
    rows = table["series"] == one(made, rng)
    table.loc[rows, ["coverage_50", "coverage_80", "coverage_95"]] = np.nan
    return replace(made, certificates=table)


def early_release(made: Candidate, rng: Rng) -> Candidate:
    return replace(made, released=made.as_of - pd.Timedelta(days=int(rng.integers(1, 90))).to_pytimedelta())
