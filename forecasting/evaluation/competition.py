"""Competition series on file: Parquet with ``unique_id, step, ds, y, split`` (train or test), one file a collection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.errors import DataError, Fault, InputMissing
from forecasting.frames import Array

COLUMNS = ("unique_id", "step", "ds", "y", "split")
SEASONS = {"yearly": 1, "annual": 1, "quarterly": 4, "monthly": 12, "other": 1}

Log = Callable[[str], None]


@dataclass(frozen=True)
class Series:
    """One series of a file: what a model may see and what it is judged by, NaN in gaps."""

    id: str
    train: Array
    test: Array


@dataclass(frozen=True)
class Collection:
    """The series of one file and their season."""

    file: str
    season: int
    series: tuple[Series, ...]


def season_of(name: str, ds: pd.Series) -> tuple[int, str]:
    """The season of a file and what says so: a word in its name, else the spacing of ``ds``.

    >>> season_of("m4_monthly", pd.Series(dtype=object))
    (12, "'monthly' in its name")
    >>> season_of("mine", pd.Series(["2020-01-01", "2020-04-01", "2020-07-01"]))
    (4, 'steps of 91 days')
    """
    for word in re.split(r"[^a-z]+", name.lower()):
        if word in SEASONS:
            return SEASONS[word], f"{word!r} in its name"
    days = pd.to_datetime(ds, errors="coerce").diff().dt.days.dropna()
    if days.empty:
        return 1, "no dates, so no season"
    gap = float(days[days > 0].median())
    found = next((m for m, low, high in ((12, 27, 32), (4, 88, 93), (1, 360, 370)) if low <= gap <= high), 1)
    return found, f"steps of {gap:.0f} days"


def read(folder: Path, log: Log, limit: int | None = None) -> list[Collection]:
    """Every file of a folder that holds series, in order of name; ``limit`` keeps the first few of each.

    Raises :class:`InputMissing` without such a file and :class:`DataError` with every fault of them all.
    """
    if not folder.is_dir():
        raise InputMissing(f"{folder} is not a folder")
    found: list[Collection] = []
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.parquet")):
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            faults.append(Fault(path.name, f"cannot be read: {error}", "write it as Parquet"))
            continue
        missing = [column for column in COLUMNS if column not in frame]
        if missing:
            log(f"{path.name}: left out, it has no column {', '.join(missing)}")
            continue
        season, why = season_of(path.stem, _first(frame)["ds"])
        log(f"{path.name}: season {season} ({why})")
        one = _collection(path.stem, season, frame, faults, limit)
        if one.series:
            found.append(one)
    if faults:
        raise DataError(f"{folder}: series that cannot be read", faults)
    if not found:
        raise InputMissing(f"{folder} holds no Parquet file with the columns {', '.join(COLUMNS)}")
    return found


def _first(frame: pd.DataFrame) -> pd.DataFrame:
    one: pd.DataFrame = frame[frame["unique_id"] == frame["unique_id"].iloc[0]]
    return one.sort_values("step")


def _collection(
    file: str, season: int, frame: pd.DataFrame, faults: list[Fault], limit: int | None
) -> Collection:
    series = []
    for id in list(dict.fromkeys(frame["unique_id"].astype(str)))[:limit]:
        part = frame[frame["unique_id"].astype(str) == id].sort_values("step")
        steps, is_test = part["step"].to_numpy(), (part["split"].astype(str) == "test").to_numpy()
        where = f"{file}: {id}"
        if len(np.unique(steps)) < len(steps):
            faults.append(Fault(where, "a step occurs twice", "keep one row a step"))
        elif not is_test.any() or is_test.all():
            faults.append(Fault(where, "it has no train or no test rows", "mark rows train and test"))
        elif steps[is_test].min() < steps[~is_test].max():
            faults.append(Fault(where, "test rows come before train rows", "split in time"))
        else:
            whole = part.set_index("step")["y"].astype(float)
            span = range(int(steps.min()), int(steps.max()) + 1)
            values: Array = np.asarray(whole.reindex(span), dtype=np.float64)
            cut = int(steps[~is_test].max() - steps.min()) + 1
            series.append(Series(id, values[:cut], values[cut:]))
    return Collection(file, season, tuple(series))
