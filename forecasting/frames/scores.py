"""Scores: what a backtest found."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Scores:
    """Backtest results: one row a model, series, origin and horizon step.

    Columns: ``series, model, cutoff, period, step, actual, point, mase, crps, path, in_50, in_80, in_95`` and
    ``failure`` (the refusal or error in words; the numbers are then NaN).
    """

    frame: pd.DataFrame
