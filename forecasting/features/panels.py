"""From observations to a panel: the believed value of each period, gaps left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.gaps import constraints
from forecasting.data.store import believed_each
from forecasting.errors import NothingKnown, PeriodError
from forecasting.frames import KnownSum, Observations, Panel
from forecasting.periods import Kind, Period


def believed_panel(observations: Observations, catalogue: Catalogue, ids: Sequence[str]) -> Panel:
    """The believed, fittable values of some series side by side.

    Series without a single fittable observation are left out; unlike period kinds raise
    :class:`~forecasting.errors.PeriodError`, no series at all
    :class:`~forecasting.errors.NothingKnown`.
    """
    rows = believed_each(observations, catalogue, ids)
    if rows.empty:
        raise NothingKnown(
            f"nothing to fit for {', '.join(ids)}: no observation with a status that models may fit"
        )
    parsed = {label: Period.parse(label) for label in rows["period"].unique()}
    kinds = sorted({period.kind for period in parsed.values()})
    if len(kinds) > 1:
        raise PeriodError(f"one panel cannot hold {' and '.join(kinds)} periods")
    held = set(rows["series"])
    values = [id for id in dict.fromkeys(ids) if id in held]
    ordinals = rows["period"].map({label: period.ordinal for label, period in parsed.items()}).to_numpy()
    first = int(ordinals.min())
    table = np.full((int(ordinals.max()) - first + 1, len(values)), np.nan)
    places = rows["series"].map({id: place for place, id in enumerate(values)}).to_numpy()
    table[ordinals - first, places] = rows["value"].to_numpy(dtype=float)
    index = pd.RangeIndex(first, first + len(table))
    frame = pd.DataFrame(table, index=index, columns=values)
    panel = Panel(kinds[0], frame, {id: catalogue.series[id].unit for id in values})
    return replace(panel, sums=tuple(one for id in values for one in known_sums(observations, catalogue, id)))


def known_sums(observations: Observations, catalogue: Catalogue, id: str) -> list[KnownSum]:
    """What stated totals leave for the gaps of a series, each gap claimed once, by the surest."""
    claimed: set[int] = set()
    found = []
    for one in constraints(observations, catalogue, id):
        ordinals = tuple(period.ordinal for period in one.periods)
        if not claimed & set(ordinals):
            claimed |= set(ordinals)
            found.append(KnownSum(id, ordinals, one.total, one.slack))
    return found


def totals(panel: Panel, kind: Kind) -> Panel:
    """Totals of monthly series over fiscal or calendar years; a year with a missing month has no total.

    >>> months = {Period.month(2024, m): 1.0 for m in range(4, 13)} | {Period.month(2025, m): 1.0 for m in (1, 2)}
    >>> totals(Panel.of({"a": months}), Kind.FY).values["a"].tolist()
    [nan]
    """
    years = pd.Index([Period(panel.kind, int(o)).to(kind).ordinal for o in panel.values.index])
    span = range(int(years.min()), int(years.max()) + 1)
    counted = panel.values.notna().groupby(years).sum().reindex(span, fill_value=0)
    summed = panel.values.groupby(years).sum().reindex(span)
    whole = counted == 12
    return Panel(kind, summed.where(whole, np.nan), dict(panel.units))
