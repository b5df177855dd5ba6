"""The joint forecasts behind an edition, and the fits they are made of, kept in a cache.

An edition holds quantiles; scenarios need the paths. A fit follows from release, data and code alone, and its
key is made of exactly these, so a kept file is never stale. It is plain numbers: nothing executes on load.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import structlog

from forecasting.balance.joint import Group, published
from forecasting.catalogue.running import Job
from forecasting.data.store import Store
from forecasting.errors import DataError, Fault
from forecasting.evaluation.backtest import Progress, silent
from forecasting.evaluation.cache import code_digest
from forecasting.frames import Array, Forecast
from forecasting.models.recipe import Recipe
from forecasting.periods import Period
from forecasting.publishing.champions import Bench
from forecasting.publishing.isolation import Arrays, Failure, Limits, isolated
from forecasting.publishing.release import Release

# Files of data/ that forecasts of series do not depend on, and code they do beside that of the models.
_AFTERWARDS = {"balance.yaml", "outlooks.csv", "publication.yaml", "sources.yaml"}
_CODE = (
    "frames/*.py",
    "periods.py",
    "data/*.py",
    "features/*.py",
    "evaluation/*.py",
    "publishing/champions.py",
)


class Fits:
    """Fits by content in a folder; a damaged file reads as absent, and a full disk only costs the next run time."""

    def __init__(self, folder: Path, store: Store, release: Release, as_of: date) -> None:
        self._folder = folder
        parts = [store.as_of(as_of).digest(), release.digest, code_digest()]
        digest = hashlib.sha256("\n".join(parts).encode())
        for path in sorted(store.catalogue.root.glob("*.yaml")):
            if path.name not in _AFTERWARDS:
                digest.update(path.read_bytes())
        root = Path(__file__).resolve().parent.parent
        for pattern in _CODE:
            for path in sorted(root.glob(pattern)):
                digest.update(path.read_bytes())
        self._key = digest.hexdigest()

    def _path(self, id: str, recipe: Recipe, widening: float) -> Path:
        key = hashlib.sha256("\n".join([self._key, id, recipe.digest, repr(widening)]).encode())
        return self._folder / f"{key.hexdigest()}.npz"

    def get(self, id: str, recipe: Recipe, widening: float = 1.0) -> Forecast | None:
        path = self._path(id, recipe, widening)
        if not path.is_file():
            return None
        try:
            return read(path)[0]
        except (ValueError, KeyError, OSError, EOFError, IndexError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
            return None

    def put(self, forecast: Forecast, id: str, recipe: Recipe, widening: float = 1.0) -> None:
        path = self._path(id, recipe, widening)
        try:
            keep(path, [forecast])
        except OSError as error:
            structlog.get_logger().warning("a fit was not kept", file=str(path), why=error.strerror)


def sweep(folder: Path) -> None:
    """Remove drafts of fits, yardsticks and answers whose processes are no more."""
    for draft in [*folder.glob(".*-*.npz"), *folder.glob(".naive-*-*.csv"), *folder.glob(".golden-*-*.json")]:
        owner = draft.stem.rpartition("-")[2]
        if not owner.isdigit() or not Path(f"/proc/{owner}").exists():
            draft.unlink(missing_ok=True)


def joint_paths(
    store: Store, release: Release, as_of: date, folder: Path, progress: Progress = silent
) -> list[Forecast]:
    """The joint sample paths of every published series when each champion gives its forecast, as known on a day.

    Months, fiscal years and calendar years are forecasts of their own; draw ``d`` is the same world in all. Raises
    :class:`DataError` naming every champion that fails.
    """
    bench = Bench.of(store, release, as_of)
    fits = Fits(folder, store, release, as_of)
    recipes = {id: bench.champion(id) for id in bench.series}
    found = {id: one for id, recipe in recipes.items() if (one := fits.get(id, recipe)) is not None}
    missing = {id: recipe for id, recipe in recipes.items() if id not in found}
    made = fitted(
        bench, {id: (r, 1.0) for id, r in missing.items()}, store.catalogue.publication.job, progress
    )
    failures = {id: one for id, one in made.items() if isinstance(one, Failure)}
    if failures:
        raise DataError(
            f"{len(failures)} of {len(recipes)} champions give no forecast",
            [Fault(id, one.text, "mend the data or promote another model") for id, one in failures.items()],
        )
    for id, fit in made.items():
        if isinstance(fit, Forecast):
            fits.put(fit, id, recipes[id])
            found[id] = fit
    return joined(bench, found)


def fitted(
    bench: Bench, recipes: dict[str, tuple[Recipe, float]], job: Job, progress: Progress = silent
) -> dict[str, Forecast | Failure]:
    """The forecast of each series by a recipe and a widening, every fit in a process of its own."""
    told = 0

    def tell(name: str) -> None:
        nonlocal told
        del name
        told += 1
        progress(told, len(recipes))

    progress(0, len(recipes))
    work = {id: partial(_fit, bench, id, recipe, wide) for id, (recipe, wide) in recipes.items()}
    limits = Limits(job.fit_seconds, job.memory_mb, job.processes)
    found: dict[str, Forecast | Failure] = {}
    for id, one in isolated(work, limits, tell).items():
        if not isinstance(one, Failure):
            forecast = _forecast(one)
            wrong = "; ".join(bench.reaches(id, forecast))
            found[id] = Failure("refused", wrong) if wrong else forecast
        else:
            found[id] = one
    return found


def joined(bench: Bench, found: dict[str, Forecast], held: frozenset[str] = frozenset()) -> list[Forecast]:
    """The joint forecasts of the series that have one; see :func:`forecasting.balance.joint.published`."""
    groups = []
    for at in bench.views:
        mine = [found[id] for id in at.experiment.series if id in found]
        if mine:
            errors = bench.release.errors[at.experiment.name]
            groups.append(Group(Forecast.joined(mine), at.panel, errors, held & set(at.experiment.series)))
    return published(groups, bench.store.catalogue, bench.release.experiments[0].seed) if groups else []


def _fit(bench: Bench, id: str, recipe: Recipe, widening: float) -> Arrays:
    forecast = bench.fitted(id, recipe, widening)
    return {"about": np.array(json.dumps(_about(forecast))), "paths": forecast.paths}


def _forecast(arrays: Arrays) -> Forecast:
    return _restored(json.loads(str(arrays["about"])), arrays["paths"])


def _about(forecast: Forecast) -> dict[str, object]:
    return {
        "ids": forecast.ids,
        "first": str(forecast.first),
        "units": dict(forecast.units),
        "models": dict(forecast.models),
    }


def _restored(about: dict[str, object], paths: Array) -> Forecast:
    ids, units, models = about["ids"], about["units"], about["models"]
    assert isinstance(ids, list)
    assert isinstance(units, dict)
    assert isinstance(models, dict)
    return Forecast(tuple(ids), Period.parse(str(about["first"])), paths, units, models)


def keep(path: Path, forecasts: Sequence[Forecast]) -> None:
    """Write forecasts to one file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = [_about(forecast) for forecast in forecasts]
    arrays = {f"paths_{place}": forecast.paths for place, forecast in enumerate(forecasts)}
    draft = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    try:
        with draft.open("wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path) -> list[Forecast]:
    """The forecasts :func:`keep` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return [
            _restored(one, file[f"paths_{place}"]) for place, one in enumerate(json.loads(str(file["about"])))
        ]
