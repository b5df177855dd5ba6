"""Scales on which errors are stable: log for quantities, square root for those that stop and start again,
logit below a ceiling, none where signs mix.

A link is strictly increasing, so paths made on its scale come back non-negative and below the ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from forecasting.errors import ConfigError, DataError, nearest
from forecasting.frames import Array, Panel
from forecasting.periods import Period

Scale = Literal["auto", "log", "sqrt", "none"]
KINDS: tuple[str, ...] = get_args(Scale)
MANY_ZEROS = (
    0.05  # of the observations; more say that a quantity stops and starts, where logs have no meaning
)
SHARE_EDGE = 1e-4  # an observation at or above its ceiling is read as this close to it


@dataclass(frozen=True)
class Link:
    """A monotone map to the scale a model works on.

    ``kind`` is ``log``, ``sqrt``, ``logit`` or ``none``; ``offset`` (in the data's unit) keeps zeros finite
    and is zero for positive data, so that multiplying the data by a constant multiplies the forecast by it.

    >>> link = Link.choose(np.array([1.0, 10.0]))
    >>> link.kind, link.back(link.to(np.array([5.0]))).round(6).tolist()
    ('log', [5.0])
    """

    kind: str
    offset: float = 0.0

    @classmethod
    def choose(cls, values: Array, bounded: bool = False, kind: str = "auto") -> Link:
        """The link for some observations (NaN allowed); a ``kind`` other than ``auto`` asks for that scale."""
        known = values[~np.isnan(values)]
        if kind not in KINDS:
            raise ConfigError(f"unknown link {kind!r}; {nearest(kind, KINDS)}")
        if kind == "none" or bool((known < 0).any()):
            return cls("none")
        if not bounded and (kind == "sqrt" or (kind == "auto" and (known == 0).mean() > MANY_ZEROS)):
            return cls("sqrt")
        positive = known[known > 0]
        smallest = float(positive.min()) if len(positive) else 2.0
        offset = 0.0 if len(positive) == len(known) else smallest / 2
        return cls("logit" if bounded else "log", offset)

    def to(self, values: Array, ceiling: Array | float = np.inf) -> Array:
        """From the data's scale to the model's; shapes broadcast."""
        if self.kind == "none":
            return np.asarray(values, dtype=float)
        if self.kind == "sqrt":
            return np.asarray(np.sqrt(values))
        if self.kind == "log":
            return np.asarray(np.log(values + self.offset))
        top = np.asarray(ceiling, dtype=float) + self.offset
        share = np.clip((values + self.offset) / top, None, 1 - SHARE_EDGE)
        return np.asarray(np.log(share) - np.log1p(-share))

    def back(self, scaled: Array, ceiling: Array | float = np.inf) -> Array:
        """From the model's scale to the data's; never negative, never above the ceiling."""
        if self.kind == "none":
            return np.asarray(scaled, dtype=float)
        if self.kind == "sqrt":
            return np.maximum(scaled, 0.0) ** 2
        if self.kind == "log":
            return np.maximum(np.exp(np.minimum(scaled, 700.0)) - self.offset, 0.0)
        top = np.asarray(ceiling, dtype=float) + self.offset
        return np.maximum(top / (1.0 + np.exp(-np.clip(scaled, -700.0, 700.0))) - self.offset, 0.0)


def ceiling_of(panel: Panel, id: str, first: Period, count: int) -> Array | None:
    """The ceiling of a series over some periods, or None; one that ends too early is a :class:`DataError`."""
    if panel.ceilings is None or id not in panel.ceilings:
        return None
    wanted = panel.ceilings[id].reindex(range(first.ordinal, first.ordinal + count)).to_numpy(dtype=float)
    if np.isnan(wanted).any():
        missing = first + int(np.flatnonzero(np.isnan(wanted))[0])
        raise DataError(
            f"{id}: its ceiling is unknown in {missing}; extend the panel's ceilings to the horizon"
        )
    return wanted
