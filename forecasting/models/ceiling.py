"""A ceiling nobody knows: its declared range, what is left of it, and how much of a band comes from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.errors import ConfigError, Refusal
from forecasting.frames import Array

FULLEST = 0.95  # the share of its ceiling the largest recent observation may have reached
GROUPS = 20


@dataclass(frozen=True)
class CeilingPrior:
    """A triangular range of a ceiling, in units of a bound or of the last level.

    >>> CeilingPrior(0.2, 0.5, 1.0).left(0.38, "scurve", "a").low
    0.4
    """

    low: float
    central: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.central <= self.high:
            raise ConfigError(
                f"a ceiling of {self.low}, {self.central}, {self.high}: write low ≤ central ≤ high above 0"
            )

    def left(self, reached: float, model: str, id: str) -> CeilingPrior:
        """The part of the range above what was reached; a :class:`Refusal` when there is none."""
        lowest = reached / FULLEST
        if lowest >= self.high:
            raise Refusal(
                f"{model}: {id} has reached {reached:.2f} of its bound; the high of its ceiling is {self.high}"
            )
        low = max(self.low, lowest)
        return CeilingPrior(low, max(self.central, low), self.high)

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Independent draws."""
        if self.low == self.high:
            return np.full(count, self.low)
        return rng.triangular(self.low, self.central, self.high, count)

    def middles(self, count: int) -> Array:
        """The middles of so many equally likely parts of the range, lowest first.

        >>> CeilingPrior(1.0, 2.0, 3.0).middles(1).tolist()
        [2.0]
        """
        if self.low == self.high:
            return np.full(count, self.low)
        p = (np.arange(count) + 0.5) / count
        width, rise, fall = self.high - self.low, self.central - self.low, self.high - self.central
        up = self.low + np.sqrt(p * width * rise)
        return np.where(p * width < rise, up, self.high - np.sqrt((1 - p) * width * fall))

    def told(self, of: str, ceilings: Array, last: Array) -> dict[str, Any]:
        """For an explanation: the range, its unit, and its part of the band at the last step."""
        return {
            "low": self.low,
            "central": self.central,
            "high": self.high,
            "of": of,
            "part_of_band": round(part(ceilings, last), 4),
        }


def part(causes: Array, values: Array) -> float:
    """The share of the variance of the logarithm of ``values`` that goes with ``causes``, draw by draw.

    The correlation ratio of Pearson (1905) over 20 groups of equal size, corrected for their number, which is
    the first-order sensitivity index of Sobol' by binning.

    >>> x = np.linspace(1, 2, 1000)
    >>> round(part(x, x**3), 2), part(x, np.ones(1000))
    (1.0, 0.0)
    """
    log = np.log(np.maximum(values, np.finfo(float).tiny))
    groups = min(GROUPS, len(log) // 5, len(np.unique(causes)))
    whole = float(np.sum((log - log.mean()) ** 2))
    if groups < 2 or whole <= 1e-12 * len(log):
        return 0.0
    split = np.array_split(log[np.argsort(causes, kind="stable")], groups)
    rest = sum(float(np.sum((one - one.mean()) ** 2)) for one in split)
    unexplained = rest / (len(log) - groups) / (whole / (len(log) - 1))
    return float(np.clip(1 - unexplained, 0.0, 1.0))
