"""Editions that are hard to lay out; every number is invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from forecasting.catalogue import Series
from forecasting.periods import Period
from forecasting.reports import Material
from forecasting.reports.extras import EXTRAS
from forecasting.reports.material import empty

LONG = "An electric vehicle category whose official name was written by a committee paid by the word. "


def _bare(material: Material, **changes: object) -> Material:
    given = {
        "certificates": empty("certificates"),
        "provenance": empty("provenance"),
        "outlooks": pd.DataFrame(),
        "tables": {},
        **changes,
    }
    return replace(material, **given)  # type: ignore[arg-type]


def nothing(material: Material) -> Material:
    return _bare(material, forecasts=empty("forecasts"), history=empty("history"))


def one_point(material: Material) -> Material:
    point = material.history.query("series == 'supply.metal' and period == 'FY2025'")
    return _bare(material, forecasts=empty("forecasts"), history=point)


def all_stale(material: Material) -> Material:
    why = "the publisher was silent for a year (made up)"
    states = [(id, "stale", "ets", why, "2025-11-22-0a1b2c3d") for id in material.catalogue.series]
    table = pd.DataFrame(states, columns=list(EXTRAS["states"]))
    return replace(material, status="stale", tables={**material.tables, "states": table})


def negative(material: Material) -> Material:
    last = material.forecasts.query("series == 'supply.metal'")
    return replace(material, forecasts=last.assign(value=last["value"] - 600), tables=dict(material.tables))


def long_names(material: Material) -> Material:
    series = {
        id: one.model_copy(update={"title": (LONG + id * 9)[:120]})
        for id, one in material.catalogue.series.items()
    }
    return replace(material, catalogue=replace(material.catalogue, series=series))


def forty(material: Material) -> Material:
    ids = [f"demand.copy_{i}" for i in range(40)]
    pattern: Series = material.catalogue.series["demand.ev.two_wheelers"]
    series = {id: pattern.model_copy(update={"title": (LONG + id * 3)[:120]}) for id in ids}
    copies = {
        name: pd.concat([frame[frame["series"] == "demand.ev.two_wheelers"].assign(series=id) for id in ids])
        for name, frame in {"forecasts": material.forecasts, "history": material.history}.items()
    }
    return _bare(
        material, catalogue=replace(material.catalogue, series=series), tables=material.tables, **copies
    )


def withheld(material: Material) -> Material:
    """One series withheld, and with it the balance; the rest stands."""
    id = "supply.magnet_imports"
    states = material.table("states").set_index("series")
    states.loc[id, ["standing", "model", "reason"]] = [
        "withheld",
        "",
        "refused: 12 times last year (made up)",
    ]
    balance = ("balance", "scenarios", "structure", "tornado", "value_of_data", "assumptions", "changes")
    tables = {name: one for name, one in material.tables.items() if name not in balance}
    return replace(
        material,
        forecasts=material.forecasts[material.forecasts["series"] != id],
        tables={**tables, "states": states.reset_index()},
        status_reasons=(
            "The balance is withheld: it needs supply.magnet_imports, withheld in this edition.",
        ),
    )


def one_gap(material: Material) -> Material:
    """A balance whose home gap is its market gap: the structure tells one of the two roles."""
    structure = material.table("structure")
    return replace(material, tables={**material.tables, "structure": structure[structure["role"] != "home"]})


def demand_starts_later(material: Material) -> Material:
    """Demand begins a year after other nodes have their first year ahead."""
    bands = material.tables["balance"]
    first = min(p for p in bands["period"] if Period.parse(str(p)).end > material.as_of)
    early = (bands["node"] == "demand.all") & (bands["period"] <= first)
    return replace(material, tables={**material.tables, "balance": bands[~early]})


ODD: dict[str, Callable[[Material], Material]] = {
    "nothing": nothing,
    "one_point": one_point,
    "all_stale": all_stale,
    "negative": negative,
    "long_names": long_names,
    "forty": forty,
    "demand_starts_later": demand_starts_later,
    "withheld": withheld,
    "one_gap": one_gap,
}
