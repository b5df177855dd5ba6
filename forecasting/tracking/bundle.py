"""The release bundle: champions as plain files that need no MLflow, named by what they contain.

::

    bundles/CURRENT                    the name of the bundle in force
    bundles/<digest>/MANIFEST.json     every file's SHA-256, every champion's digests, experiment and libraries
    bundles/<digest>/champions/<series>/recipe.json
    bundles/<digest>/champions/<series>/golden.csv
    bundles/<digest>/champions/<series>/panel.parquet     what it was fitted on; covariates beside it
    bundles/<digest>/attachments/...
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
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
from forecasting.tracking.manifests import canonical, manifest, sha256, verify, write_whole

MANIFEST = "MANIFEST.json"
CURRENT = "CURRENT"
FORMAT = 2
_DO = "export the bundle again; do not edit it"


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
    """Write champions and attachments below a folder and make them current; gives the bundle's own folder.

    The same champions give the same bundle, byte for byte; one that exists is left alone.
    """
    if not champions:
        raise DataError("a bundle needs at least one champion")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".bundle-", dir=folder))
        try:
            digest = _write(champions, work, attachments or {})
            target = folder / digest
            if target.exists():
                _read(target)
            else:
                work.chmod(0o755)
                try:
                    os.rename(work, target)  # noqa: PTH104 - Path.rename would also replace an empty folder
                except OSError:
                    if not target.exists():
                        raise
            write_whole(folder / CURRENT, f"{digest}\n".encode())
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        fault = Fault(str(error.filename or folder), error.strerror or str(error), "make it writable")
        raise CannotWrite("the bundle cannot be written", [fault]) from error
    return target


def read_bundle(folder: Path) -> Bundle:
    """A bundle, or the current one of a folder of bundles, each file checked.

    Raises :class:`DataError` naming every file that was changed and :class:`InputMissing` when there is none.
    """
    if (folder / MANIFEST).exists():
        return _read(folder)
    pointer = folder / CURRENT
    if not pointer.exists():
        raise InputMissing(
            "there is no bundle", [Fault(str(folder), f"no {CURRENT}", "forecast promote first")]
        )
    name = pointer.read_bytes().decode(errors="replace").removesuffix("\n")
    if len(name) != 64 or not set(name) <= set("0123456789abcdef") or not (folder / name / MANIFEST).exists():
        raise DataError(
            "the bundle is damaged", [Fault(str(pointer), f"names no bundle: {name[:70]!r}", _DO)]
        )
    return _read(folder / name, name)


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
