"""Diffusion curves below a ceiling nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from forecasting.errors import Refusal
from forecasting.frames import Array, Panel
from forecasting.models.base import Forecaster, seed_of
from forecasting.models.ceiling import CeilingPrior
from forecasting.models.certificate import Certificate
from forecasting.models.draws import spread
from forecasting.models.links import ceiling_of
from forecasting.models.parameters import Positive
from forecasting.periods import Period

EDGE = 1e-6


@dataclass
class SCurve(Forecaster):
    """Logistic, Gompertz or Bass growth towards a ceiling drawn from a declared range.

    Sources: Bass, A New Product Growth Model (Management Science 15, 1969); Meade & Islam, Modelling and
    forecasting the diffusion of innovation (International Journal of Forecasting 22, 2006). Each path draws
    a ceiling: a fraction ``ceiling_low/central/high`` of the panel's ceiling where there is one, otherwise a
    multiple ``multiple_low/central/high`` of the last year's level. Below it the curve is a straight line
    after a transformation, fitted by least squares with weights that halve every ``half_life`` years; its
    two coefficients are drawn from their distribution. Months get seasonal effects. What is left follows a
    first-order autoregression, so that paths start at the last observation. Early adoption says next to
    nothing about a ceiling, so the ceiling is an assumption to defend, not a result; ``explanation`` says
    which part of the band at the horizon is its. For Bass curves the
    ratio of imitation to innovation is drawn between 5 and 200.

    >>> grown = {Period.parse(f"FY{y}"): 100 / (1 + 2.0 ** (2022 - y)) for y in range(2016, 2026)}
    >>> panel = Panel.of({"a": grown})
    >>> paths = SCurve(multiple_high=2.0, multiple_central=1.5).fit(panel).predict(
    ...     Period.parse("FY2030"), paths=50, seed=1).paths
    >>> bool((paths < 200).all())
    True
    """

    name: ClassVar[str] = "scurve"
    minimum: ClassVar[int] = 5
    band: ClassVar[str] = "a ceiling drawn from a declared range; coefficients and errors drawn"

    curve: Literal["logistic", "gompertz", "bass"] = "logistic"
    ceiling_low: float = 0.25
    ceiling_central: float = 0.6
    ceiling_high: float = 1.0
    multiple_low: float = 1.2
    multiple_central: float = 4.0
    multiple_high: float = 12.0
    half_life: Positive = 2.0

    _series: dict[str, tuple[Array, Period, Array | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        CeilingPrior(self.ceiling_low, self.ceiling_central, self.ceiling_high)
        CeilingPrior(self.multiple_low, self.multiple_central, self.multiple_high)

    def _fit(self, panel: Panel) -> None:
        self._series = {}
        for id in panel.ids:
            values = panel.trimmed(id)
            first = Period(panel.kind, int(values.index[0]))
            y = values.to_numpy(dtype=float)
            if np.nanmin(y) < 0:
                raise Refusal(f"{self.name}: {id} has negative values, which no diffusion has")
            if int((y > 0).sum()) < self.minimum:
                raise Refusal(f"{self.name}: {id} has fewer than {self.minimum} positive observations")
            self._series[id] = (y, first, ceiling_of(panel, id, first, len(y)))
            self._range(id, panel.kind.per_year)

    def _range(self, id: str, season: int) -> tuple[Array, CeilingPrior]:
        """Shares of the moving bound (or of the last level), and the range left for the ceiling."""
        y, _, bound = self._series[id]
        recent = y[-season:][np.isfinite(y[-season:])]
        if recent.max() <= 0:
            raise Refusal(
                f"{self.name}: {id} was zero for its whole last year, there is nothing to grow from"
            )
        share = y / recent.mean() if bound is None else y / bound
        prior = (
            CeilingPrior(self.multiple_low, self.multiple_central, self.multiple_high)
            if bound is None
            else CeilingPrior(self.ceiling_low, self.ceiling_central, self.ceiling_high)
        )
        return share, prior.left(float(np.nanmax(share[-3 * season :])), self.name, id)

    def _events(self, first: Period, share: Array, count: int) -> tuple[tuple[str, ...], Array]:
        """Names and columns of what speeds growth up or slows it down, (periods, events); none here."""
        del first
        return (), np.empty((len(share) + count, 0))

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        panel = self.fitted
        return np.stack(
            [self._one(panel, id, steps, paths, seed_of(seed, self.name, id)) for id in panel.ids]
        )

    def _one(self, panel: Panel, id: str, steps: int, paths: int, rng: np.random.Generator) -> Array:
        y, first, bound = self._series[id]
        season = panel.kind.per_year
        share, prior = self._range(id, season)
        ceilings = prior.draw(paths, rng)
        known = np.flatnonzero(share > 0)
        end, count = len(y) - 1, panel.last - (first + (len(y) - 1)) + steps
        curve = _Curve(self.curve, np.exp(rng.uniform(np.log(5.0), np.log(200.0), paths))[:, None])

        w = curve.straight(np.clip(share[known] / ceilings[:, None], EDGE, 1 - EDGE))
        ages = (known - end) / season
        weights = np.exp2(ages / self.half_life)
        phases = known % season
        seasons = np.zeros((paths, season))
        names, clocks = self._events(first, share, count)
        design = np.column_stack([(np.arange(len(y) + count) - end) / season, clocks])
        fit = _Plane.of(design[known], weights)
        middle, slopes, errors = fit.to(w)
        if season > 1 and len(known) > 2 * season:
            for _ in range(2):
                seasons = _seasons(errors + seasons[:, phases], weights, phases, season)
                middle, slopes, errors = fit.to(w - seasons[:, phases])

        chances = weights / weights.sum()
        neighbours = np.flatnonzero(np.diff(known) == 1)
        cross = (errors[:, neighbours] * errors[:, neighbours + 1]) @ weights[neighbours]
        power = errors[:, neighbours] ** 2 @ weights[neighbours]
        memory = np.clip(cross / np.where(power > 0, power, 1.0), 0.0, 0.98)
        effective = 1 / float(chances @ chances)
        size = np.sqrt(errors**2 @ chances * effective / max(effective - 2, 1.0)) * spread(
            effective - 2, paths, rng
        )

        doubt = size * np.sqrt(np.minimum((1 + memory) / (1 - memory), effective) / effective)
        drawn = slopes + doubt[:, None] * (rng.standard_normal(slopes.shape) @ fit.root)
        place = middle + doubt * rng.standard_normal(paths)
        apart = design - fit.centre

        left = w[:, -1] - seasons[:, phases[-1]] - (place + drawn @ apart[known[-1]])
        out = np.empty((count, paths))
        level = left * memory ** (end - known[-1])
        for t in range(count):
            level = memory * level + size * np.sqrt(1 - memory**2) * rng.standard_normal(paths)
            out[t] = place + drawn @ apart[end + 1 + t] + level + seasons[:, (end + 1 + t) % season]
        fractions = curve.back(out.T).T * ceilings
        if bound is None:
            recent = y[-season:][np.isfinite(y[-season:])]
            scale = np.full(count, recent.mean())
        else:
            ahead = ceiling_of(panel, id, first + len(y), count)
            scale = np.ones(count) if ahead is None else ahead
        result = np.asarray((fractions * scale[:, None])[count - steps :])
        of = "the last year's level" if bound is None else "the panel's ceiling"
        self.explanation[id] = {
            "ceiling": prior.told(of, ceilings, result[-1]),
            "speed": float(np.median(slopes[:, 0])),
            "events": {name: float(np.median(slopes[:, 1 + i])) for i, name in enumerate(names)},
        }
        self.certificate[id] = Certificate(self.band, 0, len(known))
        return result


@dataclass(frozen=True)
class _Curve:
    """A curve from 0 to 1, and the transformation that makes it a straight line in time."""

    kind: str
    ratio: Array

    def straight(self, share: Array) -> Array:
        if self.kind == "gompertz":
            return np.asarray(-np.log(-np.log(share)))
        if self.kind == "bass":
            return np.asarray(np.log1p(self.ratio * share) - np.log1p(-share))
        return np.asarray(np.log(share) - np.log1p(-share))

    def back(self, line: Array) -> Array:
        line = np.clip(line, -700.0, 700.0)
        if self.kind == "gompertz":
            return np.asarray(np.exp(-np.exp(-line)))
        if self.kind == "bass":
            grown = np.exp(-np.maximum(line, 0.0))
            return np.asarray((1 - grown) / (1 + self.ratio * grown))
        return np.asarray(1 / (1 + np.exp(-line)))


@dataclass(frozen=True)
class _Plane:
    """Weighted least squares on time and event clocks; an event starts from no effect, worth one observation."""

    chances: Array
    centre: Array
    apart: Array
    inverse: Array
    root: Array

    @classmethod
    def of(cls, design: Array, weights: Array) -> _Plane:
        chances = weights / weights.sum()
        centre = chances @ design
        apart = design - centre
        spread = apart.T @ (chances[:, None] * apart)
        prior = np.diag(spread) * float(chances @ chances)
        prior[0] = 0.0
        inverse = np.linalg.inv(spread + np.diag(prior))
        values, vectors = np.linalg.eigh(inverse)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return cls(chances, centre, apart, inverse, root)

    def to(self, w: Array) -> tuple[Array, Array, Array]:
        """For every row of ``w``: its value at the centre, its slopes, its residuals."""
        middle = w @ self.chances
        slopes = (w - middle[:, None]) @ (self.chances[:, None] * self.apart) @ self.inverse
        return middle, slopes, w - middle[:, None] - slopes @ self.apart.T


def _seasons(errors: Array, weights: Array, phases: npt.NDArray[np.int_], season: int) -> Array:
    """Weighted mean residual of each phase, shrunk by one observation's weight, summing to zero."""
    onehot = (phases[:, None] == np.arange(season)) * weights[:, None]
    effects = errors @ onehot / (onehot.sum(axis=0) + 1.0)
    return np.asarray(effects - effects.mean(axis=1, keepdims=True))
