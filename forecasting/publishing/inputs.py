"""What an edition was made from, inside the edition: the data folder and the release, in one canonical zip.

With it an edition can be made again and the next one can say what changed. Entries are sorted and bear no clock,
so equal inputs give equal bytes::

    data/…        every YAML and CSV of the data folder, as it was
    release/…     the bundle of champions, experiments and past errors
"""

from __future__ import annotations

import errno
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from forecasting.data.store import Store
from forecasting.errors import DataError, InputMissing
from forecasting.publishing.release import Release, load

INPUTS = "inputs.zip"
# Days of archived rows were held against the clock of their own run, never against this one's.
WHENEVER = date.max
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)
_LARGEST = 64 * 1024 * 1024  # bytes an archive may unpack to; today's hold about 2 MB


@dataclass(frozen=True)
class Inputs:
    """The data and the release behind an edition, and the day its data were seen."""

    store: Store
    release: Release
    as_of: date


def packed(data: Path, bundle: Path) -> bytes:
    """A data folder and the folder of a bundle as one archive, byte for byte the same for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, path in sorted([*of_data(data), *_of_bundle(bundle)]):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), compresslevel=9)
    return buffer.getvalue()


def unpacked(folder: Path, into: Path, as_of: date) -> Inputs:
    """The inputs of an edition, unpacked into an empty folder and checked as any data folder and bundle are.

    Raises :class:`InputMissing` for an edition without them and :class:`DataError` for an archive that would
    write outside the folder or unpack to more than any edition's inputs.
    """
    path = folder / INPUTS
    if not path.is_file():
        raise InputMissing(
            f"{path} is missing: {folder.name} was published before editions held their inputs"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            _require_harmless(path, archive)
            archive.extractall(into)
    except _DAMAGE as error:
        raise DataError(f"{path} is damaged ({error}); restore the edition from a copy") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place in the archive that cannot be
            raise
        raise DataError(f"{path} is damaged ({error}); restore the edition from a copy") from error
    return Inputs(Store.open(into / "data", WHENEVER), load(into / "release"), as_of)


def recipes(folder: Path) -> dict[str, str]:
    """The recipes of the champions behind an edition, as JSON by series; none for one published without its inputs.

    Raises :class:`DataError` when the archive is damaged.
    """
    path = folder / INPUTS
    if not path.is_file():
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            inside = {PurePosixPath(name): name for name in archive.namelist()}
            return {
                place.parts[2]: archive.read(name).decode()
                for place, name in inside.items()
                if len(place.parts) == 4 and place.match("release/champions/*/recipe.json")
            }
    except _DAMAGE as error:
        raise DataError(f"{path} is damaged ({error}); restore the edition from a copy") from error


def _require_harmless(path: Path, archive: zipfile.ZipFile) -> None:
    size = 0
    for entry in archive.infolist():
        parts = PurePosixPath(entry.filename).parts
        if parts[0] not in ("data", "release") or ".." in parts:
            raise DataError(
                f"{path}: the entry {entry.filename!r} does not belong to the inputs of an edition"
            )
        size += entry.file_size
    if size > _LARGEST:
        raise DataError(f"{path}: unpacks to {size:,} bytes; no edition's inputs exceed {_LARGEST:,}")


def of_data(root: Path) -> Iterator[tuple[str, Path]]:
    yield from ((f"data/{p.name}", p) for p in root.glob("*.*") if p.suffix in (".yaml", ".csv"))
    yield from ((f"data/scenarios/{p.name}", p) for p in (root / "scenarios").glob("*.yaml"))
    yield from ((f"data/observations/{p.name}", p) for p in (root / "observations").glob("*.csv"))


def _of_bundle(bundle: Path) -> Iterator[tuple[str, Path]]:
    files = (path for path in bundle.rglob("*") if path.is_file())
    yield from ((f"release/{path.relative_to(bundle).as_posix()}", path) for path in files)
