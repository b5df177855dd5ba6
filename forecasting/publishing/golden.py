"""Champions of a release that other code or other libraries made: do they still give their golden forecasts?

Where code and libraries are those the release was promoted with, nothing is asked. Elsewhere each champion is refitted
on the panel kept with it, in a process of its own, and compared; the answer is kept by content, so that an upgrade is
paid for once, by the first run after it. What may be of the machine at that moment, such as a full disk, a hang or a
file that cannot be read, is no answer: it is asked again the next time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import structlog

from forecasting.catalogue.running import Job
from forecasting.evaluation.backtest import Progress, silent
from forecasting.evaluation.cache import code_digest
from forecasting.evaluation.fits import REFUSALS, lasting
from forecasting.models.total import read_recipe
from forecasting.publishing.champions import require_golden
from forecasting.publishing.isolation import Arrays, Failure, Limits, isolated, told
from forecasting.publishing.release import Release
from forecasting.tracking import Bundle, read_bundle


def refused(release: Release, cache: Path, job: Job, progress: Progress = silent) -> dict[str, str]:
    """Why champions may not forecast with what is installed, by series; none where nothing changed since promotion."""
    code, champions = code_digest(), release.champions
    named = [id for one in release.experiments for id in one.series]
    ids = [id for id in named if id in champions and champions[id].code != code]
    if not ids:
        return {}
    bundle = read_bundle(release.folder)
    kept = {id: _kept(_path(cache, bundle, id)) for id in ids}
    found = {id: why for id, why in kept.items() if why is not None}
    asked = {id: partial(_refitted, bundle, release, id) for id in ids if id not in found}
    if asked:
        said = "the release was made by other code or libraries: its champions are held against their golden forecasts"
        structlog.get_logger().warning(said, champions=len(asked))
    limits = Limits(job.fit_seconds, job.memory_mb, job.processes)
    for id, one in isolated(asked, limits, _counting(progress, len(asked))).items():
        found[id] = one.text if isinstance(one, Failure) else str(one["refused"])
        if not isinstance(one, Failure):
            _keep(_path(cache, bundle, id), found[id])
    return {id: why for id, why in found.items() if why}


def _refitted(bundle: Bundle, release: Release, id: str) -> Arrays:
    """Why a champion may not forecast, empty where it may; raises what may not be there the next time."""
    one, why = bundle.trained(id), ""
    try:
        forecast = read_recipe(one.champion.recipe_json).refit(one.panel, one.covariates, wanted=id)
        require_golden(id, release.champions[id], forecast)
    except REFUSALS as error:
        if not lasting(error):
            raise
        why = told(error)
    return {"refused": np.array(why)}


def _counting(progress: Progress, total: int) -> Callable[[str], None]:
    told = 0

    def tell(_: str) -> None:
        nonlocal told
        told += 1
        progress(told, total)

    return tell


def _path(cache: Path, bundle: Bundle, id: str) -> Path:
    key = hashlib.sha256("\n".join([bundle.champions[id].digest, code_digest()]).encode())
    return cache / f"golden-{key.hexdigest()}.json"


def _kept(path: Path) -> str | None:
    """The answer kept in a file; a damaged one reads as absent."""
    try:
        return str(json.loads(path.read_bytes())["refused"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, why: str) -> None:
    draft = path.with_name(f".{path.stem}-{os.getpid()}.json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({"refused": why}), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        structlog.get_logger().warning("an answer was not kept", file=str(path), why=error.strerror)
    finally:
        draft.unlink(missing_ok=True)
