"""The ledger of promotions: lines only ever added, each with its own SHA-256 and that of the line before."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from forecasting.errors import DataError, Fault, InputMissing
from forecasting.tracking.bundle import CURRENT, read_bundle
from forecasting.tracking.manifests import add_whole, canonical, sha256
from forecasting.tracking.store import Store

GENESIS = "0" * 64
CHOSEN = (
    "first",
    "promoted",
    "overridden",
    "declared",
    "refreshed",
    "restored",
)  # verdicts after which another recipe is in force
_OLD = {"at", "series", "from_version", "to_version", "reason", "digest", "prev"}


@dataclass(frozen=True)
class Promotion:
    """One line: what was decided about the champion of a series, when, why, and on what evidence.

    ``verdict`` is ``first``, ``promoted``, ``overridden``, ``declared`` (another model, the only one of its file:
    nothing was tested), ``refreshed`` (the same model on newer data or libraries), ``inconclusive`` (the champion
    stays), ``restored`` (what the release holds, where the ledger named another: a promotion was cut short, or a file
    was put back) or ``dropped`` (no experiment forecasts the series any more). ``digest`` is the identity of the
    champion in force from then on, empty when there is none, ``replaced`` that of the one before.
    """

    at: str
    series: str
    verdict: str
    digest: str
    replaced: str | None
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    prev: str = GENESIS

    @property
    def line(self) -> bytes:
        """The line as it stands in the file."""
        body = asdict(self)
        return (canonical({**body, "sha256": sha256(canonical(body))}) + "\n").encode()

    @property
    def number(self) -> str:
        """The SHA-256 of the line, by which others refer to it."""
        return sha256(self.line)


def ledger(store: Store) -> Path:
    """Where the promotions of a store are written."""
    return store.home / "promotions.jsonl"


def promotions(store: Store, series: str | None = None) -> list[Promotion]:
    """Every promotion in order, after checking that the chain is whole.

    Raises :class:`DataError` naming the line that was changed, removed, or left unfinished.
    """
    path = ledger(store)
    found = _chain(path, path.read_bytes() if path.exists() else b"")
    return [one for one in found if series is None or one.series == series]


def _chain(path: Path, content: bytes) -> list[Promotion]:
    found: list[Promotion] = []
    prev = GENESIS
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        where = f"{path}:{number}"
        row = _row(line)
        if row is None:
            do = "restore the file, or run forecast promote again if it is the last line"
            raise DataError(
                "the ledger of promotions is damaged", [Fault(where, "not a whole promotion", do)]
            )
        if row["prev"] != prev:
            fault = Fault(where, "does not follow from the line before", "restore the file from a backup")
            raise DataError("the ledger of promotions was changed", [fault])
        found.append(_promotion(row))
        prev = sha256(line)
    return found


def disputed(store: Store, releases: Path) -> list[Fault]:
    """Series of which ledger and release name different champions: a promotion was cut short, or one of the two was
    cut off, lost or put back. What a kill left of a last line counts for nothing."""
    path = ledger(store)
    content = path.read_bytes() if path.exists() else b""
    last = {one.series: one.digest for one in _chain(path, content[: content.rfind(b"\n") + 1])}
    try:
        held = {id: one.digest for id, one in read_bundle(releases).champions.items()}
    except InputMissing:  # nothing was released yet
        held = {}
    do = "forecast promote again, which sets it right, or restore the file that was cut or put back"
    if any(last.values()) and not (releases / CURRENT).exists():
        do = f"restore {releases} from a copy, or move {path.name} away to begin without champions"
    faults = []
    for id in sorted(last.keys() | held.keys()):
        said, is_held = last.get(id, ""), held.get(id, "")
        if said != is_held:
            found = f"its last line about {id} names {_short(said)}, the release holds {_short(is_held)}"
            if not said:
                found = f"no line put the champion {_short(is_held)} of {id} in force"
            faults.append(Fault(str(path), found, do))
    return faults


def _short(digest: str) -> str:
    return digest[:12] or "no champion"


def append(
    store: Store,
    at: datetime,
    series: str,
    verdict: str,
    digest: str,
    reason: str,
    evidence: Mapping[str, Any] | None = None,
) -> Promotion:
    """Add one decision, as :meth:`Book.append`."""
    with writing(store) as book:
        return book.append(at, series, verdict, digest, reason, evidence)


@contextmanager
def writing(store: Store) -> Iterator[Book]:
    """The ledger under its lock, read and checked once, however many lines are added.

    What a killed run left of a last line is cut off first: nobody was told that it had been written.
    """
    with store.lock("ledger"), store.speaking():
        path = ledger(store)
        _mend(path)
        found = promotions(store)
        yield Book(path, {one.series: one for one in found}, _end(path))


@dataclass
class Book:
    """An open ledger: the last line of each series, and the SHA-256 of the last of all."""

    path: Path
    last: dict[str, Promotion]
    prev: str

    def append(
        self,
        at: datetime,
        series: str,
        verdict: str,
        digest: str,
        reason: str,
        evidence: Mapping[str, Any] | None = None,
    ) -> Promotion:
        """Add what was decided about a series; gives its line, or the last one when that says the same already."""
        if at.tzinfo is None:
            raise DataError(f"{series}: the time of a promotion needs a time zone")
        last = self.last.get(series)
        told = json.loads(canonical(dict(evidence or {})))
        if (
            last is not None
            and last.digest == digest
            and (verdict in CHOSEN or (last.verdict, last.evidence) == (verdict, told))
        ):
            return last
        before = None if last is None else last.digest
        made = Promotion(at.isoformat(), series, verdict, digest, before, reason, told, self.prev)
        add_whole(self.path, made.line)
        self.last[series], self.prev = made, made.number
        return made


def _end(path: Path) -> str:
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return sha256(lines[-1]) if lines else GENESIS


def _mend(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if not line.endswith(b"\n") or not isinstance(row, dict):
        return None
    if set(row) == _OLD:
        return row
    own = row.pop("sha256", None)
    if set(row) != set(Promotion.__dataclass_fields__) or own != sha256(canonical(row)):
        return None
    return row


def _promotion(row: Mapping[str, Any]) -> Promotion:
    if set(row) != _OLD:
        return Promotion(**row)
    evidence = {name: row[name] for name in ("from_version", "to_version")}
    verdict = "first" if row["from_version"] is None else "promoted"
    return Promotion(
        row["at"], row["series"], verdict, row["digest"], None, row["reason"], evidence, row["prev"]
    )
