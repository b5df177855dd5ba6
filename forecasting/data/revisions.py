"""How much a fresh figure still moves: revision sizes by age, learnt from the stored vintages of each source.

Each figure that has a later one (:mod:`forecasting.data.vintages`) shows one revision, the logarithm of later
over earlier; mean and standard deviation by family, series and age are what a forecast that starts from such a
figure must add. Few pairs are not trusted alone: a family is drawn towards all families of its kind of period
and unit, and a series towards its family, each with the weight of :data:`PRIOR_PAIRS` pairs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.store import believed_each
from forecasting.data.vintages import age_of, revisions_seen
from forecasting.errors import DataError
from forecasting.frames import Array, Forecast, Observations
from forecasting.periods import Kind, Period

AGES: dict[Kind, tuple[int, ...]] = {
    Kind.MONTH: (0, 1, 2, 3, 6, 12, 24),
    Kind.QUARTER: (0, 1, 2, 4, 8),
    Kind.FY: (0, 1, 2, 3, 5),
    Kind.CY: (0, 1, 2, 3, 5),
}
PRIOR_PAIRS = 8
ALL = "*"
COLUMNS = ["kind", "unit", "family", "series", "age", "pairs", "mean", "sd", "raw_mean", "raw_sd"]


@dataclass(frozen=True)
class Size:
    """A revision still to expect, on the logarithmic scale: its mean, standard deviation, and the pairs behind."""

    mean: float
    sd: float
    pairs: int

    @property
    def rms(self) -> float:
        """The size about nought: what a band needs that keeps its centre.

        >>> round(Size(0.03, 0.04, 12).rms, 6)
        0.05
        """
        return float(np.hypot(self.mean, self.sd))


NONE = Size(0.0, 0.0, 0)


@dataclass(frozen=True)
class Revisions:
    """Revision sizes by kind of period, unit, source family, series and age.

    ``table`` has the columns of :data:`COLUMNS` (log ratios); ``*`` stands for all families, all series or all
    units together. ``pairs`` is the evidence, one row a figure that has a later one.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame

    def of(self, kind: Kind, unit: str, family: str, series: str, age: int) -> Size:
        """The revision still to expect of a series' figure from a family at an age in its own periods.

        What was never seen to be revised takes the size of its family, then of its unit, then of its kind of
        period; an age later than every revision seen gets nought.
        """
        at = max(step for step in AGES[kind] if step <= max(age, 0))
        for key in ((unit, family, series), (unit, family, ALL), (unit, ALL, ALL), (ALL, ALL, ALL)):
            found = self._sizes.get((str(kind), at, *key))
            if found is not None:
                return found
        return NONE

    @cached_property
    def _sizes(self) -> dict[tuple[str, int, str, str, str], Size]:
        rows = self.table[["kind", "age", "unit", "family", "series", "mean", "sd", "pairs"]]
        found: dict[tuple[str, int, str, str, str], Size] = {}
        for kind, age, unit, family, series, mean, sd, pairs in rows.itertuples(index=False):
            size = Size(float(mean), float(sd), int(pairs))
            found.setdefault((str(kind), int(age), str(unit), str(family), str(series)), size)
        return found


def learn(observations: Observations, catalogue: Catalogue) -> Revisions:
    """Revision sizes from everything known; pass ``observations.as_of(day)`` to learn without hindsight.

    Raises :class:`DataError` when the observations hold no row.
    """
    if observations.frame.empty:
        raise DataError("there are no observations to learn revisions from; use a later as-of date")
    pairs = revisions_seen(observations, catalogue)
    rows: list[list[object]] = []
    for kind in Kind:
        mine = pairs[pairs["kind"] == str(kind)]
        for age in AGES[kind]:
            live = mine[(mine["from_age"] <= age) & (mine["until_age"] > age)]
            if len(live):
                rows += _sizes(live, [str(kind)], age)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return Revisions(table.sort_values(COLUMNS[:5], ignore_index=True), pairs)


def _sizes(live: pd.DataFrame, kind: list[str], age: int) -> list[list[object]]:
    """The rows of one age: all units, each unit, each family drawn to its unit, each series to its family.

    The bias of other publishers is no evidence, so units have a mean of nought.
    """
    rows: list[list[object]] = []

    def add(part: pd.DataFrame, key: list[str], towards: Size | None) -> Size:
        ratios = part["log_ratio"].to_numpy(dtype=float)
        raw = Size(float(ratios.mean()), _spread(ratios), len(ratios))
        size = replace(raw, mean=0.0) if towards is None else _drawn(raw, towards)
        rows.append([*kind, *key, age, size.pairs, size.mean, size.sd, raw.mean, raw.sd])
        return size

    add(live, [ALL, ALL, ALL], None)
    for unit, of_unit in live.groupby("unit"):
        in_unit = add(of_unit, [str(unit), ALL, ALL], None)
        for family, of_family in of_unit.groupby("family"):
            in_family = add(of_family, [str(unit), str(family), ALL], in_unit)
            for series, of_series in of_family.groupby("series"):
                add(of_series, [str(unit), str(family), str(series)], in_family)
    return rows


def _spread(ratios: Array) -> float:
    """Standard deviation; the distance from nought when there is a single pair."""
    return float(np.std(ratios, ddof=1)) if len(ratios) > 1 else float(np.abs(ratios[0]))


def _drawn(raw: Size, towards: Size) -> Size:
    weight = raw.pairs / (raw.pairs + PRIOR_PAIRS)
    mean = weight * raw.mean + (1 - weight) * towards.mean
    sd = float(np.sqrt(weight * raw.sd**2 + (1 - weight) * towards.sd**2))
    return Size(mean, sd, raw.pairs)


def jump_off(
    revisions: Revisions, known: Observations, catalogue: Catalogue, series: Iterable[str], day: date
) -> dict[str, Size]:
    """The revision to expect of the last believed figure of each series, at its age on a day.

    Series without a believed figure are left out, and so are aggregates (``sum_of``): their parts carry theirs.
    """
    wanted = [id for id in series if not catalogue.series[id].sum_of]
    rows = believed_each(known, catalogue, wanted) if wanted else known.frame.iloc[:0]
    parsed = {label: Period.parse(label) for label in rows["period"].unique()}
    ordinals = rows["period"].map({label: period.ordinal for label, period in parsed.items()})
    newest = rows.assign(_ordinal=ordinals).sort_values("_ordinal").drop_duplicates("series", keep="last")
    last = dict(zip(newest["series"], zip(newest["period"], newest["source"], strict=True), strict=True))
    found: dict[str, Size] = {}
    for id in wanted:
        if id in last:
            period, family = parsed[last[id][0]], catalogue.sources[last[id][1]].family
            age = age_of(period, pd.Timestamp(day))
            found[id] = revisions.of(period.kind, catalogue.series[id].unit, family, id, age)
    return found


def widen(
    forecast: Forecast,
    sizes: Mapping[str, Size],
    *,
    seed: int,
    memory: float = 1.0,
    recentre: bool = False,
) -> Forecast:
    """The forecast that starts from figures still to be revised instead of exact ones.

    Each draw of a series is multiplied by the exponential of one normal number, the same for all its periods,
    because an error of level stays in every later step; ``memory`` below 1 lets it fade with the step, for
    models that return to a level of their own. The centre stays and the number has the rms size, unless
    ``recentre`` moves it by the mean revision: right only where the forecast is judged by restated figures.
    Nought stays nought and nothing turns negative; series are moved independently of each other.

    Raises :class:`DataError` when ``memory`` is not between 0 and 1.

    >>> flat = Forecast(("a",), Period.parse("2025-01"), np.full((1, 2, 4000), 100.0), {"a": "t Nd"})
    >>> wide = widen(flat, {"a": Size(0.0, 0.05, 20)}, seed=1)
    >>> [round(float(np.log(wide.paths[0, t]).std()), 2) for t in (0, 1)]
    [0.05, 0.05]
    """
    if not 0.0 <= memory <= 1.0:
        raise DataError(f"memory {memory} is not between 0 and 1")
    if all(sizes.get(id, NONE).rms == 0.0 for id in forecast.ids):
        return forecast
    paths: Array = forecast.paths.copy()
    fading = (memory ** np.arange(forecast.steps))[:, None]
    for s, id in enumerate(forecast.ids):
        size = sizes.get(id, NONE)
        if size.rms == 0.0:
            continue
        key = hashlib.sha256(f"revision\x1f{seed}\x1f{id}".encode()).digest()
        drawn = np.random.default_rng(int.from_bytes(key[:8], "big")).standard_normal(paths.shape[2])
        shift = size.mean + size.sd * drawn if recentre else size.rms * drawn
        paths[s] *= np.exp(fading * shift)
    return replace(forecast, paths=paths)
