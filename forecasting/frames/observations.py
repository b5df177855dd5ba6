"""Observations: rows that know when they became known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

OBSERVATION_COLUMNS = ("period", "series", "value", "unit", "source", "status", "available_at", "note")


@dataclass(frozen=True)
class Observations:
    """Rows of ``data/observations``: one value of one series for one period by one source at one vintage.

    ``frame`` has the columns of :data:`OBSERVATION_COLUMNS`; ``value`` is float, ``available_at`` a datetime.
    """

    frame: pd.DataFrame

    def as_of(self, day: date) -> Observations:
        """Exactly what was known at the end of a day: rows with ``available_at`` on or before it."""
        return Observations(self.frame[self.frame["available_at"] <= pd.Timestamp(day)])

    def of(self, *series: str) -> Observations:
        """The rows of some series."""
        if len(series) == 1:
            return Observations(self.frame.iloc[self._rows.get(series[0], [])])
        return Observations(self.frame[self.frame["series"].isin(series)])

    @cached_property
    def _rows(self) -> dict[str, Any]:
        """The places of the rows of each series, so that one of thousands is found at once."""
        return {str(id): rows for id, rows in self.frame.groupby("series", sort=False).indices.items()}

    def digest(self) -> str:
        """SHA-256 over the canonical CSV of all rows, in canonical order."""
        columns = list(OBSERVATION_COLUMNS)
        ordered = self.frame.sort_values([*columns[:2], "source", "available_at"])[columns]
        return hashlib.sha256(ordered.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
