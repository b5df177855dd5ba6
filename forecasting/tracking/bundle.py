"""The release bundle: champions as plain files that need no MLflow, named by what they contain.

::

    bundles/CURRENT                    the name of the bundle in force; "none" until the first one is
    bundles/<digest>/MANIFEST.json     every file's SHA-256, every champion's digests, experiment and libraries
    bundles/<digest>/champions/<series>/recipe.json
    bundles/<digest>/champions/<series>/golden.csv
    bundles/<digest>/champions/<series>/panel.parquet     what it was fitted on; covariates beside it
    bundles/<digest>/attachments/...
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from forecasting.errors import CannotWrite, DataError, Fault, InputMissing
from forecasting.tracking.champion import (
    Champion,
    Trained,
    checked_name,
    read_champion,
)
from forecasting.tracking.manifests import canonical, flush, manifest, sha256, verify, write_whole

MANIFEST = "MANIFEST.json"
CURRENT = "CURRENT"
NONE = b"none\n"  # a first bundle was begun: a CURRENT that is not there at all was lost
FORMAT = 2
_DRAFT, _NAME = ".bundle-", re.compile("[0-9a-f]{64}")
_DO = f"restore it from a copy, or write the name of an earlier release into {CURRENT} and promote again"


@dataclass(frozen=True, eq=False)
class Bundle:
    """Champions by series, the files they travel with, and the digest that names them together."""

    champions: Mapping[str, Champion]
    attachments: Mapping[str, bytes]
    digest: str
    folder: Path

    def trained(self, series: str) -> Trained:
        """A champion with the data it was fitted on."""
        home = self.folder / "champions" / series
        if not (home / "panel.parquet").exists():
            fault = Fault(str(home), "no training data: the bundle is of an earlier version", "promote again")
            raise InputMissing("a champion cannot be refitted", [fault])
        return Trained.read(series, home, self.champions[series].card)


def export_bundle(
    champions: Mapping[str, Trained], folder: Path, attachments: Mapping[str, bytes] | None = None
) -> Path:
    """Write champions and attachments below a folder and make them current; gives the bundle's own folder."""
    target = write_bundle(champions, folder, attachments)
    make_current(target)
    return target


def write_bundle(
    champions: Mapping[str, Trained], folder: Path, attachments: Mapping[str, bytes] | None = None
) -> Path:
    """Write a bundle, safe from a power cut, without making it current; gives its folder.

    The same champions give the same bundle, byte for byte; one that exists is left alone, a damaged one moved aside.
    """
    if not champions:
        raise DataError("a bundle needs at least one champion")
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
        try:
            digest = _write(champions, work, attachments or {})
            target = folder / digest
            if target.exists() and not _whole(target):
                aside = folder / f"{digest}.damaged"
                shutil.rmtree(aside, ignore_errors=True)
                target.rename(aside)
            if not target.exists():
                work.chmod(0o755)
                for path in [*work.rglob("*"), work]:
                    flush(path)
                if not (folder / CURRENT).exists() and not _bundles(folder):
                    write_whole(folder / CURRENT, NONE)
                try:
                    os.rename(work, target)  # noqa: PTH104 - Path.rename would also replace an empty folder
                except OSError:
                    if not target.exists():
                        raise
                flush(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target


def make_current(bundle: Path) -> None:
    """Put a bundle that was written in force."""
    with _writing(bundle.parent):
        write_whole(bundle.parent / CURRENT, f"{bundle.name}\n".encode())


def sweep(folder: Path) -> None:
    """Remove what killed exports left half written; only while no other one works."""
    for path in folder.glob(f"{_DRAFT}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(f".{CURRENT}.*.part"):
        path.unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fault = Fault(str(error.filename or folder), error.strerror or str(error), "make it writable")
        raise CannotWrite("the bundle cannot be written", [fault]) from error


def read_bundle(folder: Path) -> Bundle:
    """A bundle, or the current one of a folder of bundles, each file checked.

    Raises :class:`DataError` naming every file that was changed or lost and :class:`InputMissing` when there is none.
    """
    if (folder / MANIFEST).exists():
        return _read(folder)
    pointer = folder / CURRENT
    there = _bundles(folder)
    if not pointer.exists() and there:
        do = "write into it the name of the one in force, the latest unless you know better; forecast track promotions"
        fault = Fault(
            str(pointer), f"is missing beside {len(there)} release(s)", f"{do} then tells what differs"
        )
        raise DataError("which release is in force was lost", [fault])
    if not pointer.exists() or pointer.read_bytes() == NONE:
        raise InputMissing(
            "there is no bundle", [Fault(str(folder), "no release in force", "forecast promote first")]
        )
    name = pointer.read_bytes().decode(errors="replace").removesuffix("\n")
    if name not in there:
        fault = Fault(str(pointer), f"names no bundle: {name[:70]!r}", _DO)
        raise DataError("the bundle is damaged", [fault])
    return _read(folder / name, name)


def _bundles(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob(f"*/{MANIFEST}") if _NAME.fullmatch(path.parent.name)}


def _whole(bundle: Path) -> bool:
    try:
        _read(bundle, bundle.name)
    except (DataError, OSError):
        return False
    return True


def _write(champions: Mapping[str, Trained], work: Path, attachments: Mapping[str, bytes]) -> str:
    cards = {}
    for series in sorted(champions):
        home = work / "champions" / checked_name(series)
        home.mkdir(parents=True)
        champions[series].write(home)
        cards[series] = champions[series].champion.card
    for name, content in attachments.items():
        path = work / "attachments" / _inside(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    body: dict[str, Any] = {"format": FORMAT, "champions": cards, "files": manifest(work)}
    digest = sha256(canonical(body))
    text = json.dumps({**body, "digest": digest}, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    (work / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    return digest


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if not name or set(name) & {"\\", "\0"} or path.is_absolute() or ".." in path.parts or str(path) != name:
        raise DataError(
            f"{name!r} cannot name an attachment; use a relative path such as experiments/ev.json"
        )
    return path


def _read(folder: Path, expected: str | None = None) -> Bundle:
    path = folder / MANIFEST
    content = path.read_bytes()
    try:
        body = json.loads(content)
        digest = body.pop("digest")
        whole = json.dumps({**body, "digest": digest}, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
        faithful = digest == sha256(canonical(body)) and whole.encode() == content
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        digest, faithful = "", False
    if not faithful or (expected is not None and digest != expected):
        raise DataError("the bundle is damaged", [Fault(str(path), "not what was written", _DO)])
    if body["format"] not in (1, FORMAT):
        found, do = (
            f"format {body['format']}, this version writes {FORMAT}",
            "export it again with this version",
        )
        raise DataError("the bundle cannot be read", [Fault(str(path), found, do)])
    verify(folder, body["files"], "the bundle", _DO, ignore=(MANIFEST,))
    champions = {
        series: read_champion(series, folder / "champions" / series, _card(card))
        for series, card in body["champions"].items()
    }
    attached = folder / "attachments"
    files = sorted(path for path in attached.rglob("*") if path.is_file())
    return Bundle(
        champions, {p.relative_to(attached).as_posix(): p.read_bytes() for p in files}, digest, folder
    )


def _card(card: dict[str, Any]) -> dict[str, Any]:
    """A card as this version writes it; format 1 named the run by MLflow's id and knew no libraries."""
    return {"experiment": "", "run_key": card.get("run_id", ""), "libraries": {}, **card}
