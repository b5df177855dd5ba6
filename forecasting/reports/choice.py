"""Part of an edition: the series a reader asks for, and nothing of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from forecasting.errors import Fault, UsageError, nearest
from forecasting.reports.material import COLUMNS, Material


def only(material: Material, series: Sequence[str]) -> Material:
    """The material of some series; the balance stays, since it is the answer.

    Raises :class:`UsageError` naming every series the edition does not have.
    """
    has = sorted({*material.forecasts["series"], *material.history["series"]})
    faults = [
        Fault("--only", f"no series {id!r} in this edition", nearest(id, has))
        for id in series
        if id not in has
    ]
    if faults:
        raise UsageError("; ".join(f"{fault.found}; {fault.do}" for fault in faults))
    chosen = set(series)
    tables = {
        name: frame[frame["series"].isin(chosen)].reset_index(drop=True)
        for name in COLUMNS
        for frame in [getattr(material, name)]
    }
    return replace(material, **tables)
