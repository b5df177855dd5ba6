"""The joint forecasts behind an edition, kept in the cache so that asking again costs nothing.

An edition holds quantiles; scenarios need the paths. They follow from release, data and code alone, and their
key is made of exactly these, so a kept file is never stale. It is plain numbers: nothing executes on load.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from forecasting.data.store import Store
from forecasting.evaluation.backtest import Progress, silent
from forecasting.evaluation.cache import code_digest
from forecasting.frames import Forecast
from forecasting.periods import Period
from forecasting.publishing.champions import forecast_paths
from forecasting.publishing.release import Release

# Files of data/ that forecasts of series do not depend on, and code they do beside that of the models.
_AFTERWARDS = {"balance.yaml", "outlooks.csv", "publication.yaml", "sources.yaml"}
_CODE = ("frames/*.py", "periods.py", "balance/joint.py", "data/*.py", "features/*.py", "evaluation/*.py")


def joint_paths(
    store: Store,
    release: Release,
    as_of: date,
    folder: Path,
    progress: Progress = silent,
) -> list[Forecast]:
    """The forecasts an edition of this release and data publishes, from ``folder`` when they are kept there."""
    path = folder / f"{_key(store, release, as_of)}.npz"
    return kept(path, lambda: forecast_paths(store, release, as_of, progress))


def kept(path: Path, compute: Callable[[], list[Forecast]]) -> list[Forecast]:
    """What ``compute`` gives, read from a file when it is there and sound, else computed and written there."""
    if path.is_file():
        try:
            return read(path)
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
    found = compute()
    keep(path, found)
    return found


def keep(path: Path, forecasts: Sequence[Forecast]) -> None:
    """Write forecasts to one file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = [
        {"ids": f.ids, "first": str(f.first), "units": dict(f.units), "models": dict(f.models)}
        for f in forecasts
    ]
    arrays = {f"paths_{place}": forecast.paths for place, forecast in enumerate(forecasts)}
    draft = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    with draft.open("wb") as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
    draft.replace(path)


def read(path: Path) -> list[Forecast]:
    """The forecasts :func:`keep` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return [
            Forecast(
                tuple(one["ids"]),
                Period.parse(one["first"]),
                file[f"paths_{place}"],
                one["units"],
                one["models"],
            )
            for place, one in enumerate(json.loads(str(file["about"])))
        ]


def _key(store: Store, release: Release, as_of: date) -> str:
    digest = hashlib.sha256("\n".join([store.as_of(as_of).digest(), release.digest, code_digest()]).encode())
    for path in sorted(store.catalogue.root.glob("*.yaml")):
        if path.name not in _AFTERWARDS:
            digest.update(path.read_bytes())
    root = Path(__file__).resolve().parent.parent
    for pattern in _CODE:
        for path in sorted(root.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
