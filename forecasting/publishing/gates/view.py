"""What the gates look at: a candidate's quantiles in wide form, and the figures each series was forecast from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.catalogue import Catalogue, Severity
from forecasting.catalogue.gating import Gates
from forecasting.errors import PeriodError
from forecasting.frames import LEVELS, Array
from forecasting.periods import Kind, Period
from forecasting.publishing.candidate import Candidate
from forecasting.publishing.gates.past import Figures

Key = tuple[str, str, str]
Places = npt.NDArray[np.intp]
KEY = ["series", "kind", "period", "scenario"]
LINE = ["series", "kind", "scenario"]
LOW, MIDDLE, HIGH = LEVELS.index(0.025), LEVELS.index(0.5), LEVELS.index(0.975)


@dataclass(frozen=True)
class Found:
    """An objection without the name of its gate; ``series`` is empty when it concerns the whole edition."""

    severity: Severity
    text: str
    series: str = ""


@dataclass(frozen=True)
class Line:
    """The forecast of one series in one kind of period and scenario.

    ``ordinals`` (periods) ascend, without a period twice; ``values`` are (periods, :data:`LEVELS`), not a number
    where a level is missing.
    """

    series: str
    kind: Kind
    scenario: str
    ordinals: Array
    values: Array

    @property
    def median(self) -> Array:
        return self.values[:, MIDDLE]

    @property
    def width(self) -> Array:
        """Of the 95 % interval, a number a period."""
        return self.values[:, HIGH] - self.values[:, LOW]

    def years(self, numbers: Array) -> Array:
        """The means of numbers a period over the whole years from the first forecast on."""
        per = self.kind.per_year
        whole = len(numbers) // per * per
        return np.asarray(numbers[:whole].reshape(-1, per).mean(axis=1))

    def label(self, place: int) -> str:
        return str(Period(self.kind, int(self.ordinals[place])))


def shared(one: Line, other: Line) -> tuple[Places, Places]:
    """The places of the periods two lines have in common, in each."""
    _, mine, theirs = np.intersect1d(one.ordinals, other.ordinals, return_indices=True)
    return mine, theirs


def codes(table: pd.DataFrame, columns: Sequence[str]) -> Places:
    """One number a row, the same where all of some columns are the same, ascending with them."""
    found = np.zeros(len(table), dtype=np.intp)
    for column in columns:
        each, names = pd.factorize(table[column], sort=True, use_na_sentinel=False)
        found = found * max(len(names), 1) + each
    return found


def parsed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose period is one of their kind, with its number in the column ``ordinal``."""
    _, first, inverse = np.unique(codes(table, ["kind", "period"]), return_index=True, return_inverse=True)
    heads = table[["kind", "period"]].iloc[first]
    numbers = [_ordinal(str(kind), str(label)) for kind, label in heads.itertuples(index=False)]
    ordinals = np.array(numbers, dtype=int)[inverse]
    return table.assign(ordinal=ordinals)[ordinals >= 0]


def _ordinal(kind: str, label: str) -> int:
    """The number of a period, -1 when it is none of its kind."""
    try:
        period = Period.parse(label)
    except PeriodError:
        return -1
    return period.ordinal if str(period.kind) == kind else -1


def lines_of(table: pd.DataFrame) -> dict[Key, Line]:
    """The lines of parsed rows by series, kind and scenario, whatever their order.

    Of a level that stands more than once the lowest value is taken; levels that editions do not have are left out.
    """
    rows = table[table["quantile"].isin(LEVELS)]
    levels = np.searchsorted(LEVELS, rows["quantile"].to_numpy(dtype=float))
    numbers, values = rows["ordinal"].to_numpy(dtype=int), rows["value"].to_numpy(dtype=float)
    keys = codes(rows, LINE)
    order = np.lexsort((-values, levels, numbers, keys))  # the lowest of doubled levels is written last
    found = {}
    for index in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
        if not len(index):
            continue
        series, kind, scenario = map(str, rows[LINE].iloc[index[0]])
        ordinals, inverse = np.unique(numbers[index], return_inverse=True)
        wide = np.full((len(ordinals), len(LEVELS)), np.nan)
        wide[inverse, levels[index]] = values[index]
        found[series, kind, scenario] = Line(series, Kind(kind), scenario, ordinals, wide)
    return found


@dataclass(frozen=True)
class View:
    """A candidate as gates see it; everything is worked out once, when first asked for."""

    candidate: Candidate

    @cached_property
    def now(self) -> Figures:
        """The figures behind the candidate."""
        return Figures(self.candidate.known, self.catalogue)

    @cached_property
    def before(self) -> Figures | None:
        """The figures behind the previous edition; None without one."""
        previous = self.candidate.previous
        return None if previous is None else Figures(previous.known, self.catalogue)

    @property
    def catalogue(self) -> Catalogue:
        return self.candidate.catalogue

    @property
    def limits(self) -> Gates:
        return self.catalogue.publication.gates

    @cached_property
    def lines(self) -> Mapping[Key, Line]:
        return lines_of(self.parsed)

    @cached_property
    def earlier(self) -> Mapping[Key, Line]:
        """The lines of the previous edition."""
        previous = self.candidate.previous
        return {} if previous is None else lines_of(parsed(previous.table))

    @cached_property
    def own(self) -> tuple[Line, ...]:
        """The lines in the kind of period their series is kept in."""
        series = self.catalogue.series
        lines = self.lines.values()
        return tuple(one for one in lines if one.series in series and one.kind is series[one.series].kind)

    @cached_property
    def present(self) -> frozenset[str]:
        return frozenset(map(str, self.candidate.table["series"]))

    @cached_property
    def parsed(self) -> pd.DataFrame:
        """The rows whose period is one of their kind; see :func:`parsed`."""
        return parsed(self.candidate.table)

    def offenders(self, bad: Any) -> Iterator[tuple[str, pd.DataFrame]]:
        """The rows of the table that a mask marks, by series, in canonical order."""
        rows = self.candidate.table[np.asarray(bad, dtype=bool)].sort_values([*KEY, "quantile", "value"])
        for series, mine in rows.groupby("series", sort=True):
            yield str(series), mine

    def news(self, series: str) -> bool:
        """Whether a figure the forecast of a series stands on is another than in the previous edition.

        It stands on its own figures, those of its parts and those of its market; a series without any figure
        stands on all of them.
        """
        if self.before is None:
            return True
        behind = [one for one in self.related(series) if len(self.now.of(one).ordinals)]
        ids = behind or sorted(set(self.now.known.frame["series"]) | set(self.before.known.frame["series"]))
        return not all(self.now.of(one).same(self.before.of(one)) for one in map(str, ids))

    def related(self, series: str) -> list[str]:
        """A series, its parts and their markets, without repetition."""
        found: list[str] = []
        queue = [series]
        while queue:
            id = queue.pop(0)
            if id in found or id not in self.catalogue.series:
                continue
            found.append(id)
            entry = self.catalogue.series[id]
            queue += [*entry.sum_of, *([entry.within] if entry.within else [])]
        return found
