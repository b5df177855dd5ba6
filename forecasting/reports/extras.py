"""Tables an edition may carry beside its forecasts: balance, attribution, track record, errata; and their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from forecasting.errors import Fault, nearest

_LEVELS = ("low_95", "low_80", "low_50", "median", "high_50", "high_80", "high_95")
_HEADS = ("demand", "home_supply", "gap_home", "gap_market", "gap_oxide")
_GAPS = ("home", "market", "oxide")

EXTRAS: dict[str, tuple[str, ...]] = {
    "balance": ("scenario", "node", "title", "side", "unit", "period", "mean", *_LEVELS, "p_positive"),
    "scenarios": (
        "scenario", "title", "period",
        *(f"{name}_{key}" for name in _HEADS for key in ("low_80", "median", "high_80")),
        *(f"{key}_{gap}" for gap in _GAPS
          for key in ("p_shortage", "closes_p50", "closes_p80", "stays_closed_p50", "needed_80")),
    ),
    "structure": ("node", "role", "part", "sign"),
    "tornado": (
        "scenario", "node", "period", "unit", "input", "kind", "title", "at_low", "at_median", "at_high",
        "swing", "first", "total",
    ),
    "value_of_data": (
        "scenario", "node", "period", "unit", "figure", "title", "band", "band_if_known", "narrower",
        "narrower_pct", "noise", "why",
    ),
    "outlook_scores": (
        "issued", "source", "series", "period", "scenario", "value", "unit", "status", "actual", "error_pct",
        "ours_low_80", "ours_median", "ours_high_80", "ours_below", "comparable", "why", "words",
    ),
    "validation": (
        "node", "period", "unit", "low_80", "median", "high_80", "published", "source", "relation", "verdict",
        "why",
    ),
    "assumptions": (
        "assumption", "title", "unit", "low", "central", "high", "distribution", "source", "owner",
        "review_by", "amber", "note",
    ),
    "changes": ("about", "title", "unit", "period", "cause", "before", "after", "amount"),
    "track_record": (
        "edition", "released", "series", "period", "low_80", "median", "high_80", "actual", "error_pct",
        "inside_80",
    ),
    "scores": (
        "by", "group", "kind", "figures", "windows", "absolute_pct", "coverage_50", "coverage_80", "coverage_95",
        "skill", "better",
    ),
    "errata": ("date", "edition", "class", "what"),
    "states": ("series", "standing", "model", "reason", "vintage"),
    "remarks": ("series", "gate", "text", "overridden"),
}  # fmt: skip
"""``structure`` says how reported nodes add up: ``sign`` times ``part``; ``role`` marks the nodes that answer the
question (demand, home_supply, home, market, oxide). ``changes`` attributes a move since the last edition to causes
whose amounts add up to it."""

_NUMBERS = frozenset(
    {"mean", *_LEVELS, "p_positive", "sign", "at_low", "at_median", "at_high", "swing", "first", "first_conf",
     "total", "total_conf", "share_of_variance", "band", "band_if_known", "narrower", "narrower_pct", "noise",
     "value", "actual", "error", "error_pct", "crps", "ours_low_80", "ours_median", "ours_high_80",
     "ours_below", "published", "low", "central", "high", "before", "after", "amount",
     "figures", "windows", "absolute_pct", "coverage_50", "coverage_80", "coverage_95", "skill", "better"}
)  # fmt: skip


def is_number(table: str, column: str) -> bool:
    """Whether a column of an extra table holds numbers.

    >>> is_number("scenarios", "gap_home_median"), is_number("scenarios", "closes_p50_home")
    (True, False)
    """
    if table == "scenarios":
        return column.endswith(("_low_80", "_median", "_high_80")) or column.startswith(
            ("p_shortage", "needed")
        )
    return column in _NUMBERS


def extra_faults(tables: Mapping[str, pd.DataFrame]) -> Iterable[Fault]:
    """What is wrong with the extra tables: unknown names, missing columns, attributions that do not add up."""
    for name, frame in tables.items():
        if name not in EXTRAS:
            yield Fault("material.tables", f"unknown table {name!r}", nearest(name, EXTRAS))
            continue
        for column in EXTRAS[name]:
            if column not in frame.columns:
                yield Fault(f"material.tables.{name}", f"no column {column!r}", "add it")
    changes = tables.get("changes")
    if changes is None or not set(EXTRAS["changes"]) <= set(changes.columns):
        return
    for (about, period), group in changes.groupby(["about", "period"], sort=True):
        moved = float(group["after"].iloc[0]) - float(group["before"].iloc[0])
        told = float(group["amount"].sum())
        if not np.isclose(told, moved, rtol=1e-6, atol=1e-6 * abs(float(group["after"].iloc[0]))):
            yield Fault(
                f"material.tables.changes: {about} {period}",
                f"causes add up to {told:.6g}, the change is {moved:.6g}",
                "name the rest as a cause of its own",
            )
