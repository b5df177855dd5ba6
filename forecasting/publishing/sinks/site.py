"""A static site over all editions, swapped whole: readers see the old one or the new one.

``folder`` is a symbolic link to a hidden folder beside it, named by the digest of what it holds. A new site is made in
a private folder, flushed, renamed, and the link is replaced by a rename. An old site stays for ten minutes at least,
for readers inside it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from forecasting.catalogue.sinks import SiteRecord
from forecasting.errors import CannotWrite, DataError, Fault
from forecasting.publishing.edition import LATEST, MANIFEST
from forecasting.publishing.ledger import edition_damage, ledger
from forecasting.publishing.sinks.accounts import Account, accounts, current, of_site, require_of_root
from forecasting.publishing.sinks.base import Delivered
from forecasting.publishing.sinks.place import put_aside, require_place
from forecasting.tracking.manifests import flush

STAYS = 600.0  # seconds an old site stays after it was replaced
Fill = Callable[[Sequence[Path], Path | None, Sequence[Account], SiteRecord, Path], None]


class Site:
    """Delivers a site over all editions into a folder of this machine.

    ``fill(editions, latest, accounts, record, folder)`` writes the site into an empty folder; ``others`` are the sites
    of other sinks.
    """

    whole = True
    secrets: tuple[str, ...] = ()

    def __init__(self, record: SiteRecord, base: Path, fill: Fill, others: Sequence[SiteRecord] = ()) -> None:
        self.record = record
        self.name = record.name
        self.folder = base / record.folder
        self.fill = fill
        self.others = {other.name: base / other.folder for other in others}

    def deliver(self, folder: Path, root: Path) -> Delivered:
        """Make the site of all editions and put it in place, unless the same one lies there.

        Raises :class:`DataError` for editions that are not what was published: with the site in place without
        them, or, when none that stands is left, with the old site untouched. Raises :class:`ConfigError` when the
        folder holds something else than a site, :class:`DataError` when it holds that of another editions folder.
        """
        del folder
        told = accounts(root)
        try:
            require_place(self.name, self.folder, root, self.others)
            served = {path.parent.name: "" for path in self.folder.glob(f"*/{MANIFEST}")}
        except OSError as error:
            raise self._cannot(error) from error
        served.pop(LATEST, None)
        require_of_root(f"sink {self.name}: {self.folder}", served, told, root)
        there = [one for one in told if (root / one.edition).is_dir()]
        damaged = _damaged(there, root)
        sound = [one for one in there if one.edition not in damaged]
        if current(there) and not current(sound):
            raise DataError(f"{self.folder}: no edition is what was published", _all(damaged))
        found, now = [root / one.edition for one in sound], current(sound)
        staging = self.folder.with_name(f".{self.folder.name}-staging-{os.getpid()}")
        try:
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(parents=True, mode=0o700)
            newest = root / now.edition if now else None
            self.fill(found, newest, of_site(told, found), self.record, staging)
            changed = _swap(staging, self.folder)
        except OSError as error:
            raise self._cannot(error) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        if damaged:
            raise DataError(
                f"{self.folder}: {len(found)} editions, without {', '.join(damaged)}: not what was published",
                _all(damaged),
            )
        return Delivered(changed, f"{self.folder}: {len(found)} editions")

    def _cannot(self, error: OSError) -> CannotWrite:
        said = error.strerror or error
        return CannotWrite(f"sink {self.name}: {self.folder}: {said}; free the space or make it writable")


def _damaged(editions: Sequence[Account], root: Path) -> dict[str, list[Fault]]:
    known = ledger(root)
    found = {one.edition: edition_damage(root, one.edition, known) for one in editions}
    return {id: faults for id, faults in found.items() if faults}


def _all(damaged: Mapping[str, list[Fault]]) -> list[Fault]:
    return [fault for faults in damaged.values() for fault in faults]


def _swap(staging: Path, place: Path) -> bool:
    """Put a finished folder in place of another; False when that holds the same."""
    final = place.with_name(f".{place.name}-{_digest(staging)[:16]}")
    if place.is_symlink() and place.resolve() == final.resolve() and _digest(final) == _digest(staging):
        return False
    _flush(staging)
    if final.is_dir():
        shutil.rmtree(final)
    staging.rename(final)
    final.chmod(0o755)
    before = place.resolve() if place.is_symlink() else None
    if place.exists() and not place.is_symlink():
        place.rename(put_aside(place))
    link = place.with_name(f".{place.name}-link-{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(final.name)
    link.rename(place)
    flush(place.parent)
    if before is not None and before.is_dir():
        os.utime(before)
    for old in _ours(place):
        if old == final or time.time() - old.lstat().st_mtime < STAYS:
            continue
        if old.is_symlink():
            old.unlink()
        else:
            shutil.rmtree(old)
    return True


def _ours(place: Path) -> list[Path]:
    """What deliveries to a place make beside it: sites by their digest, drafts and links by the process."""
    made = re.compile(rf"\.{re.escape(place.name)}-([0-9a-f]{{16}}|(staging|link)-[0-9]{{1,10}})")
    return [path for path in place.parent.iterdir() if made.fullmatch(path.name)]


def _digest(folder: Path) -> str:
    """The SHA-256 of everything below a folder, with its names."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _flush(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        flush(path)
