"""From kept fits to scores, block by block: the numbers of many series at once, never all forecasts in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting.evaluation.backtest import Plan
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.fits import DRAWS, Fit, Work
from forecasting.evaluation.metrics import GRID, METRICS, scale, total_crps
from forecasting.frames import LEVELS, Array, Panel, Scores
from forecasting.periods import Period

SCALED = {"mase": "absolute_error", "crps": "crps"}  # columns in units of the naive error, and their metric
SHARES = ("in_50", "in_80", "in_95")
TEXTS = ("series", "model", "cutoff", "period", "failure")
COLUMNS = [
    "series",
    "model",
    "cutoff",
    "period",
    "step",
    "actual",
    "point",
    *SCALED,
    "path",
    *SHARES,
    "failure",
]
PICKS = np.array([int(np.argmin(np.abs(GRID - level))) for level in LEVELS])


@dataclass(frozen=True)
class Judged:
    """A block of fits of one work with what happened: (series, steps) actuals, (series, steps, levels) quantiles and
    (series, steps, draws) joint paths."""

    work: Work
    ids: list[str]
    actual: Array
    quantiles: Array
    draws: Array

    @property
    def units(self) -> Array:
        """The naive error of each series."""
        panel = self.work.origin.panel
        return np.array([scale(panel.column(id), panel.kind.per_year) for id in self.ids])


def score(found: Plan, cache: Cache, lost: Mapping[str, Fit]) -> tuple[Scores, pd.DataFrame]:
    """Scores of every fit against what is known today, and the quantile forecasts they judge."""
    rows: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    for judged, refusals in blocks(found, cache, lost):
        rows += _failures(judged.work.candidate.name, judged.work.origin.cutoff, refusals)
        if judged.ids:
            rows.append(_scored(judged))
            tables.append(_table(judged))
    for cutoff, words in found.refused.items():
        for model in found.models:
            rows += _failures(model, cutoff, dict.fromkeys(found.today.ids, words))
    return Scores(_joined(rows, COLUMNS)), _joined(
        tables, ["model", "cutoff", "series", "period", "quantile", "value"]
    )


def with_failures(scores: Scores, cutoff: Period, refusals: Mapping[str, tuple[str, str]]) -> Scores:
    """Scores and, by series, a model's label and what it refused with at an origin."""
    rows: list[dict[str, Any]] = []
    for id, (model, words) in refusals.items():
        rows += _failures(model, cutoff, {id: words})
    if not rows:
        return scores
    parts = [frame for frame in (scores.frame, _joined(rows, COLUMNS)) if len(frame)]
    return Scores(pd.concat(parts, ignore_index=True))


def blocks(found: Plan, cache: Cache, lost: Mapping[str, Fit]) -> Iterator[tuple[Judged, dict[str, str]]]:
    """Work by work, what was forecast and what happened, and the refusals in words."""
    for work, keys in zip(found.works, found.keys, strict=True):
        fits = fits_of(work, keys, cache, lost)
        ids = [id for id, fit in fits.items() if not fit.refusal]
        quantiles = (
            np.stack([fits[id].quantiles for id in ids]) if ids else np.empty((0, work.steps, len(GRID)))
        )
        draws = np.stack([fits[id].draws for id in ids]) if ids else np.empty((0, work.steps, DRAWS))
        judged = Judged(work, ids, _happened(found.today, work, ids), quantiles, draws)
        yield judged, {id: fit.refusal for id, fit in fits.items() if fit.refusal}


def fits_of(work: Work, keys: list[str], cache: Cache, lost: Mapping[str, Fit]) -> dict[str, Fit]:
    """The fits of a work by series; a row that rotted since it was found is made again."""
    kept = cache.get([key for key in keys if key not in lost])
    fits = {id: lost[key] if key in lost else kept.get(key) for id, key in zip(work.ids, keys, strict=True)}
    rotten = tuple(id for id, fit in fits.items() if fit is None)
    again = dict(work.of(rotten).run()) if rotten else {}
    made = {key: again[id] for id, key in zip(work.ids, keys, strict=True) if id in again}
    if lasting := {key: fit for key, fit in made.items() if fit.lasting}:
        cache.put(lasting, *work.named)
    return {id: again[id] if fit is None else fit for id, fit in fits.items()}


def _happened(today: Panel, work: Work, ids: list[str]) -> Array:
    places = np.arange(work.steps) + (work.origin.cutoff + 1 - today.first)
    known = (places >= 0) & (places < len(today.values))
    actual = np.full((len(ids), work.steps), np.nan)
    for row, id in zip(actual, ids, strict=True):
        row[known] = today.column(id)[places[known]]
    return actual


def _base(judged: Judged) -> tuple[Any, dict[str, Any]]:
    """Which (series, step) pairs can be judged, and the columns that name them."""
    known = ~np.isnan(judged.actual)
    series, steps = np.nonzero(known)
    cutoff = judged.work.origin.cutoff
    periods = np.array([str(cutoff + step + 1) for step in range(judged.work.steps)], dtype=object)
    base = {
        "series": np.array(judged.ids, dtype=object)[series],
        "model": np.full(len(series), judged.work.candidate.name, dtype=object),
        "cutoff": np.full(len(series), str(cutoff), dtype=object),
        "period": periods[steps],
    }
    return known, base | {"step": steps + 1}


def _scored(judged: Judged) -> dict[str, Any]:
    known, base = _base(judged)
    quantiles, actual = judged.quantiles[known], judged.actual[known]
    units = judged.units[np.nonzero(known)[0]]
    values = {name: metric(actual, quantiles, np.empty(0)) for name, metric in METRICS.items()}
    return {
        **base,
        "actual": actual,
        "point": quantiles[:, len(GRID) // 2],
        **{column: values[name] / units for column, name in SCALED.items()},
        "path": total_crps(judged.actual, judged.draws)[known] / units,
        **{name: values[name] for name in SHARES},
        "failure": np.full(len(actual), "", dtype=object),
    }


def _failures(model: str, cutoff: Period, refusals: Mapping[str, str]) -> list[dict[str, Any]]:
    base = {"model": model, "cutoff": str(cutoff)}
    return [
        {
            key: np.array([value], dtype=object)
            for key, value in {**base, "series": id, "failure": words}.items()
        }
        for id, words in refusals.items()
    ]


def _table(judged: Judged) -> dict[str, Any]:
    known, base = _base(judged)
    named = {name: np.repeat(base[name], len(LEVELS)) for name in ("model", "cutoff", "series", "period")}
    return {
        **named,
        "quantile": np.tile(LEVELS, int(known.sum())),
        "value": judged.quantiles[known][:, PICKS].ravel(),
    }


def _joined(parts: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """One table from columns in parts, which are used up; a column a part does not have is not a number there."""
    if not parts:
        return pd.DataFrame(columns=columns)
    lengths = [len(part["model"]) for part in parts]
    made: dict[str, Any] = {}
    for name in columns:
        dtype: Any = object if name in TEXTS else float
        gap = "" if name == "failure" else np.nan
        pieces = [
            np.asarray(part.pop(name) if name in part else np.full(n, gap), dtype=dtype)
            for part, n in zip(parts, lengths, strict=True)
        ]
        whole = np.concatenate(pieces)
        made[name] = whole.astype(int) if name == "step" and np.isfinite(whole).all() else whole
    return pd.DataFrame(made, copy=False)
