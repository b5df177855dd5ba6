"""What is wrong with an edition and with ``latest``, held against the audit file."""

from __future__ import annotations

from pathlib import Path

from forecasting.errors import DataError, Fault
from forecasting.publishing import edition
from forecasting.publishing.chain import AUDIT, torn
from forecasting.publishing.standing import Ledger

_COPY = "restore it from a copy"


def edition_damage(root: Path, id: str, known: Ledger) -> list[Fault]:
    """What is wrong with the files of an edition, every file of it: against its manifest, and the manifest against the
    audit file."""
    folder = root / id
    path, faults = folder / edition.MANIFEST, []
    found = manifest_digest(folder)
    if not found:
        return [Fault(str(path), "missing", _COPY)]
    if id not in known.editions:
        where = str(root / AUDIT)
        faults.append(
            Fault(where, f"no line names {id}", "run forecast publish, which adds it, or remove it")
        )
    elif known.editions[id].manifest != found:
        faults.append(Fault(str(path), "its hash is not the one in the audit file", _COPY))
    try:
        edition.verify(folder)
    except DataError as error:
        faults += [fault for fault in error.faults if fault.where not in {f.where for f in faults}]
    return faults


def pointer_damage(root: Path, known: Ledger) -> list[Fault]:
    """What is wrong with the end of the audit file and with ``latest``."""
    faults = []
    left = torn(root)
    if left:
        found = f"a torn last line of {len(left)} bytes, left by a killed run"
        faults.append(Fault(str(root / AUDIT), found, "run forecast publish, which sets it aside"))
    now, wanted = pointed(root), next(iter(known.ranked), None)
    if now != wanted and known.editions:
        found = f"points to {now or 'no edition'}, the audit file says {wanted or 'none stands'}"
        faults.append(Fault(str(root / edition.LATEST), found, "run forecast publish, which moves it"))
    return faults


def own_damage(folder: Path) -> list[Fault]:
    """What is wrong with the files of an edition against its manifest alone."""
    try:
        edition.verify(folder)
    except DataError as error:
        return error.faults
    return []


def pointed(root: Path) -> str | None:
    """The edition ``latest`` points to; its whole path when that is not in this folder."""
    found = edition.latest(root)
    if found is None:
        return None
    return found.name if found.parent == root.resolve() else str(found)


def manifest_digest(folder: Path) -> str:
    """The SHA-256 of an edition's manifest; empty where there is none."""
    path = folder / edition.MANIFEST
    return edition.digest_of(path.read_bytes()) if path.is_file() else ""
