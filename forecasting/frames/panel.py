"""Panels: what models fit, regular series of one period kind with gaps left open."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.errors import PeriodError
from forecasting.periods import Kind, Period

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KnownSum:
    """What is known of some missing periods of a series: together they are ``total``, give or take ``slack``.

    ``ordinals`` are the periods' running numbers; ``slack`` is one standard deviation in the series' unit.
    """

    series: str
    ordinals: tuple[int, ...]
    total: float
    slack: float


@dataclass(frozen=True)
class Panel:
    """Regular series of one period kind, side by side; a gap is NaN, never a filled-in value.

    ``values`` is indexed by consecutive period ordinals and has one column a series. ``ceilings`` (same
    columns or fewer) gives upper bounds that move with time, such as the market a series is part of; its index
    may reach into the future, because a bound must be known where forecasts are made. ``sums`` says what stated
    totals leave for gaps; it never becomes an observation.
    """

    kind: Kind
    values: pd.DataFrame
    units: Mapping[str, str] = field(default_factory=dict)
    ceilings: pd.DataFrame | None = None
    sums: tuple[KnownSum, ...] = ()

    def __post_init__(self) -> None:
        ordinals = self.values.index.to_numpy()
        if len(ordinals) > 1 and not bool((np.diff(ordinals) == 1).all()):
            raise PeriodError("a panel's periods must be consecutive; leave gaps as NaN rows")

    @classmethod
    def of(
        cls, series: Mapping[str, Mapping[Period, float]], units: Mapping[str, str] | None = None
    ) -> Panel:
        """A panel from values by period.

        >>> panel = Panel.of({"a": {Period.parse("CY2020"): 1.0, Period.parse("CY2022"): 3.0}})
        >>> panel.values["a"].tolist()
        [1.0, nan, 3.0]
        """
        kinds = {period.kind for values in series.values() for period in values}
        if len(kinds) > 1:
            raise PeriodError(f"one panel cannot hold {' and '.join(sorted(kinds))} periods")
        columns = {
            id: pd.Series({period.ordinal: value for period, value in values.items()}, dtype=float)
            for id, values in series.items()
        }
        frame = pd.DataFrame(columns)
        if len(frame):
            frame = frame.reindex(range(int(frame.index.min()), int(frame.index.max()) + 1))
        return cls(next(iter(kinds), Kind.CY), frame, dict(units or {}))

    @property
    def ids(self) -> list[str]:
        return [str(id) for id in self.values.columns]

    @property
    def first(self) -> Period:
        return Period(self.kind, int(self.values.index[0]))

    @property
    def last(self) -> Period:
        return Period(self.kind, int(self.values.index[-1]))

    @property
    def periods(self) -> list[Period]:
        return [Period(self.kind, int(ordinal)) for ordinal in self.values.index]

    def only(self, *ids: str) -> Panel:
        """The panel of some of its series."""
        ceilings = None if self.ceilings is None else self.ceilings[[c for c in self.ceilings if c in ids]]
        sums = tuple(one for one in self.sums if one.series in ids)
        table = np.array([self.column(id) for id in ids]).reshape(len(ids), len(self.values))
        values = pd.DataFrame(table.T, self.values.index, list(ids), copy=False)
        return replace(self, values=values, ceilings=ceilings, sums=sums)

    def until(self, last: Period) -> Panel:
        """The panel cut after a period; ceilings are kept whole because they are known ahead."""
        sums = tuple(one for one in self.sums if max(one.ordinals) <= last.ordinal)
        return replace(self, values=self.values.loc[: (last - self.first) + self.first.ordinal], sums=sums)

    def trimmed(self, id: str) -> pd.Series:
        """One series from its first to its last observation, gaps inside left as NaN."""
        values: pd.Series = self.values[id]
        known = np.flatnonzero(~np.isnan(values.to_numpy(dtype=float)))
        return values.iloc[known[0] : known[-1] + 1] if len(known) else values.iloc[:0]

    def column(self, id: str) -> Array:
        """One series over all periods, to read only."""
        return self._columns[id]

    @cached_property
    def _columns(self) -> dict[str, Array]:
        table = np.array(self.values.to_numpy(dtype=float).T, order="C")
        table.flags.writeable = False
        return dict(zip(self.ids, table, strict=True))

    def observed(self, id: str) -> int:
        """How many observations a series has."""
        return int(np.count_nonzero(~np.isnan(self.column(id))))

    def digest(self) -> str:
        """SHA-256 of kind, units, values, ceilings and known sums, independent of column order."""
        parts = []
        if self.sums:
            parts.append(repr(sorted((one.series, one.ordinals, one.total, one.slack) for one in self.sums)))
        for frame in (self.values, self.ceilings):
            if frame is not None:
                parts.append(frame[sorted(frame.columns)].to_csv(lineterminator="\n"))
        digest = _units_digest(_Same(self.units), self.kind).copy()
        digest.update("".join(f"\n{part}" for part in parts).encode())
        return str(digest.hexdigest())


@dataclass(frozen=True, eq=False)
class _Same:
    """Units by identity: all panels cut from one share them, and ten thousand are not written out for each."""

    units: Mapping[str, str]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.units is other.units

    def __hash__(self) -> int:
        return id(self.units)


@lru_cache(maxsize=8)
def _units_digest(same: _Same, kind: Kind) -> Any:
    return hashlib.sha256(f"{kind}\n{sorted(same.units.items())!r}".encode())
