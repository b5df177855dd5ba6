"""Scores: what a backtest found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scores:
    """Backtest results: one row a model, series, origin and horizon step.

    Columns: ``series, model, cutoff, period, step, actual, point, mase, crps, path, in_50, in_80, in_95`` and
    ``failure`` (the refusal or error in words; the numbers are then NaN).
    """

    frame: pd.DataFrame

    def of(self, series: str) -> pd.DataFrame:
        """The rows of one series; none of an unknown one. The table is gone through once for all series."""
        return self.frame.take(self._places.get(series, np.empty(0, dtype=np.intp)))

    @cached_property
    def _places(self) -> dict[str, NDArray[np.intp]]:
        indices = self.frame.groupby("series", sort=False).indices
        return {str(series): np.asarray(places, dtype=np.intp) for series, places in indices.items()}
