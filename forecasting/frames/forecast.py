"""Forecasts: joint sample paths, and the arithmetic on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import DataError, PeriodError, UnitError
from forecasting.frames.panel import Array, Panel
from forecasting.periods import Kind, Period
from forecasting.units import require_same

LEVELS: tuple[float, ...] = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


@dataclass(frozen=True)
class Forecast:
    """Joint sample paths: ``paths[s, t, d]`` is draw ``d`` of series ``ids[s]`` in period ``first + t``.

    Draw ``d`` of every series belongs to the same possible world, so sums, products and differences are taken
    draw by draw.

    >>> world = Forecast(("a", "b"), Period.parse("FY2027"), np.ones((2, 3, 5)), {"a": "t Nd", "b": "t Nd"})
    >>> world.total("ab", ["a", "b"]).paths[0, 0].tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0]
    """

    ids: tuple[str, ...]
    first: Period
    paths: Array
    units: Mapping[str, str]
    models: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.paths.ndim != 3 or self.paths.shape[0] != len(self.ids):
            raise DataError(f"paths have shape {self.paths.shape}; expected ({len(self.ids)}, steps, draws)")

    @property
    def kind(self) -> Kind:
        return self.first.kind

    @property
    def steps(self) -> int:
        return int(self.paths.shape[1])

    @property
    def last(self) -> Period:
        return self.first + (self.steps - 1)

    @property
    def periods(self) -> list[Period]:
        return [self.first + i for i in range(self.steps)]

    def of(self, id: str) -> Array:
        """The paths of one series, (steps, draws)."""
        one: Array = self.paths[self.ids.index(id)]
        return one

    def only(self, *ids: str) -> Forecast:
        return replace(self, ids=ids, paths=self.paths[[self.ids.index(id) for id in ids]])

    def between(self, first: Period, last: Period) -> Forecast:
        """The forecast cut to the periods from first to last, both included."""
        start, stop = first - self.first, last - self.first + 1
        if start < 0 or stop > self.steps:
            raise PeriodError(f"{first} to {last} is not inside {self.first} to {self.last}")
        return replace(self, first=first, paths=self.paths[:, start:stop])

    def quantiles(self, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
        """Long table with the columns ``series, period, quantile, value, unit, model``."""
        values = np.quantile(self.paths, levels, axis=2)
        labels = [str(period) for period in self.periods]
        parts = [
            pd.DataFrame(
                {
                    "series": id,
                    "period": np.repeat(labels, len(levels)),
                    "quantile": np.tile(np.asarray(levels), self.steps),
                    "value": values[:, s, :].T.ravel(),
                    "unit": self.units.get(id, "1"),
                    "model": self.models.get(id, ""),
                }
            )
            for s, id in enumerate(self.ids)
        ]
        return pd.concat(parts, ignore_index=True)

    def to(self, kind: Kind, history: Panel | None = None) -> Forecast:
        """Sum paths over the periods of a longer kind; years only partly covered are left out.

        ``history`` supplies the observed months of the year in which the forecast begins. A year with a month
        neither observed nor forecast has no total. Raises :class:`PeriodError` when no whole year is left.
        """
        known: Any = {} if history is None else history.values
        start = {p.ordinal: i for i, p in enumerate(self.periods)}
        years: list[Period] = []
        totals: list[Array] = []
        first_year, last_year = self.first.to(kind), self.last.to(kind)
        for year in (first_year + i for i in range(last_year - first_year + 1)):
            members = [m for m in year.months() if m.kind is self.kind]
            if self.kind is not Kind.MONTH:
                raise PeriodError(f"{self.kind} periods cannot be summed to {kind}; only months can")
            total = np.zeros((len(self.ids), self.paths.shape[2]))
            whole = True
            for month in members:
                if month.ordinal in start:
                    total += self.paths[:, start[month.ordinal]]
                    continue
                column = np.array(
                    [known[id].get(month.ordinal, np.nan) if id in known else np.nan for id in self.ids]
                )
                if np.isnan(column).any():
                    whole = False
                    break
                total += column[:, None]
            if whole:
                years.append(year)
                totals.append(total)
        if not years:
            raise PeriodError(f"{self.first} to {self.last} holds no whole {kind} year")
        if any(b - a != 1 for a, b in pairwise(years)):
            raise PeriodError(f"the {kind} years that can be summed are not consecutive: {years}")
        return replace(self, first=years[0], paths=np.stack(totals, axis=1))

    def total(self, id: str, parts: Sequence[str], model: str = "sum") -> Forecast:
        """The draw-by-draw sum of some of its series under a new id."""
        unit = self.units[parts[0]]
        for part in parts[1:]:
            require_same(unit, self.units[part], "add")
        paths = np.sum([self.of(part) for part in parts], axis=0)[None]
        return Forecast((id,), self.first, paths, {id: unit}, {id: model})

    def _aligned(self, other: Forecast) -> None:
        if other.first != self.first or other.steps != self.steps:
            raise PeriodError(
                f"{self.first}..{self.last} and {other.first}..{other.last} differ; use between()"
            )
        if other.paths.shape[2] != self.paths.shape[2]:
            raise DataError(f"{self.paths.shape[2]} and {other.paths.shape[2]} draws cannot be aligned")

    def __add__(self, other: Forecast) -> Forecast:
        return self._additive(other, np.add, "add")

    def __sub__(self, other: Forecast) -> Forecast:
        return self._additive(other, np.subtract, "subtract")

    def _additive(self, other: Forecast, operation: Any, doing: str) -> Forecast:
        self._aligned(other)
        for a, b in zip(self.ids, other.ids, strict=True):
            require_same(self.units[a], other.units[b], doing)
        return replace(self, paths=operation(self.paths, other.paths), models={})

    def __mul__(self, other: Forecast | float) -> Forecast:
        return self._multiplicative(other, np.multiply, " * ")

    def __truediv__(self, other: Forecast | float) -> Forecast:
        return self._multiplicative(other, np.divide, " / ")

    def _multiplicative(self, other: Forecast | float, operation: Any, sign: str) -> Forecast:
        if not isinstance(other, Forecast):
            return replace(self, paths=operation(self.paths, other))
        self._aligned(other)
        units = {}
        for a, b in zip(self.ids, other.ids, strict=True):
            mine, theirs = self.units[a], other.units[b]
            if theirs == "1":
                units[a] = mine
            elif sign == " / " and mine == theirs:
                units[a] = "1"
            elif sign == " * " and theirs.endswith(f" / {mine}"):
                units[a] = theirs.removesuffix(f" / {mine}")
            elif sign == " * " and mine.endswith(f" / {theirs}"):
                units[a] = mine.removesuffix(f" / {theirs}")
            elif sign == " / ":
                units[a] = f"{mine} / {theirs}"
            else:
                raise UnitError(f"cannot multiply {mine} and {theirs}: no factor between them is named")
        return replace(self, paths=operation(self.paths, other.paths), units=units, models={})

    @classmethod
    def joined(cls, forecasts: Iterable[Forecast]) -> Forecast:
        """Forecasts of the same periods and draws, side by side."""
        parts = list(forecasts)
        for part in parts[1:]:
            parts[0]._aligned(part)
        return cls(
            tuple(id for part in parts for id in part.ids),
            parts[0].first,
            np.concatenate([part.paths for part in parts]),
            {id: unit for part in parts for id, unit in part.units.items()},
            {id: model for part in parts for id, model in part.models.items()},
        )
