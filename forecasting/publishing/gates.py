"""What an edition must satisfy before anybody sees it; each gate returns its objections.

A gate takes the forecast table of an edition (columns ``series, kind, period, scenario, quantile, value, unit,
model``) and the catalogue, and returns one sentence an objection.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.frames import LEVELS
from forecasting.periods import Kind, Period

Gate = Callable[[pd.DataFrame, Catalogue], list[str]]
LAST = {Kind.MONTH: Period.parse("2030-12"), Kind.FY: Period.parse("FY2030"), Kind.CY: Period.parse("CY2030")}


def finite(table: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """Every value is a finite number."""
    del catalogue
    bad = table[~np.isfinite(table["value"].to_numpy(dtype=float))]
    return [f"{row.series} {row.period} quantile {row.quantile}: {row.value}" for row in bad.itertuples()]


def ordered(table: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """Quantiles do not decrease with their level, and every level is there once."""
    del catalogue
    wide = table.pivot_table(
        index=["series", "kind", "period", "scenario"], columns="quantile", values="value"
    )
    found = [f"quantile {level} is missing" for level in LEVELS if level not in wide]
    crossing = np.flatnonzero((np.diff(wide.to_numpy(), axis=1) < 0).any(axis=1))
    keys = wide.index.tolist()
    return found + [f"{' '.join(keys[row][:3])}: quantiles cross" for row in crossing]


def non_negative(table: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """Quantities stay at or above the floor of the catalogue."""
    floors = table["series"].map({id: s.floor for id, s in catalogue.series.items()}).astype(float)
    bad = table[table["value"] < floors]
    return [
        f"{row.series} {row.period} quantile {row.quantile}: {row.value} below its floor"
        for row in bad.itertuples()
    ]


def below_ceiling(table: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """No value above the hard ceiling of the catalogue, no median above the median of its market."""
    tops = table["series"].map({id: s.ceiling for id, s in catalogue.series.items()}).astype(float)
    found = [
        f"{row.series} {row.period}: {row.value} above its ceiling"
        for row in table[table["value"] > tops].itertuples()
    ]
    medians = table[table["quantile"] == 0.5].set_index(["series", "period"])["value"]
    for id, series in catalogue.series.items():
        if series.within and {id, series.within} <= set(medians.index.get_level_values(0)):
            part, market = medians[id].align(medians[series.within], join="inner")
            found += [f"{id} {period}: the median exceeds its market" for period in part.index[part > market]]
    return found


def complete(table: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """Every target reaches the end of 2030 in its own kind of period."""
    found = []
    for id in catalogue.targets:
        kind = catalogue.series[id].kind
        mine = table[(table["series"] == id) & (table["kind"] == str(kind))]
        if mine.empty:
            found.append(f"{id} has no forecast")
        elif str(LAST[kind]) not in set(mine["period"]):
            found.append(f"{id} ends at {max(mine['period'])}, before {LAST[kind]}")
    return found


GATES: dict[str, Gate] = {
    "finite": finite,
    "ordered": ordered,
    "non_negative": non_negative,
    "below_ceiling": below_ceiling,
    "complete": complete,
}


def objections(table: pd.DataFrame, catalogue: Catalogue) -> dict[str, list[str]]:
    """The objections of every gate that has any."""
    found = {name: gate(table, catalogue) for name, gate in GATES.items()}
    return {name: said for name, said in found.items() if said}
