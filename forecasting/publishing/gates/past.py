"""The figures each series was forecast from, as numbers; worked out once a set of observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.store import believed_each
from forecasting.frames import Array, Observations
from forecasting.periods import Period


@dataclass(frozen=True)
class Past:
    """Believed figures by period number, in order; of an aggregate without figures of its own, its parts' sum.

    ``source`` printed the newest one; a sum has none.
    """

    ordinals: Array
    values: Array
    source: str = ""

    @property
    def last(self) -> int | None:
        """The period of the newest figure; None when there is none."""
        return int(self.ordinals[-1]) if len(self.ordinals) else None

    def level(self, per_year: int) -> float:
        """The mean of the figures of the last year that has one; not a number when there is none."""
        if not len(self.ordinals):
            return float("nan")
        return float(self.values[self.ordinals > self.ordinals[-1] - per_year].mean())

    def widest(self, per_year: int) -> float:
        """The widest ratio of neighbouring figures, up or down, in the last two years; 1 when there is none."""
        recent = self.ordinals > (self.ordinals[-1] if len(self.ordinals) else 0) - 2 * per_year
        ordinals, values = self.ordinals[recent], self.values[recent]
        near = (np.diff(ordinals) == 1) & (values[1:] > 0) & (values[:-1] > 0)
        return float(np.exp(np.abs(np.log(values[1:][near] / values[:-1][near])).max(initial=0.0)))

    def between(self, first: int, last: int) -> Array:
        """The figures from a period to another, both included."""
        return np.asarray(self.values[(self.ordinals >= first) & (self.ordinals <= last)])

    def same(self, other: Past) -> bool:
        return np.array_equal(self.ordinals, other.ordinals) and np.array_equal(self.values, other.values)


NONE = Past(np.empty(0, dtype=int), np.empty(0))


@dataclass(frozen=True)
class Figures:
    """The pasts of the series of a catalogue, by what was known."""

    known: Observations
    catalogue: Catalogue
    _found: dict[str, Past] = field(default_factory=dict, compare=False, repr=False)

    def of(self, series: str) -> Past:
        if series not in self._found:
            self._found[series] = self._past(series)
        return self._found[series]

    def _past(self, series: str) -> Past:
        if series in self._believed:
            rows = self._believed[series]
            ordinals = np.array([Period.parse(str(label)).ordinal for label in rows["period"]], dtype=int)
            order = np.argsort(ordinals)
            values = rows["value"].to_numpy(dtype=float)[order]
            return Past(ordinals[order], values, str(rows["source"].iloc[order[-1]]))
        entry = self.catalogue.series.get(series)
        if entry is None or not entry.sum_of:
            return NONE
        parts = [self.of(part) for part in entry.sum_of]
        places = reduce(np.intersect1d, [part.ordinals for part in parts])
        return Past(places, np.sum([part.values[np.isin(part.ordinals, places)] for part in parts], axis=0))

    @cached_property
    def _believed(self) -> Mapping[str, pd.DataFrame]:
        rows = believed_each(self.known, self.catalogue, list(self.catalogue.series))
        return {str(id): mine for id, mine in rows.groupby("series", sort=True)}
