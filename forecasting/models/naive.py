"""The benchmarks every other model must beat: no change, last year again, past growth, fading growth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample, last_level
from forecasting.models.draws import blocks, recency, spread, steps_of
from forecasting.models.parameters import Damping, Positive


@dataclass(frozen=True)
class _Walk:
    drift: float
    over: int
    steps: Array
    weights: Array
    length: int
    degrees: float


@dataclass
class Naive(LocalForecaster):
    """The last observation, with the changes of the past as its error (random walk without drift).

    Source: Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed., 5.2). Works on the
    link's scale, so an error is a ratio for quantities. Past changes are drawn in blocks of a year with
    random signs; those of ``memory`` years ago half as often as the newest. A change over a gap of k periods
    counts as one step divided by √k.

    >>> from forecasting.frames import Panel
    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): float(y % 7 + 5) for y in range(2015, 2026)}})
    >>> Naive().fit(panel).predict(Period.parse("FY2027"), paths=8, seed=1).paths.shape
    (1, 2, 8)
    """

    name: ClassVar[str] = "naive"
    separable: ClassVar[bool] = True

    memory: float = 1.0

    def _learn(self, sample: Sample) -> _Walk:
        return _walk(sample, self.memory, None, centred=False)

    def _simulate(
        self, sample: Sample, state: _Walk, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        errors = blocks(state.steps, state.length, state.weights, steps, paths, rng, signed=True)
        return last_level(sample.z) + np.cumsum(errors * spread(state.degrees, paths, rng), axis=0)

    def _explain(self, sample: Sample, state: _Walk, steps: int) -> dict[str, Any]:
        del state
        return _parts(sample, np.zeros(steps))


@dataclass
class Drift(LocalForecaster):
    """The average change of the past carried on (random walk with drift).

    Source: Hyndman & Athanasopoulos (3rd ed., 5.2): the line through the first and the last observation. The
    paths add resampled changes and the error of the drift itself, which grows with the horizon. ``window``
    is the number of years the drift is taken over (None: all). Growth never fades, so on the log scale it is
    a benchmark for short horizons; see :class:`DampedDrift` for long ones.
    """

    name: ClassVar[str] = "drift"
    separable: ClassVar[bool] = True

    window: Positive | None = None
    memory: float = 1.0

    def _learn(self, sample: Sample) -> _Walk:
        return _walk(sample, self.memory, self.window)

    def _simulate(
        self, sample: Sample, state: _Walk, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        return _drifting(sample, state, np.arange(1.0, steps + 1), paths, rng)

    def _explain(self, sample: Sample, state: _Walk, steps: int) -> dict[str, Any]:
        return _parts(sample, state.drift * np.arange(1.0, steps + 1))


@dataclass
class DampedDrift(LocalForecaster):
    """Recent growth that fades: a share ``damping`` of it is left after each year.

    Source: the damped trend of Gardner & McKenzie (Management Science 31, 1985) with its damping declared
    instead of fitted. ``window`` is the number of years the growth is taken over; with the default 0.9 a
    growth of 20 % a year multiplies the level by about 2 in five years and by about 5 in the end.
    """

    name: ClassVar[str] = "damped_drift"
    separable: ClassVar[bool] = True

    damping: Damping = 0.9
    window: Positive | None = 3.0
    memory: float = 1.0

    def _learn(self, sample: Sample) -> _Walk:
        return _walk(sample, self.memory, self.window)

    def _simulate(
        self, sample: Sample, state: _Walk, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        fading = self.damping ** (np.arange(1, steps + 1) / sample.season)
        return _drifting(sample, state, np.cumsum(fading), paths, rng)

    def _explain(self, sample: Sample, state: _Walk, steps: int) -> dict[str, Any]:
        fading = self.damping ** (np.arange(1, steps + 1) / sample.season)
        return _parts(sample, state.drift * np.cumsum(fading))


def _parts(sample: Sample, trend: Array) -> dict[str, Any]:
    return {"parts": {"level": np.full(len(trend), last_level(sample.z)), "trend": trend}}


def _walk(sample: Sample, memory: float, window: float | None, centred: bool = True) -> _Walk:
    change, spans = steps_of(sample.z)
    ends = np.cumsum(spans)
    reach = ends[-1] if window is None else min(max(window * sample.season, 2.0), ends[-1])
    inside = ends > ends[-1] - reach
    over = float(spans[inside].sum())
    drift = float(change[inside].sum()) / over
    length = sample.season if len(change) >= 2 * sample.season else 1
    return _Walk(
        drift,
        int(over),
        (change - drift * spans if centred else change) / np.sqrt(spans),
        recency(ends[-1] - ends, memory * sample.season),
        length,
        len(change) / length - 1,
    )


def _drifting(sample: Sample, state: _Walk, growth: Array, paths: int, rng: np.random.Generator) -> Array:
    size = spread(state.degrees, paths, rng)
    errors = blocks(state.steps, state.length, state.weights, len(growth), paths, rng) * size
    doubt = blocks(state.steps, state.length, state.weights, state.over, paths, rng).mean(axis=0) * size
    drift = state.drift + doubt
    return np.asarray(last_level(sample.z) + growth[:, None] * drift + np.cumsum(errors, axis=0))


@dataclass
class SeasonalNaive(LocalForecaster):
    """The same month of last year, with past changes from year to year as its error.

    Source: Hyndman & Athanasopoulos (3rd ed., 5.2). Year-on-year changes are drawn as whole years with random
    signs, one more for every year ahead, newest most often (``memory`` in years). Annual series have a season
    of one, which makes it the naive forecast.
    """

    name: ClassVar[str] = "seasonal_naive"
    separable: ClassVar[bool] = True

    memory: float = 1.0

    def _learn(self, sample: Sample) -> Any:
        m, z = sample.season, sample.z
        last = np.array([_latest(z[phase::m]) for phase in range(m)])
        yearly = z[m:] - z[:-m] if len(z) > m else z[:0]
        ends = np.arange(len(yearly), m - 1, -1)
        years = [yearly[end - m : end] for end in ends]
        usable = np.array([np.isfinite(year).mean() >= 0.5 for year in years], dtype=bool)
        if not np.isfinite(last).all() or int(usable.sum()) < 1:
            raise Refusal(f"{self.name}: {sample.id} needs two years of every month, or three annual values")
        table = np.array(
            [
                y if np.isfinite(y).all() else np.where(np.isfinite(y), y, np.nanmean(y))
                for y, ok in zip(years, usable, strict=True)
                if ok
            ]
        )
        age = np.flatnonzero(usable).astype(float)
        return last, table, recency(age, self.memory * m)

    def _simulate(
        self, sample: Sample, state: Any, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        last, table, weights = state
        m = sample.season
        years = -(-steps // m)
        drawn = table[rng.choice(len(table), size=(years, paths), p=weights)]
        drawn = drawn * rng.choice([-1.0, 1.0], size=(years, paths, 1))
        errors = np.cumsum(drawn * spread(len(table) / m - 1, paths, rng)[:, None], axis=0)
        ahead = np.arange(len(sample.z), len(sample.z) + steps)
        flat = errors.transpose(0, 2, 1).reshape(years * m, paths)[:steps]
        return np.asarray(last[ahead % m][:, None] + flat)

    def _explain(self, sample: Sample, state: Any, steps: int) -> dict[str, Any]:
        return _season(state[0], np.arange(len(sample.z), len(sample.z) + steps))


def _season(last: Array, ahead: Any) -> dict[str, Any]:
    level = np.full(len(ahead), last.mean())
    return {"parts": {"level": level, "season": last[ahead % len(last)] - level}}


def _latest(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else float("nan")
