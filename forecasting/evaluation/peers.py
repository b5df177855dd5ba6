"""What others' automatic methods forecast, for comparison on the same series in the same run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from forecasting.frames import Array

TAUS = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
BANDS = (20, 40, 60, 80, 95)  # central bands, in per cent, whose ends are the quantiles of TAUS


@dataclass(frozen=True)
class Answer:
    """A point forecast (steps,) and the quantiles at :data:`TAUS` (steps, levels)."""

    point: Array
    quantiles: Array

    @classmethod
    def of(cls, paths: Array, point: Array | None = None) -> Self:
        """From sample paths (steps, draws); the point is their median unless another is given.

        >>> Answer.of(np.array([[1.0, 2.0, 9.0]])).point.tolist()
        [2.0]
        """
        quantiles = np.quantile(paths, TAUS, axis=1).T
        return cls(quantiles[:, TAUS.index(0.5)] if point is None else point, quantiles)

    def at(self, tau: float) -> Array:
        return np.asarray(self.quantiles[:, TAUS.index(tau)])

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.point).all() and np.isfinite(self.quantiles).all())


def _member(name: str, y: Array, season: int, steps: int) -> Answer:
    import statsforecast.models as library

    if not np.isfinite(y).all():
        raise ValueError(f"{name} takes no gaps")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model: Any = getattr(library, name)(season_length=season)
        out = model.forecast(np.asarray(y, dtype=float), steps, level=list(BANDS))
    low = [out[f"lo-{band}"] for band in reversed(BANDS)]
    high = [out[f"hi-{band}"] for band in BANDS]
    point = np.asarray(out["mean"], dtype=float)
    return Answer(point, np.column_stack([*low, point, *high]).astype(float))


def statsforecast(name: str) -> Callable[[Array, int, int], Answer]:
    """One model of ``statsforecast`` with its defaults and its own intervals."""
    return lambda y, season, steps: _member(name, y, season, steps)


def scum(y: Array, season: int, steps: int) -> Answer:
    """The simple combination of univariate models: the median of ETS, ARIMA, CES and dynamic optimised Theta.

    Source: Petropoulos & Svetunkov, A simple combination of univariate models (International Journal of
    Forecasting 36, 2020), with ``statsforecast``; its bands are the medians of the members' bands. When a
    member fails, so does the combination.
    """
    members = [
        _member(name, y, season, steps)
        for name in ("AutoETS", "AutoARIMA", "AutoCES", "DynamicOptimizedTheta")
    ]
    return Answer(
        np.asarray(np.median([one.point for one in members], axis=0)),
        np.asarray(np.median([one.quantiles for one in members], axis=0)),
    )


PEERS: dict[str, Callable[[Array, int, int], Answer]] = {
    "scum": scum,
    "sf_ets": statsforecast("AutoETS"),
    "sf_arima": statsforecast("AutoARIMA"),
    "sf_ces": statsforecast("AutoCES"),
    "sf_theta": statsforecast("DynamicOptimizedTheta"),
}
