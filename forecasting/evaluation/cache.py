"""Fits kept by content in one file: the same data slice, recipe and origin are never fitted twice."""

from __future__ import annotations

import hashlib
import sqlite3
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting.errors import CannotWrite
from forecasting.frames import Array
from forecasting.models.libraries import versions

if TYPE_CHECKING:
    from forecasting.evaluation.fits import Fit

NAME = "fits.sqlite"
AT_ONCE = 500
SCHEMA = """
CREATE TABLE IF NOT EXISTS fits (
    key TEXT PRIMARY KEY, steps INTEGER, refusal TEXT, seconds REAL, crc INTEGER, quantiles BLOB, draws BLOB
);
CREATE TABLE IF NOT EXISTS foreseen (key TEXT PRIMARY KEY, refusal TEXT, crc INTEGER, median BLOB);
CREATE TABLE IF NOT EXISTS times (recipe TEXT PRIMARY KEY, model TEXT, fits INTEGER, seconds REAL);
"""


@cache
def code_digest() -> str:
    """SHA-256 over the sources of the models and the versions of the libraries that can move a forecast."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted((root / "models").rglob("*")):
        if path.suffix in (".py", ".json", ".npz") and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    for library, version in versions().items():
        if library != "python":  # a patch of the interpreter moves no number
            digest.update(f"{library}=={version}".encode())
    return digest.hexdigest()


code_digest()  # read as this is imported: of the code that runs, not of a file edited since


class Cache:
    """Fits by key in ``fits.sqlite`` below a folder, written by one process and read by many.

    Each batch is one transaction with a write-ahead log, so a killed run leaves whole fits only. A row whose
    checksum fails reads as absent; a file that is no database is set aside with a warning. Seconds are added up
    a recipe, for estimates.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._opened: sqlite3.Connection | None = None

    def known(self, keys: Sequence[str]) -> set[str]:
        """Which of some keys are kept."""
        asked = "SELECT key FROM fits WHERE key IN"
        return {key for batch in _batches(keys) for (key,) in self._select(asked, batch)}

    def get(self, keys: Sequence[str]) -> dict[str, Fit]:
        """The fits of some keys; those that are absent or damaged are not there."""
        from forecasting.evaluation.fits import Fit

        found = {}
        for batch in _batches(keys):
            for key, steps, refusal, seconds, crc, *blobs in self._select(
                "SELECT * FROM fits WHERE key IN", batch
            ):
                if crc == _crc(refusal, *blobs):
                    shape = (steps, -1) if steps else (0, 0)
                    quantiles, draws = (
                        np.frombuffer(one, "<f4").astype(float).reshape(shape) for one in blobs
                    )
                    found[key] = Fit(quantiles, draws, refusal, seconds)
        return found

    def put(self, fits: Mapping[str, Fit], recipe: str, model: str) -> None:
        """Keep fits of one recipe, all or none."""
        rows = []
        for key, fit in fits.items():
            blobs = [one.astype("<f4").tobytes() for one in (fit.quantiles, fit.draws)]
            rows.append(
                (key, len(fit.quantiles), fit.refusal, fit.seconds, _crc(fit.refusal, *blobs), *blobs)
            )
        spent = (recipe, model, len(rows), sum(fit.seconds for fit in fits.values()))
        added = (
            "INSERT INTO times VALUES (?, ?, ?, ?) ON CONFLICT (recipe) DO UPDATE SET "
            "fits = fits + excluded.fits, seconds = seconds + excluded.seconds"
        )
        self._write(("INSERT OR REPLACE INTO fits VALUES (?, ?, ?, ?, ?, ?, ?)", rows), (added, [spent]))

    def driver(self, key: str) -> tuple[Array, str] | None:
        """The median forecast of a driver, or none and the refusal; None when it is absent or damaged."""
        for refusal, crc, blob in self._select(
            "SELECT refusal, crc, median FROM foreseen WHERE key IN", [key]
        ):
            if crc == _crc(refusal, blob):
                return np.frombuffer(blob, "<f8").astype(float), refusal
        return None

    def put_driver(self, key: str, median: Array, refusal: str = "") -> None:
        """Keep the median forecast of a driver, to the last bit, or why there is none."""
        blob = median.astype("<f8").tobytes()
        row = (key, refusal, _crc(refusal, blob), blob)
        self._write(("INSERT OR REPLACE INTO foreseen VALUES (?, ?, ?, ?)", [row]))

    def _write(self, *statements: tuple[str, list[tuple[Any, ...]]]) -> None:
        try:
            self._commit(statements)
        except sqlite3.OperationalError as error:
            raise CannotWrite(f"{self.path}: cannot write ({error}); free the disk and run again") from error
        except sqlite3.DatabaseError as error:
            self._set_aside(error)
            self._commit(statements)

    def _commit(self, statements: Sequence[tuple[str, list[tuple[Any, ...]]]]) -> None:
        with self._connection as connection:
            for statement, rows in statements:
                connection.executemany(statement, rows)

    def times(self) -> list[tuple[str, str, int, float]]:
        """Recipe, model, fits and their seconds in all."""
        return [
            (r, m, n, t)
            for r, m, n, t in self._select("SELECT * FROM times WHERE fits > 0 AND recipe NOT IN", [])
        ]

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _select(self, asked: str, values: Sequence[str]) -> list[Any]:
        try:
            return self._connection.execute(f"{asked} ({','.join('?' * len(values))})", values).fetchall()
        except sqlite3.OperationalError as error:
            raise CannotWrite(f"{self.path}: cannot read ({error}); make it readable") from error
        except sqlite3.DatabaseError as error:
            self._set_aside(error)
            return []

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CannotWrite(f"{self.folder}: {error.strerror}; make it writable") from error
            try:
                self._opened = self._connected()
            except sqlite3.OperationalError as error:
                raise CannotWrite(f"{self.path}: cannot open ({error}); make it writable") from error
            except sqlite3.DatabaseError as error:
                self._set_aside(error)
                self._opened = self._connected()
        return self._opened

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            connection.execute("PRAGMA page_size=65536")  # a fit has 14 kB
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.executescript(SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        self.close()
        aside = self.path.with_suffix(".damaged")
        self.path.replace(aside)
        for left in ("-wal", "-shm"):
            self.path.with_name(NAME + left).unlink(missing_ok=True)
        warnings.warn(
            f"{self.path} is damaged ({error}), kept as {aside.name}; its fits are made again", stacklevel=4
        )


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), AT_ONCE):
        yield list(keys[start : start + AT_ONCE])


def _crc(refusal: str, *blobs: bytes) -> int:
    found = zlib.crc32(refusal.encode())
    for blob in blobs:
        found = zlib.crc32(blob, found)
    return found
