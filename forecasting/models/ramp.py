"""Announced plans: late, and only partly reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array, Panel
from forecasting.models.base import Forecaster, seed_of
from forecasting.models.draws import spread
from forecasting.models.links import ceiling_of
from forecasting.periods import Period


@dataclass
class TargetRamp(Forecaster):
    """From the last observed level towards an announced plan, with a drawn delay and a drawn achievement.

    For series ruled by decisions, where history says little: mines, separation plants, magnet plants. The
    plan is the column of the covariates named like the series, known at some periods after its last
    observation; it is joined by straight lines and held after its last point. A path follows the plan
    ``delay`` years late and covers a share of the way to it. The defaults are wide on purpose, after the
    record of megaprojects (Flyvbjerg, What You Should Know About Megaprojects, Project Management Journal
    45, 2014).

    * ``delay_low/central/high``: years late, triangular; on time at best, one typical, four at worst.
    * ``achieved_mean``, ``achieved_weight``: the share of the planned change achieved, Beta(mean × weight,
      (1 − mean) × weight); 0.7 and 4 put 95 % of paths between about 0.2 and 1, never above the plan.
    * ``level_uncertainty``: relative error (one standard deviation) of the last observed level.
    * ``wobble``: relative change of a period's value around the ramp (one standard deviation).

    A path that would pass the panel's ceiling runs at the ceiling.

    >>> fy = Period.parse
    >>> plan = Panel.of({"in.magnet": {fy("FY2026"): 0.0, fy("FY2030"): 6000.0}})
    >>> ramp = TargetRamp().fit(Panel.of({"in.magnet": {fy("FY2025"): 100.0}}), plan)
    >>> bool(ramp.predict(fy("FY2030"), paths=200, seed=1).paths[0, -1].mean() < 6000)
    True
    """

    name: ClassVar[str] = "ramp"
    minimum: ClassVar[int] = 1

    delay_low: float = 0.0
    delay_central: float = 1.0
    delay_high: float = 4.0
    achieved_mean: float = 0.7
    achieved_weight: float = 4.0
    level_uncertainty: float = 0.1
    wobble: float = 0.05

    _plans: dict[str, tuple[float, Period, Array, Array]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def _fit(self, panel: Panel) -> None:
        self._plans = {}
        for id in panel.ids:
            values = panel.trimmed(id)
            last = Period(panel.kind, int(values.index[-1]))
            if float(values.iloc[-1]) < 0:
                raise Refusal(f"{self.name}: {id} ends below zero, a ramp starts from a quantity")
            if self._covariates is None or id not in self._covariates.values:
                raise Refusal(f"{self.name}: {id} has no plan; give the covariates a column of that name")
            plan = self._covariates.values[id].loc[last.ordinal + 1 :].dropna()
            if plan.empty:
                raise Refusal(f"{self.name}: {id} has no plan after {last}")
            if (plan < 0).any() or np.isinf(plan.to_numpy(dtype=float)).any():
                raise Refusal(f"{self.name}: {id} has a plan that is not a quantity")
            when = (plan.index.to_numpy() - last.ordinal).astype(float)
            self._plans[id] = (float(values.iloc[-1]), last, when, plan.to_numpy(dtype=float))

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        panel = self.fitted
        drawn = []
        for id in panel.ids:
            level, last, when, plan = self._plans[id]
            rng = seed_of(seed, self.name, id)
            count = panel.last - last + steps
            start = level * np.exp(self.level_uncertainty * rng.standard_normal(paths))
            delay = _triangular(rng, self.delay_low, self.delay_central, self.delay_high, paths)
            achieved = rng.beta(
                self.achieved_mean * self.achieved_weight,
                (1 - self.achieved_mean) * self.achieved_weight,
                paths,
            )
            time = np.maximum(np.arange(1.0, count + 1)[:, None] - delay * panel.kind.per_year, 0.0)
            knots = np.concatenate([[0.0], when])
            from_plan = np.interp(time, knots, np.concatenate([[0.0], plan]))
            from_start = np.interp(time, knots, np.concatenate([[1.0], np.zeros(len(plan))]))
            ramp = (1 - achieved) * start + achieved * (from_plan + from_start * start)
            noise = self.wobble * rng.standard_normal((count, paths)) * spread(5.0, paths, rng)
            one = ramp * np.exp(noise)
            ceiling = ceiling_of(panel, id, last + 1, count)
            if ceiling is not None:
                one = np.minimum(one, ceiling[:, None])
            drawn.append(one[count - steps :])
        return np.stack(drawn)


def _triangular(rng: np.random.Generator, low: float, central: float, high: float, count: int) -> Array:
    return np.full(count, central) if low == high else rng.triangular(low, central, high, count)
