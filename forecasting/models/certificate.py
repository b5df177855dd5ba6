"""What a band promises and on what evidence; and the short-sample correction learnt by simulation.

Bands of models fitted to few observations are too narrow: parameters are estimated, and fitted errors are
smaller than those to come. ``benchmarks/simulate_coverage.py`` measures by how much, on simulated series of
known law, and writes ``learnt/simulated.json``: for each method and length the exponents that give the
deviations of its paths the width they should have had, and the coverage they reach with it on fresh series.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from forecasting.frames import Array

TABLE = Path(__file__).parent / "learnt" / "simulated.json"
LONG = 60  # observations from which on paths are left as the model gives them
WITHIN = 0.03  # of nominal, the miss up to which simulated coverage is called held


@dataclass(frozen=True)
class Certificate:
    """How a series' band was made and what it is known to hold.

    ``calibration_points`` counts the past errors (or observations) behind the width; ``simulated_80`` and
    ``simulated_95`` are the shares of simulated values inside such bands at the nearest length not above
    ``observations`` that was simulated (``simulated_at``), None where nothing was.

    >>> Certificate("declared prior", 0, 12).holds is None
    True
    """

    method: str
    calibration_points: int
    observations: int
    simulated_at: int | None = None
    simulated_80: float | None = None
    simulated_95: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether both bands hold within three points of nominal in simulation; None if never simulated."""
        if self.simulated_80 is None or self.simulated_95 is None:
            return None
        return max(abs(self.simulated_80 - 0.8), abs(self.simulated_95 - 0.95)) <= WITHIN

    def __str__(self) -> str:
        """In words.

        >>> print(Certificate("paths of the model", 14, 15, 15, 0.79, 0.94))
        paths of the model; 14 calibration points; simulated coverage at 15 observations 79 % of 80, 94 % of 95
        """
        words = f"{self.method}; {self.calibration_points} calibration points"
        if self.simulated_80 is None or self.simulated_95 is None:
            return f"{words}; coverage was not simulated"
        held = f"{self.simulated_80:.0%} of 80, {self.simulated_95:.0%} of 95".replace("%", " %")
        return f"{words}; simulated coverage at {self.simulated_at} observations {held}"


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TABLE.read_text())["methods"] if TABLE.is_file() else {}
    return found


@lru_cache(maxsize=512)
def simulated(method: str, observations: int) -> tuple[int, float, float] | None:
    """The nearest simulated length not above a length, and the coverage of 80 and 95 % bands there."""
    lengths = [n for n in sorted(map(int, _table().get(method, {}))) if n <= observations]
    if not lengths:
        return None
    row = _table()[method][str(lengths[-1])]
    return lengths[-1], float(row["coverage_80"]), float(row["coverage_95"])


@lru_cache(maxsize=512)
def shape(method: str, observations: int) -> tuple[float, float]:
    """Factor and exponent of the correction at a length: between lengths by the logarithm, none from 60 on."""
    rows = {int(n): row for n, row in _table().get(method, {}).items()}
    if not rows:
        return 1.0, 1.0
    nodes = [*sorted(rows), LONG]
    at = np.log(max(observations, nodes[0]))
    found = [
        float(np.interp(at, np.log(nodes), [*(float(rows[n][key]) for n in nodes[:-1]), neutral]))
        for key, neutral in (("factor", 1.0), ("exponent", 1.0))
    ]
    return found[0], found[1]


def stretch(paths: Array, factor: float, exponent: float) -> Array:
    """Paths (steps, draws) with deviations from each step's median made wider, and their tails longer.

    A deviation of u standard deviations becomes factor × |u| to the exponent, which keeps the order of draws.

    >>> stretch(np.array([[-1.0, 0.0, 1.0]]), 2.0, 1.0).round(6).tolist()
    [[-2.0, 0.0, 2.0]]
    """
    if factor == 1.0 and exponent == 1.0:
        return paths
    middle = np.median(paths, axis=-1, keepdims=True)
    apart = paths - middle
    size = np.sqrt(np.mean(apart**2, axis=-1, keepdims=True))
    unit = apart / np.where(size > 0, size, 1.0)
    return np.asarray(middle + size * factor * np.sign(unit) * np.abs(unit) ** exponent)
