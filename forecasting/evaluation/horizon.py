"""The forecast to the horizon, tried before a model may win: what it breaks with there is a failure like any other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecasting.evaluation.backtest import TOGETHER
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.engine import HERE, Workers, complete
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.fits import Fit, Origin, Work
from forecasting.evaluation.scoring import fits_of
from forecasting.models import build


def refused(
    experiment: Experiment, today: Origin, chosen: Mapping[str, str], cache: Cache, workers: Workers
) -> dict[str, str]:
    """Why models cannot forecast from all that is known to the horizon, in words, by series.

    ``chosen`` gives a model's label by series.
    """
    found = {}
    for id, fit in to_the_end(experiment, today, chosen, cache, workers).items():
        words = fit.refusal
        if not words and not np.isfinite(fit.quantiles).all():
            words = f"{chosen[id]}: quantiles are not finite numbers"
        if words:
            found[id] = f"to {experiment.horizon}: {words}"
    return found


def to_the_end(
    experiment: Experiment, origin: Origin, chosen: Mapping[str, str], cache: Cache, workers: Workers = HERE
) -> dict[str, Fit]:
    """The fits of chosen models from an origin to the horizon by series, kept like those of a backtest."""
    works = _works(experiment, origin, chosen)
    keys = [work.keys(_slices(work)) for work in works]
    lost = complete(list(zip(works, keys, strict=True)), cache, workers)
    return {
        id: fit
        for work, named in zip(works, keys, strict=True)
        for id, fit in fits_of(work, named, cache, lost).items()
        if chosen.get(id) == work.candidate.name
    }


def _works(experiment: Experiment, today: Origin, chosen: Mapping[str, str]) -> list[Work]:
    steps, works = experiment.end - today.cutoff, []
    for candidate in experiment.models:
        mine = tuple(id for id, label in chosen.items() if label == candidate.name)
        pooled = build(candidate.model, candidate.parameters).pooled
        ids = tuple(today.panel.ids) if pooled and mine else mine
        size = max(len(ids), 1) if pooled else TOGETHER
        for start in range(0, len(ids), size):
            part = ids[start : start + size]
            works.append(Work(candidate, today, part, steps, experiment.paths, experiment.seed, pooled))
    return works


def _slices(work: Work) -> dict[str, str]:
    if work.pooled:
        return dict.fromkeys(work.ids, work.origin.digest())
    return {id: work.origin.slice_digest(id) for id in work.ids}
