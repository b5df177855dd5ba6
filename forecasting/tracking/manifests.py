"""SHA-256 of files and folders: what was written is what is read, or the file that differs is named."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecasting.errors import DataError, Fault


def sha256(content: bytes | str) -> str:
    """The SHA-256 of bytes, or of a text as UTF-8.

    >>> sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal texts.

    >>> canonical({"b": 1, "a": [1.5, None]})
    '{"a":[1.5,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def manifest(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder, by its path inside it."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def verify(
    folder: Path, expected: Mapping[str, str], what: str, do: str, *, ignore: tuple[str, ...] = ()
) -> None:
    """Raise :class:`DataError` naming every file that differs, is missing, or was never listed."""
    found = manifest(folder)
    faults = []
    for name in sorted((expected.keys() | found.keys()) - set(ignore)):
        where = str(folder / name)
        if name not in found:
            faults.append(Fault(where, "the file is missing", do))
        elif name not in expected:
            faults.append(Fault(where, "the file is not in the manifest", do))
        elif found[name] != expected[name]:
            seen = f"its SHA-256 is {found[name][:12]}…, recorded was {expected[name][:12]}…"
            faults.append(Fault(where, seen, do))
    if faults:
        raise DataError(f"{what} is not what was recorded", faults)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


def add_whole(path: Path, line: bytes) -> None:
    """Add a line to the end of a file, safe from a power cut; all of it, or none and :class:`OSError`."""
    new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        before = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, before)
            raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(descriptor)
    if new:
        flush(path.parent)


def flush(path: Path) -> None:
    """Have the disk keep what a file or folder holds now, so that it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
