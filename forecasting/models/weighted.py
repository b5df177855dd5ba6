"""Combinations whose weights come from backtests inside the training part, never far from equal ones."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import ForecastingError
from forecasting.frames import Array, Panel
from forecasting.models.combination import Combination
from forecasting.models.links import Link
from forecasting.models.parameters import NotNegative, Positive
from forecasting.models.pool import Pool

JUDGING_PATHS, JUDGING_SEED = 200, 20260401
ROUNDS = 400


@dataclass
class Learnt(Combination):
    """What :class:`Weighted` and :class:`Stacked` share: how members did at the last origins of the sample.

    At each of ``origins`` cut-offs, half of ``years`` apart, every member is fitted to what comes before and
    its median judged over the next ``years``, on the series' own scale (logarithms for quantities). The
    weights learnt from m origins are drawn towards equal ones with the weight of ``shrinkage`` origins. A
    member that could not be judged keeps an equal share. Values are those known when the model is fitted, not
    those known at each cut-off: what came later is never seen, first releases since revised are.
    """

    origins: int = 4
    years: Positive = 1.0
    shrinkage: NotNegative = 4.0

    _learnt: dict[str, dict[str, float]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @abstractmethod
    def _own(self, forecasts: Array, actual: Array, origins: int) -> Array:
        """Weights of the columns of ``forecasts`` (judged values, members), adding up to one."""

    def _middle(self, stack: Array, weights: Array) -> Array:
        return np.asarray(np.tensordot(weights, stack, axes=1))

    def _weights(self, id: str, labels: Sequence[str]) -> Array:
        found = np.array([self._learnt[id][label] for label in labels])
        return np.asarray(found / found.sum())

    def _fit(self, panel: Panel) -> None:
        super()._fit(panel)
        judged = self._judged(panel)
        self._learnt = {}
        for id in panel.ids:
            labels = list(self._fitted[id])
            forecasts, actual, origins = judged[id]
            table = np.column_stack([forecasts[label] for label in labels])
            whole = np.isfinite(table).all(axis=0) & (len(actual) > 0)
            weights = np.full(len(labels), 1 / len(labels))
            if whole.sum() > 1:
                weights[whole] = whole.mean() * self._own(table[:, whole], actual, origins)
            self._learnt[id] = dict(zip(labels, weights.tolist(), strict=True))

    def _judged(self, panel: Panel) -> dict[str, tuple[dict[str, Array], Array, int]]:
        """For each series: members' medians and the actual values on the link's scale, and the origins used."""
        steps = max(round(self.years * panel.kind.per_year), 1)
        stride = max(steps // 2, 1)
        parts: dict[str, list[tuple[dict[str, Array], Array]]] = {id: [] for id in panel.ids}
        begun = {id: int(panel.trimmed(id).index[0]) for id in panel.ids}
        for number in range(self.origins):
            cut = panel.last + -(steps + number * stride)
            if cut.ordinal <= min(begun.values()):
                break
            past = panel.until(cut)
            ids = [id for id in panel.ids if begun[id] < cut.ordinal]
            medians = {label: self._medians(spec, past.only(*ids), steps) for label, spec in self._labelled()}
            for id in ids:
                link = Link.choose(panel.trimmed(id).to_numpy(dtype=float))
                actual = panel.values[id].loc[cut.ordinal + 1 : cut.ordinal + steps].to_numpy(dtype=float)
                seen = np.isfinite(actual)
                if seen.any() and any(id in found for found in medians.values()):
                    gap = np.full(steps, np.nan)
                    told = {
                        label: link.to(np.maximum(found.get(id, gap), _floor(actual)))[seen]
                        for label, found in medians.items()
                    }
                    parts[id].append((told, link.to(actual)[seen]))
        return {id: _stacked(found, [label for label, _ in self._labelled()]) for id, found in parts.items()}

    def _medians(self, spec: Mapping[str, Any], past: Panel, steps: int) -> dict[str, Array]:
        pools = {id: one for id, one in self._fit_one(spec, past).items() if isinstance(one, Pool)}
        made = self._answers(pools, past.last + steps, JUDGING_PATHS, JUDGING_SEED, ForecastingError)
        return {id: np.median(paths, axis=1) for id, paths in made.items() if not isinstance(paths, str)}


def _floor(actual: Array) -> float:
    """The least a median counts as beside values that are never negative: a hundredth of the smallest above 0."""
    known = actual[np.isfinite(actual)]
    if (known < 0).any() or not (known > 0).any():
        return -np.inf
    return float(known[known > 0].min()) / 100


def _stacked(
    parts: list[tuple[dict[str, Array], Array]], labels: list[str]
) -> tuple[dict[str, Array], Array, int]:
    if not parts:
        return {label: np.empty(0) for label in labels}, np.empty(0), 0
    actual = np.concatenate([values for _, values in parts])
    return {label: np.concatenate([told[label] for told, _ in parts]) for label in labels}, actual, len(parts)


@dataclass
class Weighted(Learnt):
    """The mean of several models, each weighted by how small its squared errors were.

    Source: Bates & Granger, The combination of forecasts (Operational Research Quarterly 20, 1969), inverse
    mean squared errors without their covariances, drawn towards equal weights (Diebold & Pauly, International
    Journal of Forecasting 6, 1990). Joined as in :class:`~forecasting.models.combination.Median`.

    >>> from forecasting.periods import Period
    >>> panel = Panel.of({"a": {Period.parse(f"FY{y}"): 2.0 ** (y - 2000) for y in range(2000, 2020)}})
    >>> both = Weighted(members=({"model": "naive"}, {"model": "drift"})).fit(panel)
    >>> _ = both.predict(Period.parse("FY2021"), paths=8, seed=1)
    >>> both.explanation["a"]["weights"]
    {'naive': 0.25, 'drift': 0.75}
    """

    name: ClassVar[str] = "weighted"

    def _own(self, forecasts: Array, actual: Array, origins: int) -> Array:
        squares = np.mean((forecasts - actual[:, None]) ** 2, axis=0)
        inverse = 1 / np.maximum(squares, max(1e-9 * squares.max(), 1e-300))
        equal = np.full(len(inverse), 1 / len(inverse))
        own = inverse / inverse.sum()
        return np.asarray((origins * own + self.shrinkage * equal) / (origins + self.shrinkage))


@dataclass
class Stacked(Learnt):
    """The mean of several models with the weights that would have been best together.

    Source: stacked regression (Breiman, Machine Learning 24, 1996): weights that are not negative and add up
    to one, least squares over the judged values with a ridge towards equal weights. Errors that offset each
    other are used, which :class:`Weighted` cannot.
    """

    name: ClassVar[str] = "stacked"

    def _own(self, forecasts: Array, actual: Array, origins: int) -> Array:
        errors = forecasts - actual[:, None]
        members = errors.shape[1]
        equal = np.full(members, 1 / members)
        size = float(np.mean((errors @ equal) ** 2)) or float(np.mean(errors**2)) or 1.0
        curved = origins * errors.T @ errors / len(errors) / size + self.shrinkage * members * np.eye(members)
        pull = self.shrinkage * members * equal
        step = 1 / float(np.linalg.eigvalsh(curved)[-1])
        weights = equal
        for _ in range(ROUNDS):
            weights = _onto_simplex(weights - step * (curved @ weights - pull))
        return weights


def _onto_simplex(v: Array) -> Array:
    """The nearest weights that are not negative and add up to one (Held, Wolfe & Crowder, 1974)."""
    ordered = np.sort(v)[::-1]
    above = (np.cumsum(ordered) - 1) / np.arange(1, len(v) + 1)
    theta = above[np.flatnonzero(ordered > above)[-1]]
    return np.asarray(np.maximum(v - theta, 0.0))
