"""One regression on lagged growth for all series of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array
from forecasting.models.base import LocalForecaster, Sample, last_level
from forecasting.models.draws import recency, spread, steps_of
from forecasting.models.parameters import Count, Damping, NotNegative

GROWTH_YEARS = 3.0
FEWEST_ROWS = 4
FEWEST_OWN_ERRORS = 20


@dataclass
class LagRegressor(LocalForecaster):
    """Ridge regression or boosted trees from past changes to the next, learnt from all series together.

    Source: global models as in Montero-Manso & Hyndman (International Journal of Forecasting 37, 2021), with
    scikit-learn. Changes on the link's scale are taken around each series' growth of the last three years
    and divided by their size. The lags are the last two changes, and for series with a season also the two
    around a year ago. Forecasts are fed back; every step adds a past error, and the growth fades, the share
    ``damping`` being left after a year. Only rows whose lags are all known are learnt from; a lag that falls
    in a gap at the end counts as average growth. A series with fewer than 20 such rows takes its errors from
    all, so that one too short for a regression of its own is forecast with what the others taught.
    """

    name: ClassVar[str] = "lags"
    minimum: ClassVar[int] = 5

    estimator: Literal["ridge", "boosting"] = "ridge"
    damping: Damping = 0.9
    penalty: NotNegative = 10.0
    trees: Count = 60
    memory: float = 2.0

    _model: Any = field(default=None, init=False, repr=False, compare=False)
    _lags: tuple[int, ...] = field(default=(), init=False, repr=False, compare=False)
    _pool: Any = field(default=None, init=False, repr=False, compare=False)

    @property
    def pooled(self) -> bool:
        """Always: the regression is of all series of the panel."""
        return True

    def _study(self, samples: Sequence[Sample]) -> None:
        season = samples[0].season
        self._lags = (1, 2)
        if season > 1 and any(len(sample.z) >= 3 * season for sample in samples):
            self._lags = (1, 2, season, season + 1)
        tables = [self._rows(_changes(sample)[0]) for sample in samples if not sample.constant]
        if not tables:
            return
        features, targets = np.vstack([one[0] for one in tables]), np.concatenate([one[1] for one in tables])
        if len(targets) < FEWEST_ROWS:
            ids = ", ".join(sample.id for sample in samples)
            raise Refusal(
                f"{self.name}: {ids} hold {len(targets)} rows with known lags, {FEWEST_ROWS} are needed"
            )
        if self.estimator == "ridge":
            from sklearn.linear_model import Ridge

            self._model = Ridge(alpha=self.penalty, fit_intercept=False).fit(features, targets)
        else:
            from sklearn.ensemble import HistGradientBoostingRegressor

            self._model = HistGradientBoostingRegressor(
                max_iter=self.trees,
                max_leaf_nodes=7,
                learning_rate=0.05,
                early_stopping=False,
                random_state=0,
            ).fit(features, targets)
        self._pool = targets - self._model.predict(features)

    def _rows(self, changes: Array) -> tuple[Array, Array]:
        longest = self._lags[-1]
        if len(changes) <= longest:
            return np.empty((0, len(self._lags))), np.empty(0)
        columns = [changes[longest - lag : len(changes) - lag] for lag in self._lags]
        features, targets = np.column_stack(columns), changes[longest:]
        known = np.isfinite(features).all(axis=1) & np.isfinite(targets)
        return features[known], targets[known]

    def _learn(self, sample: Sample) -> Any:
        changes, growth, size = _changes(sample)
        features, targets = self._rows(changes)
        errors = self._pool
        if len(targets) >= FEWEST_OWN_ERRORS:
            errors = targets - self._model.predict(features)
            chances = recency(np.arange(len(errors) - 1.0, -1.0, -1.0), self.memory * sample.season)
        else:
            chances = np.full(len(errors), 1 / len(errors))
        return changes, growth, size, errors - chances @ errors, chances

    def _simulate(
        self, sample: Sample, state: Any, steps: int, paths: int, rng: np.random.Generator
    ) -> Array:
        changes, growth, size, errors, chances = state
        longest = self._lags[-1]
        recent = np.zeros(longest)
        tail = np.nan_to_num(changes[-longest:])
        recent[longest - len(tail) :] = tail
        history = np.concatenate([np.repeat(recent[:, None], paths, axis=1), np.empty((steps, paths))])
        drawn = rng.choice(errors, size=(steps, paths), p=chances) * spread(
            len(errors) - len(self._lags), paths, rng
        )
        for t in range(longest, longest + steps):
            features = np.column_stack([history[t - lag] for lag in self._lags])
            history[t] = self._model.predict(features) + drawn[t - longest]
        fading = self.damping ** (np.arange(1, steps + 1) / sample.season)
        moves = size * history[longest:] + (growth * fading)[:, None]
        return np.asarray(last_level(sample.z) + np.cumsum(moves, axis=0))


def _changes(sample: Sample) -> tuple[Array, float, float]:
    """Standardised changes (NaN beside gaps), the growth they are taken around, and their size."""
    change, spans = steps_of(sample.z)
    ends = np.cumsum(spans)
    inside = ends > ends[-1] - max(GROWTH_YEARS * sample.season, 3.0)
    growth = float(change[inside].sum() / spans[inside].sum())
    size = float(np.sqrt(np.mean((change - growth * spans) ** 2 / spans))) or 1.0
    return (np.diff(sample.z) - growth) / size, growth, size
