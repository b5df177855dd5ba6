"""An edition on disk: written whole or not at all, immutable, verified by its manifest.

Files are written into a private staging folder on the same file system, flushed, listed with their SHA-256 in
``MANIFEST.json`` (last), verified from disk, and renamed into place; then ``latest`` is switched by a rename.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from forecasting.errors import CannotCreate, CannotWrite, DataError, Fault, InputMissing
from forecasting.tracking.manifests import flush

MANIFEST = "MANIFEST.json"
LATEST = "latest"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class AfterSwitch(CannotWrite):
    """The edition is public, but the disk could not confirm that it would survive a power cut."""


def write(
    root: Path,
    id: str,
    files: Mapping[str, bytes],
    facts: Mapping[str, Any],
    about_to: Callable[[], None] = lambda: None,
) -> Path:
    """Publish files as edition ``id`` under ``root`` and point ``latest`` to it.

    ``facts`` go into the manifest beside the hashes; ``about_to`` is called when all is staged and verified, just
    before the edition gets its name. Raises :class:`CannotCreate` when the folder cannot be made and
    :class:`CannotWrite` when a file cannot be written to its end; neither leaves half an edition. Raises
    :class:`AfterSwitch` for what fails once the edition is public.
    """
    staging = root / f".staging-{id}-{os.getpid()}"
    final = root / id
    try:
        root.mkdir(parents=True, exist_ok=True)
        staging.mkdir(mode=0o700)
    except OSError as error:
        raise CannotCreate(
            f"{root}: cannot create an edition here ({error.strerror}); make it writable"
        ) from error
    try:
        fill(staging, files, {"edition": id, **facts})
        verify(staging)
        about_to()
        staging.rename(final)
        flush(root)
        point(root, id)
    except AfterSwitch:
        raise
    except OSError as error:
        raise CannotWrite(f"{final}: writing stopped ({error.strerror}); free space and run again") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return final


def fill(folder: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Write files into a folder, each readable by everybody and flushed to disk, the manifest last."""
    listed, folders = [], set()
    for name, content in sorted(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        open_to_readers(path)
        flush(path)
        folders.add(path.parent)
        listed.append({"path": name, "sha256": digest_of(content), "bytes": len(content)})
    manifest = json.dumps({**facts, "files": listed}, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(manifest + "\n", encoding="utf-8")
    open_to_readers(folder / MANIFEST)
    flush(folder / MANIFEST)
    for one in folders - {folder}:
        open_to_readers(one)
    for one in sorted(folders | {folder}):
        flush(one)


def point(root: Path, id: str) -> None:
    """Make ``latest`` point to an edition and open it to readers: a reader sees the one or the other.

    Raises :class:`AfterSwitch` when the switch was made but not flushed.
    """
    link = root / f".{LATEST}-{os.getpid()}"
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(id)
        open_to_readers(root / id)
        link.rename(root / LATEST)
    except IsADirectoryError as error:
        raise CannotCreate(
            f"{root / LATEST}: a folder, where a pointer to an edition belongs (a copy that followed links makes one); "
            "remove it, and the next run points to the edition the audit file names"
        ) from error
    finally:
        if link.is_symlink():
            link.unlink()
    try:
        flush(root)
    except OSError as error:
        raise AfterSwitch(f"{root}: {id} is public, but was not flushed ({error.strerror})") from error


def open_to_readers(path: Path) -> None:
    """Let everybody read a file or look into a folder; one that is open stays as it is, also when it is another's."""
    wanted = 0o755 if path.is_dir() else 0o644
    if path.stat().st_mode & wanted & 0o055 != wanted & 0o055:
        path.chmod(wanted)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an edition; :class:`InputMissing` when there is none, :class:`DataError` when it is damaged."""
    path = folder / MANIFEST
    if not path.is_file():
        raise InputMissing(f"{path} is missing; {folder} is not an edition")
    try:
        manifest = json.loads(path.read_bytes())
        listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = {}
    if not listed:
        fault = Fault(str(path), "not what was written", "restore it from a copy")
        raise DataError(f"{folder}: the edition is damaged", [fault])
    found: dict[str, Any] = manifest
    return found


def verify(folder: Path) -> dict[str, Any]:
    """The manifest, once every file it lists has its hash and nothing else lies beside them.

    Raises :class:`DataError` naming every file that differs, is missing, or does not belong.
    """
    manifest = read_manifest(folder)
    faults = []
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {MANIFEST}
    for name, expected in listed.items():
        if name not in present:
            faults.append(Fault(str(folder / name), "missing", "restore the edition from a copy"))
        elif digest_of((folder / name).read_bytes()) != expected:
            faults.append(
                Fault(str(folder / name), "its hash is not the manifest's", "restore it from a copy")
            )
    faults += [
        Fault(str(folder / n), "not in the manifest", "remove it") for n in sorted(present - set(listed))
    ]
    if faults:
        raise DataError(f"{folder}: the edition is damaged", faults)
    return manifest


def sweep(root: Path) -> None:
    """Remove what killed runs left behind; call it while holding the lock.

    Raises :class:`CannotWrite` when something cannot be removed.
    """
    for litter in [*root.glob(".staging-*"), *root.glob(f".{LATEST}-*")]:
        try:
            if litter.is_dir() and not litter.is_symlink():
                shutil.rmtree(litter)
            else:
                litter.unlink()
        except OSError as error:
            raise CannotWrite(
                f"{litter}: a killed run left it and it cannot be removed ({error.strerror}); remove it by hand"
            ) from error


def editions(root: Path) -> list[Path]:
    """The edition folders under a root, oldest id first; one archived elsewhere may be a link to it."""
    if not root.is_dir():
        return []
    return sorted(
        p for p in root.iterdir() if not p.name.startswith(".") and (p / MANIFEST).is_file() and not _alias(p)
    )


def _alias(path: Path) -> bool:
    """Whether a link is another name of something in its own folder, or ``latest``."""
    if not path.is_symlink():
        return False
    return path.name == LATEST or (path.parent / path.readlink()).parent.resolve() == path.parent.resolve()


def latest(root: Path) -> Path | None:
    """The folder ``latest`` points to, read once; None before the first edition."""
    link = root / LATEST
    if not (link.is_symlink() and (link / MANIFEST).is_file()):
        return None
    folder = root / link.readlink()
    return folder.parent.resolve() / folder.name
