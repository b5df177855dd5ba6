"""Part of an edition: the series a reader asks for, and nothing of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from forecasting.errors import Fault, UsageError, nearest
from forecasting.reports.material import COLUMNS, Material

OF_SERIES = ("states", "remarks", "track_record")  # extra tables that tell of single series


def only(material: Material, series: Sequence[str]) -> Material:
    """The material of some series; the balance stays, since it is the answer.

    Raises :class:`UsageError` naming every series the edition does not have.
    """
    has = sorted(
        {*material.forecasts["series"], *material.history["series"], *material.table("states")["series"]}
    )
    faults = [
        Fault("--only", f"no series {id!r} in this edition", nearest(id, has))
        for id in series
        if id not in has
    ]
    if faults:
        raise UsageError("; ".join(f"{fault.found}; {fault.do}" for fault in faults))
    chosen = set(series)
    tables: dict[str, Any] = {
        name: frame[frame["series"].isin(chosen)].reset_index(drop=True)
        for name in COLUMNS
        for frame in [getattr(material, name)]
    }
    extras = {
        name: frame[frame["series"].isin(chosen)].reset_index(drop=True) if name in OF_SERIES else frame
        for name, frame in material.tables.items()
    }
    notes = {id: note for id, note in material.series_notes.items() if id in chosen}
    return replace(material, **tables, tables=extras, series_notes=notes)
