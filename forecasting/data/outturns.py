"""What happened: the figure of a period as first finally printed, and as believed now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from forecasting.catalogue import Catalogue
from forecasting.frames import Observations
from forecasting.periods import Kind, Period

KNOWN = ("actual", "provisional", "derived", "estimate")
FINAL = ("actual", "derived")


@dataclass(frozen=True)
class Figure:
    """A figure, the day it became known, its status, and the series and source it comes from."""

    value: float
    known: date
    status: str
    origin: str


@dataclass
class Outturns:
    """The figures of every series and period known to some observations.

    A period of another kind than its series is the sum of its twelve months, else the figure of the series' yearly
    twin (``<series>.fy``, ``<series>.cy``); an aggregate without a figure of its own is the sum of its parts.
    Carried-forward figures and targets never count.
    """

    catalogue: Catalogue
    observations: Observations
    _kept: dict[str, Mapping[Period, tuple[Figure | None, Figure]]] = field(
        default_factory=dict, init=False, repr=False
    )

    def latest(self, series: str, period: Period) -> Figure | None:
        """The believed figure; None when nothing was printed."""
        return self._of(series, period, self._latest)

    def first(self, series: str, period: Period) -> Figure | None:
        """The first figure believed that was final (actual or derived, not provisional or estimated)."""
        return self._of(series, period, self._first)

    def _of(self, series: str, period: Period, one: Callable[[str, Period], Figure | None]) -> Figure | None:
        for id in (series, f"{series}.{str(period.kind).lower()}"):
            if id not in self.catalogue.series:
                continue
            kind = self.catalogue.series[id].kind
            if kind is period.kind:
                found = one(id, period)
            elif kind is Kind.MONTH:
                found = _sum(
                    [one(id, month) for month in period.months()], f"{len(period.months())} months of {id}"
                )
            else:
                found = None
            if found is not None:
                return found
        entry = self.catalogue.series.get(series)
        if entry is None or not entry.sum_of:
            return None
        return _sum([self._of(part, period, one) for part in entry.sum_of], f"the parts of {series}")

    def _latest(self, id: str, period: Period) -> Figure | None:
        found = self._figures(id).get(period)
        return None if found is None else found[1]

    def _first(self, id: str, period: Period) -> Figure | None:
        found = self._figures(id).get(period)
        return None if found is None else found[0]

    def _figures(self, id: str) -> Mapping[Period, tuple[Figure | None, Figure]]:
        if id not in self._kept:
            self._kept[id] = self._read(id)
        return self._kept[id]

    def _read(self, id: str) -> dict[Period, tuple[Figure | None, Figure]]:
        """Walk through the rows as they became known; the most trusted family's newest row is believed."""
        order = {family: rank for rank, family in enumerate(self.catalogue.series[id].sources)}
        rows = self.observations.of(id).frame
        rows = rows[rows["status"].isin(list(KNOWN))]
        family = rows["source"].map(lambda source: self.catalogue.sources[source].family)
        rows = rows.assign(_rank=family.map(order)).dropna(subset=["_rank"])
        rows = rows.sort_values(["available_at", "_rank", "source"]).drop_duplicates(
            ["period", "available_at"]
        )
        found: dict[Period, tuple[Figure | None, Figure]] = {}
        believed: dict[Period, float] = {}
        columns = ("period", "value", "available_at", "status", "source", "_rank")
        for label, value, day, status, source, rank in zip(*(rows[name] for name in columns), strict=True):
            period = Period.parse(str(label))
            if rank > believed.get(period, rank):
                continue
            believed[period] = rank
            figure = Figure(float(value), day.date(), str(status), f"{id} ({source})")
            first = found[period][0] if period in found else None
            found[period] = (first or (figure if status in FINAL else None), figure)
        return found


def _sum(parts: Sequence[Figure | None], origin: str) -> Figure | None:
    """The sum of figures, as final as the least final of them; None while one is missing."""
    figures = [one for one in parts if one is not None]
    if not figures or len(figures) < len(parts):
        return None
    status = next((one.status for one in figures if one.status not in FINAL), "derived")
    return Figure(sum(one.value for one in figures), max(one.known for one in figures), status, origin)
