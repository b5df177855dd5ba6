"""Bass diffusion whose speed changes with policy events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from forecasting.errors import DataError
from forecasting.frames import Array
from forecasting.models.regressors import usable_regressors
from forecasting.models.scurve import SCurve
from forecasting.periods import Period


@dataclass
class GeneralisedBass(SCurve):
    """Diffusion on a clock that events push on or hold back.

    Source: Bass, Krishnan & Jain, Why the Bass model fits without decision variables (Marketing Science 13,
    1994). Time t becomes t + Σ β × (years the event has been on), so an event adds β to the speed while it
    lasts and moves the level for good; β is estimated with the curve, from no effect, by least squares, and drawn
    from its distribution. Events are the covariates whose effect the sample can show
    (:func:`~forecasting.models.regressors.usable_regressors`); the others are left out. The ceiling and all
    else are as in :class:`~forecasting.models.scurve.SCurve`; ``explanation["events"]`` holds β in the curve's
    unit a year beside ``speed``, the speed without events.

    >>> from forecasting.frames import Panel
    >>> grown = {Period.parse(f"FY{y}"): 100 / (1 + 2.0 ** (2022 - y)) for y in range(2014, 2026)}
    >>> model = GeneralisedBass().fit(Panel.of({"a": grown}))
    >>> _ = model.predict(Period.parse("FY2030"), paths=200, seed=1)
    >>> 0 < model.explanation["a"]["ceiling"]["part_of_band"] < 1
    True
    """

    name: ClassVar[str] = "generalised_bass"

    curve: Literal["logistic", "gompertz", "bass"] = "bass"

    def _events(self, first: Period, share: Array, count: int) -> tuple[tuple[str, ...], Array]:
        seen = np.where(share > 0, share, np.nan)
        names, rows = usable_regressors(self._covariates, first, seen)
        if rows is None:
            return (), np.empty((len(share) + count, 0))
        end = len(share)
        if len(rows) < end + count or np.isnan(rows[: end + count]).any():
            raise DataError(
                f"{self.name}: regressors {', '.join(names)} end before {first + (end + count - 1)}"
            )
        clocks = np.cumsum(rows[: end + count], axis=0) / first.kind.per_year
        return names, np.asarray(clocks - clocks[end - 1])
