"""Gaps whose sum is known: several possible pasts that keep the sum, never one filled-in value.

A model is fitted to each possible past and the draws are pooled (multiple imputation; Rubin, Multiple Imputation
for Nonresponse in Surveys, 1987), so the doubt about the missing periods stays in the band.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecasting.data.gaps import constrain
from forecasting.frames import Array, KnownSum, Panel
from forecasting.models.base import seed_of

PASTS = 4


def possible_pasts(panel: Panel, seed: int) -> list[Panel]:
    """Panels in which the gaps with a known sum hold draws that keep it; other gaps stay open.

    A panel without such a gap inside a series is returned alone, as it is.
    """
    sums = [one for one in panel.sums if _inside(panel, one)]
    if not sums:
        return [panel]
    values = [panel.values.copy() for _ in range(PASTS)]
    for one in sums:
        drawn = _draws(panel, one, seed)
        for past, frame in enumerate(values):
            frame.loc[list(one.ordinals), one.series] = drawn[:, past]
    return [replace(panel, values=frame, sums=()) for frame in values]


def _inside(panel: Panel, one: KnownSum) -> bool:
    known = panel.trimmed(one.series)
    return len(known) > 0 and known.index[0] < min(one.ordinals) and max(one.ordinals) < known.index[-1]


def _draws(panel: Panel, one: KnownSum, seed: int) -> Array:
    """Random bridges between the neighbours on the log scale, conditioned on the sum: (periods, pasts)."""
    series = panel.trimmed(one.series)
    log = np.log(series.where(series > 0)).interpolate()
    steps = np.log(series.where(series > 0)).diff().dropna()
    rng = seed_of(seed, "gap", one.series, str(one.ordinals[0]))
    noise = float(steps.tail(36).std()) * rng.standard_normal((len(one.ordinals), PASTS))
    paths = np.exp(log.loc[list(one.ordinals)].to_numpy(dtype=float)[:, None] + noise)
    return constrain(paths, one.total, slack=one.slack, seed=seed)
