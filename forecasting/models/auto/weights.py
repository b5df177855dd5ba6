"""From the bank to one forecast: weights looked up by what the series looks like.

The idea is FFORMA's (Montero-Manso, Athanasopoulos, Hyndman & Talagala 2020): a learner maps features
to weights and is trained on the error of the weighted forecast itself. Here a small softmax network.
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


def method_weights(net: Net, row: Array, horizon: int, reach: int) -> Array:
    """Weights (horizon x methods), non-negative, adding to one; the last method is the bank's median."""
    x = np.column_stack([np.repeat(row[None], horizon, axis=0), steps_in(horizon, reach)])
    logits = net(x)
    raised = np.exp(logits - logits.max(axis=2, keepdims=True))
    weight = (raised / raised.sum(axis=2, keepdims=True)).mean(axis=0)
    weight *= 1.0 - MEDIAN_SHARE
    weight[:, -1] += MEDIAN_SHARE
    out: Array = weight
    return out
