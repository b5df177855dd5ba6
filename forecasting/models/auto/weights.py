"""From the bank to one forecast: weights looked up by what the series looks like.

The idea is FFORMA's (Montero-Manso, Athanasopoulos, Hyndman & Talagala 2020): a learner maps features
to weights and is trained on the error of the weighted forecast itself. Here a small softmax network, which
on monthly series may also move the blend by a part of the methods' disagreement.
"""

from __future__ import annotations

import numpy as np

from forecasting.models.auto.prepare import Array
from forecasting.models.auto.tables import Net

MEDIAN_SHARE = 0.25  # of the plain median of the bank, for safety on unlike series


def steps_in(horizon: int, reach: int) -> Array:
    """The horizon as the network sees it, -1 to 1; beyond what was learnt it stays at the end."""
    out: Array = (np.minimum(np.arange(1, horizon + 1), reach) / reach - 0.5) * 2.0
    return out


def disagreement(table: Array) -> Array:
    """Half the central two thirds of the methods, per step."""
    low, high = np.percentile(table, [16, 84], axis=0)
    out: Array = (high - low) / 2
    return out


def blend(net: Net, row: Array, table: Array, reach: int) -> tuple[Array, Array, Array]:
    """The forecast, the weights (steps x methods, adding to one) and the move beyond the weighted mean."""
    horizon = table.shape[1]
    x = np.column_stack([np.repeat(row[None], horizon, axis=0), steps_in(horizon, reach)])
    out = net(x)
    logits, move = out[:, :, :-1], out[:, :, -1]
    raised = np.exp(logits - logits.max(axis=2, keepdims=True))
    weight = (raised / raised.sum(axis=2, keepdims=True)).mean(axis=0) * (1.0 - MEDIAN_SHARE)
    weight[:, -1] += MEDIAN_SHARE
    moved = np.tanh(move).mean(axis=0) * (1.0 - MEDIAN_SHARE) * disagreement(table)
    point = np.einsum("hk,kh->h", weight, table)
    return point + moved, weight, moved
