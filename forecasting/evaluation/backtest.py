"""The rolling-origin backtest: at each origin a model sees exactly what was known, as it was known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecasting.data.revisions import Size, jump_off, learn, widen
from forecasting.data.store import Store
from forecasting.errors import DataError, ForecastingError
from forecasting.evaluation.cache import Cache, key_of
from forecasting.evaluation.experiment import Candidate, Experiment
from forecasting.evaluation.metrics import GRID, METRICS, scale
from forecasting.features import BUILDERS, covariates, known_on
from forecasting.frames import Array, Panel, Scores
from forecasting.models import build
from forecasting.periods import Period

Progress = Callable[[int, int], None]


def silent(done: int, of: int) -> None:
    """No progress shown."""
    del done, of


@dataclass(frozen=True)
class Task:
    """One fit: a candidate on some series at one origin."""

    candidate: Candidate
    ids: tuple[str, ...]
    cutoff: Period
    panel: Panel
    regressors: Panel | None
    steps: int
    paths: int
    seed: int
    revisions: Mapping[str, Size]

    @property
    def key(self) -> str:
        return key_of(
            model=self.candidate.model,
            parameters=self.candidate.parameters,
            ids=self.ids,
            cutoff=str(self.cutoff),
            panel=self.panel.digest(),
            regressors=None if self.regressors is None else self.regressors.digest(),
            steps=self.steps,
            paths=self.paths,
            seed=self.seed,
            revisions=sorted((id, size.mean, size.sd) for id, size in self.revisions.items()),
        )

    def run(self) -> Array | str:
        """Quantiles of shape (series, steps, levels of the grid), or the refusal in words."""
        try:
            model = build(self.candidate.model, self.candidate.parameters)
            model.fit(self.panel, self.regressors)
            last = self.cutoff + self.steps
            forecast = model.predict(last, paths=self.paths, seed=self.seed).between(self.cutoff + 1, last)
            forecast = widen(forecast, self.revisions, seed=self.seed)
        except (ForecastingError, np.linalg.LinAlgError, ValueError, FloatingPointError) as error:
            return (
                f"{self.candidate.name}: {error}"
                if str(error)
                else f"{self.candidate.name}: {type(error).__name__}"
            )
        return np.moveaxis(np.quantile(forecast.paths, GRID, axis=2), 0, 2)


def origins(experiment: Experiment, last: Period) -> list[Period]:
    """The periods after which forecasts are made, as long as one step can be judged."""
    first = Period.parse(experiment.backtest.first)
    return [first + i for i in range(0, last - first, experiment.backtest.every)]


def view(
    store: Store, experiment: Experiment, as_of: date, until: Period | None, horizon: Period
) -> tuple[Panel, Panel | None]:
    """Panel and regressors as known on a day, cut after a period."""
    builder = BUILDERS[experiment.features]
    panel = builder(store.observations, store.catalogue, as_of, experiment.series, horizon)
    if until is not None and until < panel.last:
        panel = panel.until(until)
    regressors = covariates(store.observations, store.catalogue, as_of, panel, horizon, experiment.covariates)
    return panel, regressors


def tasks(store: Store, experiment: Experiment, as_of: date) -> list[Task]:
    """Every fit of an experiment's backtest; series nobody had heard of at an origin are not there."""
    today, _ = view(store, experiment, as_of, None, experiment.end)
    found = []
    for cutoff in origins(experiment, today.last):
        horizon = cutoff + experiment.backtest.steps
        known = min(known_on(store.catalogue, experiment.series, cutoff), as_of)
        try:
            panel, regressors = view(store, experiment, known, cutoff, horizon)
        except DataError:
            continue
        revisions = still_to_come(store, panel.ids, known)
        for candidate in experiment.models:
            pooled = build(candidate.model, candidate.parameters).pooled
            for ids in [tuple(panel.ids)] if pooled else [(id,) for id in panel.ids]:
                slice_ = panel.only(*ids)
                found.append(
                    Task(
                        candidate,
                        ids,
                        cutoff,
                        slice_,
                        touching(regressors, slice_, store),
                        experiment.backtest.steps,
                        experiment.paths,
                        experiment.seed,
                        {id: revisions[id] for id in ids if id in revisions},
                    )
                )
    return found


def still_to_come(store: Store, ids: Sequence[str], day: date) -> dict[str, Size]:
    """How much the last figure of each series is still going to be revised, learnt from what was known."""
    known = store.observations.as_of(day)
    return jump_off(learn(known, store.catalogue), known, store.catalogue, ids, day)


def touching(regressors: Panel | None, panel: Panel, store: Store) -> Panel | None:
    """The regressors that concern a panel's series: its events, breaks and plans, and the calendar."""
    if regressors is None:
        return None
    events = {f"event.{event}" for id in panel.ids for event in store.catalogue.touching(id)}
    breaks = {f"break.{id}" for series in panel.ids for id in store.catalogue.breaks_of(series)}
    mine = {*events, *breaks, *panel.ids}
    columns = [c for c in regressors.ids if c.startswith("calendar.") or c in mine]
    return Panel(regressors.kind, regressors.values[columns]) if columns else None


def run(found: list[Task], cache: Cache, jobs: int = 1, progress: Progress = silent) -> list[Array | str]:
    """The results of tasks, in order; those in the cache are not fitted again."""
    results: list[Array | str | None] = [cache.get(task.key) for task in found]
    missing = [i for i, result in enumerate(results) if result is None]
    progress(len(found) - len(missing), len(found))
    for done, (i, result) in enumerate(_fitted([(i, found[i]) for i in missing], jobs), start=1):
        cache.put(found[i].key, result)
        results[i] = result
        progress(len(found) - len(missing) + done, len(found))
    return [result for result in results if result is not None]


def _fitted(work: list[tuple[int, Task]], jobs: int) -> Iterable[tuple[int, Array | str]]:
    if not work:
        return []
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="4*n_jobs")
    fitted: Iterable[tuple[int, Array | str]] = parallel(delayed(_numbered)(i, task) for i, task in work)
    return fitted


def _numbered(number: int, task: Task) -> tuple[int, Array | str]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return number, task.run()


def score(
    store: Store, experiment: Experiment, as_of: date, found: list[Task], results: list[Array | str]
) -> tuple[Scores, pd.DataFrame]:
    """Scores against what is known today, and the quantile forecasts they judge."""
    actuals, _ = view(store, experiment, as_of, None, experiment.end)
    rows: list[dict[str, Any]] = []
    tables: list[pd.DataFrame] = []
    for task, result in zip(found, results, strict=True):
        base = {"model": task.candidate.name, "cutoff": str(task.cutoff)}
        for position, id in enumerate(task.ids):
            if isinstance(result, str):
                rows.append({**base, "series": id, "failure": result})
                continue
            ahead = pd.RangeIndex(task.cutoff.ordinal + 1, task.cutoff.ordinal + 1 + task.steps)
            actual = actuals.values[id].reindex(ahead).to_numpy(dtype=float)
            history = task.panel.trimmed(id).to_numpy(dtype=float)
            rows += _scored({**base, "series": id}, task, result[position], actual, history)
            tables.append(_table({**base, "series": id}, task, result[position], actual))
    columns = ["series", "model", "cutoff", "period", "step", "actual", "point", "mase", "crps"]
    frame = pd.DataFrame(rows).reindex(columns=[*columns, "in_50", "in_80", "in_95", "failure"])
    frame["failure"] = frame["failure"].fillna("")
    return Scores(frame), pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _scored(
    base: dict[str, Any], task: Task, quantiles: Array, actual: Array, history: Array
) -> list[dict[str, Any]]:
    unit = scale(history, task.panel.kind.per_year)
    values = {name: metric(actual, quantiles, history) for name, metric in METRICS.items()}
    middle = quantiles[:, len(GRID) // 2]
    return [
        {
            **base,
            "period": str(task.cutoff + step + 1),
            "step": step + 1,
            "actual": actual[step],
            "point": middle[step],
            "mase": values["absolute_error"][step] / unit,
            "crps": values["crps"][step] / unit,
            "in_50": values["in_50"][step],
            "in_80": values["in_80"][step],
            "in_95": values["in_95"][step],
        }
        for step in range(task.steps)
        if not np.isnan(actual[step])
    ]


def _table(base: dict[str, Any], task: Task, quantiles: Array, actual: Array) -> pd.DataFrame:
    from forecasting.frames import LEVELS

    picks = [int(np.argmin(np.abs(GRID - level))) for level in LEVELS]
    judged = np.flatnonzero(~np.isnan(actual))
    return pd.DataFrame(
        {
            **base,
            "period": np.repeat([str(task.cutoff + int(s) + 1) for s in judged], len(LEVELS)),
            "quantile": np.tile(LEVELS, len(judged)),
            "value": quantiles[judged][:, picks].ravel(),
        }
    )
