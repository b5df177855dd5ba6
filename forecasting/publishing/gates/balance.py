"""The balance adds up: identities on means, shares that are shares, scenarios in their declared order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from forecasting.publishing.gates.view import Found, View

BANDS = ("low_95", "low_80", "low_50", "median", "high_50", "high_80", "high_95")
NUMBERS = ("mean", *BANDS)
HEADLINES = {
    "demand": "demand",
    "home_supply": "home_supply",
    "home": "gap_home",
    "market": "gap_market",
    "oxide": "gap_oxide",
}
SHARE = "1"  # the unit of shares
PLACE = ["scenario", "period"]


def identities(view: View) -> Iterator[Found]:
    """Sums of the balance hold on means, bands are ordered, shares lie in 0 to 1, headlines repeat the table."""
    limit, tables, before = view.limits.identities, view.candidate.balance, view.candidate.previous
    bands = tables.get("balance")
    if bands is None or bands.empty:
        excused = any(state.standing == "withheld" for state in view.candidate.states.values())
        if before is not None and len(before.balance.get("balance", ())) and not excused:
            yield Found("hold", "there is no balance and no series is withheld; the previous edition had one")
        return
    bands = bands.sort_values(["node", *PLACE], ignore_index=True)
    values = bands[list(BANDS)].to_numpy(dtype=float)
    sound = np.isfinite(bands[list(NUMBERS)].to_numpy(dtype=float)).all(axis=1)
    yield from _first(view, bands, ~sound, "has a number that is not finite")
    yield from _first(view, bands, (np.diff(values, axis=1) < 0).any(axis=1), "has bands that cross")
    shares = np.where(bands["unit"] == SHARE, values.T, 0.0).T
    chances = bands["p_positive"].to_numpy(dtype=float)
    outside = ((shares < 0) | (shares > 1)).any(axis=1) | (chances < 0) | (chances > 1)
    yield from _first(view, bands, outside, "has a share outside 0 to 1")
    structure = tables.get("structure")
    if structure is None:
        return
    means = bands.pivot_table(index=PLACE, columns="node", values="mean", aggfunc="first", dropna=False)
    sums = structure[structure["part"].astype(str) != ""].dropna(subset=["part"])
    for node, parts in sums.groupby("node", sort=True):
        names = [node, *parts["part"]]
        if not set(names) <= set(means.columns):
            missing = next(name for name in names if name not in means.columns)
            yield Found("hold", f"{node}: the balance has no {missing}")
            continue
        signed = means[list(parts["part"])].to_numpy(dtype=float) * parts["sign"].to_numpy(dtype=float)
        error = np.abs(means[node].to_numpy(dtype=float) - signed.sum(axis=1))
        size = np.max(np.abs(means[names].to_numpy(dtype=float)), axis=1)
        out = np.flatnonzero(error > limit.tolerance * size)
        if len(out):
            scenario, period = means.index[out[0]]
            text = (
                f"{node} {period} in {scenario}: the mean is {means[node].iloc[out[0]]:g}, its parts add up to "
                f"{signed[out[0]].sum():g}; the tolerance is {limit.tolerance:g}"
            )
            yield Found(limit.severity, text)
    yield from _headlines(view, bands, structure)


def _first(view: View, bands: pd.DataFrame, bad: Any, what: str) -> Iterator[Found]:
    out = np.flatnonzero(bad)
    if len(out):
        row = bands.iloc[out[0]]
        yield Found(
            view.limits.identities.severity, f"{row['node']} {row['period']} in {row['scenario']} {what}"
        )


def _headlines(view: View, bands: pd.DataFrame, structure: pd.DataFrame) -> Iterator[Found]:
    heads, limit = view.candidate.balance.get("scenarios"), view.limits.identities
    if heads is None or heads.empty:
        yield Found("hold", "there is no table of scenarios beside the balance")
        return
    roles = structure[structure["role"].isin(HEADLINES)].drop_duplicates("role")
    nodes = dict(zip(roles["role"], roles["node"], strict=True))
    table = bands.set_index(["node", *PLACE])
    for _, row in heads.sort_values("scenario").iterrows():
        for role, node in sorted(nodes.items()):
            for band in ("low_80", "median", "high_80"):
                said = float(row[f"{HEADLINES[role]}_{band}"])
                place = (node, row["scenario"], row["period"])
                held = float(table.loc[place, band]) if place in table.index else float("nan")
                if not abs(said - held) <= limit.tolerance * max(abs(held), abs(said)):
                    text = (
                        f"scenario {row['scenario']}: {HEADLINES[role]}_{band} is {said:g}, "
                        f"the balance has {held:g} for {node} {row['period']}; the tolerance is {limit.tolerance:g}"
                    )
                    yield Found(limit.severity, text)
                    return


def scenarios(view: View) -> Iterator[Found]:
    """Declared orders of scenarios hold, for the mean and every band of each year."""
    limit = view.limits.scenarios
    bands = view.candidate.balance.get("balance")
    if bands is None or bands.empty:
        return
    for order in view.catalogue.publication.scenario_order:
        rows = bands[bands["node"] == order.node]
        there = set(rows["scenario"])
        missing = [one for one in order.scenarios if one not in there]
        if missing:
            yield Found(
                "hold", f"{order.node}: scenario {missing[0]!r} of a declared order is not in the balance"
            )
            continue
        for low, high in zip(order.scenarios, order.scenarios[1:], strict=False):
            below, above = (
                rows[rows["scenario"] == one].set_index("period")[list(NUMBERS)] for one in (low, high)
            )
            shared = sorted(set(below.index) & set(above.index))
            one, other = below.loc[shared].to_numpy(dtype=float), above.loc[shared].to_numpy(dtype=float)
            out = np.argwhere(one - other > limit.tolerance * np.maximum(np.abs(one), np.abs(other)))
            if len(out):
                year, number = out[0]
                text = (
                    f"{order.node} {shared[year]}: the {NUMBERS[number]} of {low} is {one[year, number]:g}, above "
                    f"{other[year, number]:g} of {high}; declared is {' <= '.join(order.scenarios)}"
                )
                yield Found(limit.severity, text)
                break
