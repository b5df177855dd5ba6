"""An edition made again from itself, and every number of it compared with what was published."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import DataError, InputMissing
from forecasting.evaluation.backtest import Progress, silent
from forecasting.frames.cells import guarded
from forecasting.publishing.candidate import states_of
from forecasting.publishing.edition import MANIFEST, read_manifest
from forecasting.publishing.environment import environment, environment_changes
from forecasting.publishing.facts import states_table
from forecasting.publishing.inputs import INPUTS
from forecasting.publishing.ledger import damage_of
from forecasting.publishing.making import make
from forecasting.publishing.previous import inputs_of
from forecasting.publishing.previous import read as read_previous

TOLERANCE = 1e-9
_OWN = ("forecasts", "states", "certificates")


@dataclass(frozen=True)
class Compared:
    """One table made again: how many numbers it has, the largest relative difference and where it is, and what cannot
    be compared at all (rows, columns or words that differ)."""

    table: str
    numbers: int
    largest: float
    where: str
    unlike: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        return not self.unlike and self.largest <= TOLERANCE


@dataclass(frozen=True)
class Rebuilt:
    """An edition made again: its tables compared and as files, how the environment differs now, and what could not be
    considered."""

    edition: str
    tables: tuple[Compared, ...]
    environment: tuple[str, ...]
    notes: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        return all(one.equal for one in self.tables)


def rebuild(root: Path, id: str, progress: Progress = silent) -> Rebuilt:
    """Make an edition again from its own inputs, every model fitted anew, and compare tables; nothing is published.

    Series begin on the rung they were published from: a fit that failed then may not fail now. The edition it followed
    is taken from the same folder, for what fell back on it. Raises :class:`DataError` for a
    damaged edition or one this version cannot read, and :class:`~forecasting.errors.InputMissing` for one from before
    editions held their inputs.
    """
    folder = root / id
    faults = damage_of(root, id)
    if faults:
        raise DataError(f"{folder}: damaged, so it is not rebuilt", faults)
    manifest = read_manifest(folder)
    followed, notes = _followed(root, manifest)
    with tempfile.TemporaryDirectory(prefix="rebuild-") as place:
        inputs, why = inputs_of(folder, Path(place) / "inputs", date.fromisoformat(manifest["as_of"]))
        if inputs is None and not (folder / INPUTS).is_file():
            raise InputMissing(f"{why}: it cannot be made again")
        if inputs is None:
            raise DataError(f"{why}; make it again with the version that published it")
        draft = make(
            inputs.store,
            inputs.release,
            inputs.as_of,
            date.fromisoformat(manifest["released"]),
            Path(place) / "fits",
            *followed,
            _overrides(manifest),
            progress,
            states_of(folder),
        )
    candidate = draft.candidate
    made = {
        "forecasts": candidate.table,
        "states": states_table(candidate.states),
        "certificates": candidate.certificates,
        **{f"balance/{name}": one for name, one in candidate.balance.items()},
    }
    again = {
        name: guarded(one).to_csv(index=False, lineterminator="\n").encode() for name, one in made.items()
    }
    published = _published(manifest)
    tables = [compared(name, folder / f"{name}.csv", again.get(name)) for name in published]
    tables += [Compared(name, 0, 0.0, "", ("not in the edition",)) for name in again if name not in published]
    changes = environment_changes(manifest.get("environment", {}), environment())
    files = {f"{name}.csv": content for name, content in again.items()}
    return Rebuilt(id, tuple(tables), tuple(changes), tuple(notes), files)


def compared(name: str, path: Path, again: bytes | None) -> Compared:
    """A published table beside the one made again, cell by cell in the order of the file."""
    if again is None:
        return Compared(name, 0, 0.0, "", ("not made again",))
    was, now = _cells(path.read_bytes()), _cells(again)
    if list(was.columns) != list(now.columns):
        return Compared(name, 0, 0.0, "", (f"columns {list(was.columns)} then, {list(now.columns)} now",))
    if len(was) != len(now):
        return Compared(name, 0, 0.0, "", (f"{len(was)} rows then, {len(now)} now",))
    numbers, largest, where = 0, 0.0, ""
    unlike: list[str] = []
    for column in was.columns:
        before, after = was[column], now[column]
        old, new = (pd.to_numeric(cells, errors="coerce").to_numpy(float) for cells in (before, after))
        plain = np.isfinite(old) & np.isfinite(new)
        numbers += int(plain.sum())
        words = np.flatnonzero(~plain & (before != after).to_numpy())
        unlike += [f"{_row(was, at, column)}: {before[at]!r} then, {after[at]!r} now" for at in words[:3]]
        old, new = np.where(plain, old, 0.0), np.where(plain, new, 0.0)
        scale = np.maximum(np.abs(old), np.abs(new))
        apart = np.abs(old - new) / np.where(scale > 0, scale, 1.0)
        if len(apart) and apart.max() > largest:
            largest, where = float(apart.max()), _row(was, int(apart.argmax()), column)
    return Compared(name, numbers, largest, where, tuple(unlike))


def _cells(content: bytes) -> pd.DataFrame:
    from io import BytesIO

    if not content.strip():
        return pd.DataFrame()
    return pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False)


def _row(table: pd.DataFrame, at: int, column: str) -> str:
    """Where a cell is: the words of its row and the name of its column."""
    row = table.iloc[at]
    words = row[pd.to_numeric(row, errors="coerce").isna() & (row != "")]
    return f"{' '.join(words[:5])}, {column}"


def _followed(root: Path, manifest: Mapping[str, Any]) -> tuple[tuple[Any, Any], list[str]]:
    id = str(manifest.get("previous", ""))
    if not id:
        return (None, None), []
    if not (root / id / MANIFEST).is_file():
        return (None, None), [f"{id}, which it followed, is not in {root}: what fell back on it is withheld"]
    return read_previous(root / id), []


def _overrides(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {one["gate"]: "as it was published" for one in manifest.get("gates", []) if one["overridden"]}


def _published(manifest: Mapping[str, Any]) -> list[str]:
    """The tables of an edition whose numbers follow from its inputs."""
    names = [str(entry["path"]).removesuffix(".csv") for entry in manifest["files"]]
    return [name for name in names if name in _OWN or name.startswith("balance/")]
