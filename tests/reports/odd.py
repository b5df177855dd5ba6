"""Editions that are hard to lay out; every number is invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from forecasting.catalogue import Series
from forecasting.reports import Material
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
    notes = dict.fromkeys(material.catalogue.series, "Stale: the publisher was silent for a year (made up).")
    return replace(material, status="stale", series_notes=notes)


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


ODD: dict[str, Callable[[Material], Material]] = {
    "nothing": nothing,
    "one_point": one_point,
    "all_stale": all_stale,
    "negative": negative,
    "long_names": long_names,
    "forty": forty,
}
