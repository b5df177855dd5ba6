"""Accuracy and speed on competition series: files in, one row for each file and model out.

sMAPE, MASE, OWA and MSIS follow the M4
Competitor's Guide (Makridakis, Spiliotis & Assimakopoulos, International Journal of Forecasting 36, 2020):
averaged over the horizon of a series, then over series with equal weight; OWA once, from the averages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import Fault, UsageError, nearest
from forecasting.evaluation import peers
from forecasting.evaluation.competition import Collection, Series
from forecasting.evaluation.fits import REFUSALS
from forecasting.evaluation.peers import TAUS, Answer
from forecasting.frames import Array, Panel
from forecasting.models import MODELS, build
from forecasting.periods import Kind, Period

KEYS = (
    "file", "model", "n", "smape", "mase", "owa", "msis_95", "coverage_95", "coverage_80", "wql", "seconds",
    "failures",
)  # fmt: skip
KINDS = {1: Kind.CY, 4: Kind.QUARTER, 12: Kind.MONTH}
START = 1900  # the year the first step is put in; models see how far apart steps are, not when they were
PATHS, SEED, BATCH = 1000, 1, 10

Progress = Callable[[int, int], None]


def naive2(train: Array, season: int, steps: int) -> Array:
    """The naive forecast of the seasonally adjusted series, as in the M4 code.

    Adjusted by classical multiplicative decomposition where the autocorrelation at the season passes a 90 %
    test and three years are known.

    >>> naive2(np.array([1.0, 2.0, 3.0]), 1, 2).tolist()
    [3.0, 3.0]
    """
    y = train[np.isfinite(train)]
    if not (season > 1 and len(train) == len(y) >= 3 * season and _seasonal(y, season)):
        return np.full(steps, y[-1])
    weights = np.ones(season + 1 - season % 2) / season
    if season % 2 == 0:
        weights[[0, -1]] /= 2
    half = season // 2
    trend = np.convolve(y, weights, mode="valid")
    ratio, phase = y[half : half + len(trend)] / trend, (np.arange(len(trend)) + half) % season
    figure = np.array([ratio[phase == p].mean() for p in range(season)])
    figure /= figure.mean()
    n = len(y)
    return np.asarray(y[-1] / figure[(n - 1) % season] * figure[(n - season + np.arange(steps)) % season])


def _seasonal(y: Array, season: int) -> bool:
    centred = y - y.mean()
    power = float(centred @ centred)
    if power == 0:
        return False
    r = np.array([centred[k:] @ centred[:-k] for k in range(1, season + 1)]) / power
    limit = 1.645 / np.sqrt(len(y)) * np.sqrt(1 + 2 * float(r[:-1] @ r[:-1]))
    return bool(abs(r[-1]) > limit)


def smape(actual: Array, point: Array) -> float:
    """Symmetric mean absolute percentage error, 0 to 200; exact noughts count as no error."""
    size = np.abs(actual) + np.abs(point)
    return float(np.nanmean(200 * np.abs(actual - point) / np.where(size > 0, size, 1.0)))


def mase_scale(train: Array, season: int) -> float:
    """Mean absolute seasonal difference of the training part; NaN where it is nought or unknown."""
    steps = np.abs(train[season:] - train[:-season])
    steps = steps[np.isfinite(steps)]
    mean = float(steps.mean()) if len(steps) else 0.0
    return mean if mean > 0 else float("nan")


def scores(series: Series, season: int, answer: Answer) -> dict[str, float]:
    """What one forecast scored: point scores, interval scores, and the sums that are pooled over a file."""
    actual, unit = series.test, mase_scale(series.train, season)
    base = naive2(series.train, season, len(actual))
    low, high, low80, high80 = (answer.at(tau) for tau in (0.025, 0.975, 0.1, 0.9))
    outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    deciles = np.array([tau for tau in TAUS if 0.1 <= tau <= 0.9])
    error = actual[:, None] - np.column_stack([answer.at(tau) for tau in deciles])
    judged = np.isfinite(actual)
    return {
        "smape": smape(actual, answer.point),
        "mase": float(np.nanmean(np.abs(actual - answer.point))) / unit,
        "msis_95": float(np.nanmean(high - low + 40 * outside)) / unit,
        "naive2_smape": smape(actual, base),
        "naive2_mase": float(np.nanmean(np.abs(actual - base))) / unit,
        "steps": float(judged.sum()),
        "held_95": float(((actual >= low) & (actual <= high)).sum()),
        "held_80": float(((actual >= low80) & (actual <= high80)).sum()),
        "pinball": float(np.nansum(2 * np.maximum(deciles * error, (deciles - 1) * error)) / len(deciles)),
        "size": float(np.nansum(np.abs(actual))),
    }


def check(names: Sequence[str]) -> None:
    """Raise :class:`UsageError` with every name that is neither a model nor a peer."""
    known = [*MODELS, *peers.PEERS]
    faults = [Fault(name, "no such model", nearest(name, known)) for name in names if name not in known]
    if faults or not names:
        raise UsageError("the benchmark needs names of models", faults)


def forecast(name: str, season: int, batch: Sequence[Series], steps: Sequence[int]) -> list[Answer | str]:
    """Answers of a model to some series, or why there is none, in words."""
    if name == "auto":
        return list(_auto(season, batch, steps))
    one = peers.PEERS.get(name) or (lambda y, m, h: _own(name, y, m, h))
    found: list[Answer | str] = []
    for series, count in zip(batch, steps, strict=True):
        try:
            answer = one(series.train, season, count)
        except REFUSALS as error:
            found.append(f"{type(error).__name__}: {error}")
        else:
            found.append(answer if answer.finite else "its forecast is not a finite number")
    return found


def _auto(season: int, batch: Sequence[Series], steps: Sequence[int]) -> Iterable[Answer | str]:
    from forecasting.models.auto import forecast_arrays

    for series, count in zip(batch, steps, strict=True):
        got = forecast_arrays([series.train], season, count, paths=PATHS, seed=SEED, keys=[series.id])[0]
        yield got.refusal if got.refusal is not None else Answer.of(got.paths, got.point)


def _own(name: str, y: Array, season: int, steps: int) -> Answer:
    kind = KINDS[season]
    start = Period(kind, START * kind.per_year)
    index = pd.RangeIndex(start.ordinal, start.ordinal + len(y))
    panel = Panel(kind, pd.DataFrame({"y": y}, index=index))
    ahead = build(name).fit(panel).predict(panel.last + steps, paths=PATHS, seed=SEED)
    return Answer.of(ahead.of("y"))


def run(
    collections: Sequence[Collection], names: Sequence[str], progress: Progress
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """The summary, one object of :data:`KEYS` for each file and model, and the scores of every series.

    Each model forecasts one series before the clock starts, so that imports and compilers are not timed.
    """
    check(names)
    rows: list[dict[str, Any]] = []
    summary: list[dict[str, Any]] = []
    done, of = 0, len(names) * sum(len(one.series) for one in collections)
    for name in names:
        first = collections[0]
        forecast(name, first.season, first.series[:1], [len(first.series[0].test)])
        for one in collections:
            mine: list[dict[str, Any]] = []
            seconds = 0.0
            for start in range(0, len(one.series), BATCH):
                batch = one.series[start : start + BATCH]
                began = time.perf_counter()
                answers = forecast(name, one.season, batch, [len(series.test) for series in batch])
                seconds += time.perf_counter() - began
                for series, answer in zip(batch, answers, strict=True):
                    base = {"file": one.file, "model": name, "unique_id": series.id}
                    failed = isinstance(answer, str)
                    scored = {} if isinstance(answer, str) else scores(series, one.season, answer)
                    mine.append({**base, **scored, "failure": answer if failed else ""})
                done += len(batch)
                progress(done, of)
            rows += mine
            summary.append(_summed(one.file, name, pd.DataFrame(mine), seconds))
    return summary, pd.DataFrame(rows)


def _summed(file: str, model: str, frame: pd.DataFrame, seconds: float) -> dict[str, Any]:
    good = frame[frame["failure"] == ""]
    total = {"file": file, "model": model, "n": len(good)}
    if len(good):
        judged = good[good["mase"].notna()]  # a constant training part has no MASE and no part in the OWA
        ratios = [judged[score].mean() / judged[f"naive2_{score}"].mean() for score in ("smape", "mase")]
        total |= {
            "smape": good["smape"].mean(),
            "mase": judged["mase"].mean(),
            "owa": (ratios[0] + ratios[1]) / 2,
            "msis_95": judged["msis_95"].mean(),
            "coverage_95": good["held_95"].sum() / good["steps"].sum(),
            "coverage_80": good["held_80"].sum() / good["steps"].sum(),
            "wql": good["pinball"].sum() / good["size"].sum(),
        }
    total |= {"seconds": round(seconds, 3), "failures": len(frame) - len(good)}
    return {key: _plain(total.get(key)) for key in KEYS}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int)):
        return value
    return float(value) if np.isfinite(value) else None
