"""Whether one model is better than another, or the difference is luck: paired tests on rolling origins.

One number an origin and model enters: its loss over the steps that were judged. Forecasts of neighbouring origins
overlap, so their losses are dependent up to ``overlap - 1`` origins apart. The statistic is that of Diebold
and Mariano (1995, doi 10.1080/07350015.1995.10524599) with the correction of Harvey, Leybourne and Newbold (1997,
doi 10.1016/S0169-2070(96)00719-4); the set of models that cannot be told from the best is that of Hansen, Lunde and
Nason (2011, doi 10.3982/ECTA5771).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import DataError
from forecasting.frames import Array, Scores
from forecasting.periods import Period

COLUMN = {"crps": "crps", "absolute_error": "mase"}
SET_ORIGINS = 12  # and three blocks of overlapping origins: fewer leave the bootstrap nothing to draw from
SET_SIZE = 0.1
DRAWS = 4999
_SEED = 1997


@dataclass(frozen=True)
class Paired:
    """One model against another on the origins at which both were judged.

    ``difference`` is the mean loss of the other less that of the one, so it is positive when the one is better;
    ``statistic`` the corrected Diebold–Mariano statistic of it; ``p`` its one-sided probability under the
    t distribution with ``origins - 1`` degrees of freedom, as published; ``p_sized`` the larger of that and its
    probability among simulated differences of equal models with the same origins and overlap, two standard errors of
    the simulation added; ``two_sided`` the same for a difference as large in either direction. All four are NaN when
    the differences do not vary or every origin overlaps every other; ``untested`` says which in words.
    """

    origins: int
    overlap: int
    one: float
    other: float
    statistic: float
    p: float
    p_sized: float
    two_sided: float

    @property
    def difference(self) -> float:
        return self.other - self.one

    @property
    def lower(self) -> float:
        """By which share the one's mean loss is lower; negative when it is higher."""
        return self.difference / self.other if self.other else float("nan")

    @property
    def untested(self) -> str:
        """What keeps the difference from being tested; empty when it could be."""
        if np.isfinite(self.p):
            return ""
        if self.origins < 2:
            return f"{self.origins} origin(s)"
        if self.overlap >= self.origins:
            return f"{self.origins} origins that all overlap"
        return f"a difference that is the same at all {self.origins} origins"


def losses(scores: Scores, series: str, metric: str, models: Sequence[str] | None = None) -> pd.DataFrame:
    """Loss by origin (rows, in order of time) and model (columns), on the steps all of them were judged at.

    An origin weighs what it judges: its losses are summed and divided by the mean number of steps an origin has, so
    that the mean of a column is the mean over all points, as in the leaderboard.

    >>> rows = [("s", m, c, i, v) for m, v in (("a", 1.0), ("b", 2.0)) for c, n in (("FY2019", 3), ("FY2020", 1))
    ...         for i in range(n)]
    >>> frame = pd.DataFrame(rows, columns=["series", "model", "cutoff", "step", "crps"]).assign(failure="")
    >>> losses(Scores(frame), "s", "crps")["b"].tolist()
    [3.0, 1.0]
    """
    mine = scores.of(series)
    mine = mine[mine["failure"] == ""]
    if models is not None:
        mine = mine[mine["model"].isin(models)]
    wide = _wide(mine, metric)
    if models is not None:
        wide = wide.reindex(columns=list(models))
    return _by_origin(wide.dropna()).droplevel("series")


def _wide(judged: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Loss by series, origin and step (rows) and model (columns)."""
    key = ["series", "cutoff", "step"]
    return judged.pivot_table(index=key, columns="model", values=COLUMN[metric], aggfunc="mean")


def _by_origin(complete: pd.DataFrame) -> pd.DataFrame:
    """Loss by series and origin, in order of time, of rows at which every model that counts was judged."""
    origins = complete.groupby(level=["series", "cutoff"])
    steps = origins.size().groupby(level="series").mean().clip(lower=1.0)
    table = origins.sum().div(steps, axis=0, level="series")
    labels = table.index.get_level_values("cutoff")
    ordinals = {label: Period.parse(label).ordinal for label in labels.unique()}
    return table.iloc[np.lexsort((labels.map(ordinals), table.index.get_level_values("series").map(str)))]


def overlap(scores: Scores, series: str) -> int:
    """How many origins in a row share periods that they forecast: 1 when none do."""
    mine = scores.of(series)
    mine = mine[mine["failure"] == ""]
    ordinals = sorted(Period.parse(str(label)).ordinal for label in mine["cutoff"].unique())
    if len(ordinals) < 2:
        return 1
    apart = int(np.diff(ordinals).min())
    return max(1, -(-int(mine["step"].max()) // apart))


def paired(one: Array, other: Array, overlap: int) -> Paired:
    """The test of two models' losses by origin, in order of time.

    >>> found = paired(np.array([1.0, 2, 1, 2, 1, 2]), np.array([2.0, 2.5, 2, 3, 1.5, 3]), 1)
    >>> round(found.statistic, 3), found.p < 0.01
    (7.906, True)
    """
    if one.shape != other.shape or one.ndim != 1:
        raise DataError(f"losses of shapes {one.shape} and {other.shape} are not paired; give one an origin")
    statistic = float(_statistics((other - one)[None, :], overlap)[0])
    p = sized = two_sided = float("nan")
    if np.isfinite(statistic):
        from scipy.stats import t

        p = float(t.sf(statistic, len(one) - 1))
        null = _equal(len(one), overlap)
        sized = _sized(p, null >= statistic)
        two_sided = _sized(2 * min(p, 1 - p), np.abs(null) >= abs(statistic))
    means = [float(x.mean()) if len(x) else float("nan") for x in (one, other)]
    return Paired(len(one), overlap, means[0], means[1], statistic, p, sized, two_sided)


def _sized(published: float, beyond: NDArray[np.bool_]) -> float:
    """The larger of a published probability and the simulated one, two standard errors added."""
    share = (1 + float(beyond.sum())) / (1 + len(beyond))
    return max(published, share + 2 * float(np.sqrt(share * (1 - share) / len(beyond))))


def compare(scores: Scores, series: str, one: str, other: str, metric: str) -> Paired:
    """Two models of an experiment on one series."""
    table = losses(scores, series, metric, [one, other])
    return paired(
        table[one].to_numpy(dtype=float), table[other].to_numpy(dtype=float), overlap(scores, series)
    )


def confidence_set(table: pd.DataFrame, overlap: int) -> dict[str, float]:
    """The p-value with which each model stays in the set that holds the best; empty with too few origins.

    ``table`` is that of :func:`losses`. A model is in the set of 90% confidence when its value is above
    :data:`SET_SIZE`. Models with the same losses share their value.
    """
    columns = [c for c in table.columns if np.isfinite(table[c]).all()]
    if len(table) < max(SET_ORIGINS, 3 * overlap) or len(columns) < 2:
        return {}
    from arch.bootstrap import MCS

    alike: dict[bytes, str] = {}
    stands_for = {c: alike.setdefault(table[c].to_numpy(dtype=float).tobytes(), str(c)) for c in columns}
    distinct = list(alike.values())
    if len(distinct) == 1:
        return {str(c): 1.0 for c in columns}
    values = table[distinct].reset_index(drop=True)
    apart = (
        np.arange(len(distinct)) * 1e-12 * float(values.abs().to_numpy().mean())
    )  # arch fails on equal means
    test = MCS(
        values + apart, size=SET_SIZE, reps=1000, block_size=max(1, overlap),
        method="R", bootstrap="stationary", seed=_SEED,
    )  # fmt: skip
    test.compute()
    found = test.pvalues["Pvalue"]
    return {str(c): float(found[stands_for[c]]) for c in columns}


def confidence(scores: Scores, metric: str) -> pd.DataFrame:
    """Every model of every series against the best one of it.

    Columns: ``series, model, best, behind`` (by which share its mean loss is above the best one's, on paired
    origins), ``pairs, overlap, dm, p`` (corrected Diebold–Mariano, two-sided, held to its size by simulation and
    multiplied by the number of rivals, as the best is picked among them), ``untested`` (in words, why there is no
    ``p``) and ``set_p`` (model confidence set; NaN with fewer than :data:`SET_ORIGINS` origins). Only models that never
    failed take part.
    """
    key = ["series", "model"]
    pairs = pd.MultiIndex.from_frame(scores.frame[key])
    judged = scores.frame[~pairs.isin(pairs[scores.frame["failure"] != ""].unique())]
    models = judged[key].drop_duplicates().groupby("series")["model"].agg(sorted).to_dict()
    wide = _wide(judged, metric)
    wanted = wide.index.get_level_values("series").map({id: len(names) for id, names in models.items()})
    rows = []
    for id, both in _by_origin(wide[wide.notna().sum(axis=1) == wanted]).groupby(level="series"):
        series, sound = str(id), models[id]
        table, lag = both[sound].droplevel("series"), overlap(scores, series)
        best = str(table.mean().sort_values(kind="stable").index[0])
        kept = confidence_set(table, lag)
        for model in sound:
            test = paired(table[best].to_numpy(dtype=float), table[model].to_numpy(dtype=float), lag)
            rows.append(
                {
                    "series": series,
                    "model": model,
                    "best": best,
                    "behind": test.other / test.one - 1 if test.one else float("nan"),
                    "pairs": test.origins,
                    "overlap": lag,
                    "dm": test.statistic if model != best else float("nan"),
                    "p": min(test.two_sided * (len(sound) - 1), 1.0) if model != best else float("nan"),
                    "untested": test.untested if model != best else "",
                    "set_p": kept.get(model, float("nan")),
                }
            )
    columns = ["series", "model", "best", "behind", "pairs", "overlap", "dm", "p", "untested", "set_p"]
    return pd.DataFrame(rows, columns=columns)


@lru_cache(maxsize=64)
def _equal(origins: int, overlap: int) -> Array:
    """Statistics of differences between equal models whose overlapping forecasts share most of their errors.

    The published t distribution rejects up to three times too often with ten overlapping origins; an average over
    the last ``overlap`` of independent errors is the dependence that overlapping forecasts have.
    """
    rng = np.random.default_rng([_SEED, origins, overlap])
    errors = rng.standard_normal((DRAWS, origins + overlap - 1))
    sums = np.cumsum(np.pad(errors, ((0, 0), (1, 0))), axis=1)
    statistics = _statistics(sums[:, overlap:] - sums[:, :-overlap], overlap)
    return np.sort(statistics[np.isfinite(statistics)])


def _statistics(differences: Array, overlap: int) -> Array:
    """The corrected statistic of each row; NaN where a variance cannot be estimated.

    Autocovariances up to ``overlap - 1`` have weight one, as published; where that gives no positive variance they
    are weighted by Bartlett's kernel, which always does.
    """
    n = differences.shape[1]
    if n < 2 or overlap >= n:
        return np.full(len(differences), np.nan)
    mean = differences.mean(axis=1)
    centred = differences - mean[:, None]
    lags = np.stack([(centred[:, k:] * centred[:, : n - k]).sum(axis=1) / n for k in range(overlap)])
    flat, falling = np.full(overlap, 2.0), 2.0 * (1 - np.arange(overlap) / overlap)
    flat[0] = falling[0] = 1.0
    variance = flat @ lags
    variance = np.where(variance > 0, variance, falling @ lags)
    tiny = 1e-24 * np.maximum(mean**2, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(variance > tiny, mean / np.sqrt(variance / n), np.nan)
    correction = (n + 1 - 2 * overlap + overlap * (overlap - 1) / n) / n
    return np.asarray(statistic * np.sqrt(correction))
