"""The ledger of promotions: append-only lines, each holding the SHA-256 of the one before."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from forecasting.errors import DataError, Fault
from forecasting.tracking.manifests import canonical, sha256
from forecasting.tracking.store import Store

GENESIS = "0" * 64


@dataclass(frozen=True)
class Promotion:
    """One line: at this time, this series went from one version to another, for this reason."""

    at: str
    series: str
    from_version: int | None
    to_version: int
    reason: str
    digest: str
    prev: str = GENESIS


def ledger(store: Store) -> Path:
    """Where the promotions of a store are written."""
    return store.home / "promotions.jsonl"


def promotions(store: Store, series: str | None = None) -> list[Promotion]:
    """Every promotion in order, after checking that the chain is whole.

    Raises :class:`DataError` naming the line that was changed, removed, or left unfinished.
    """
    path = ledger(store)
    if not path.exists():
        return []
    content = path.read_bytes()
    names = {field.name for field in fields(Promotion)}
    found, prev = [], GENESIS
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        where = f"{path}:{number}"
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not line.endswith(b"\n") or not isinstance(row, dict) or set(row) != names:
            fault = Fault(
                where, "not a whole promotion", "restore the file, or drop the line if it is the last"
            )
            raise DataError("the ledger of promotions is damaged", [fault])
        if row["prev"] != prev:
            fault = Fault(where, "does not follow from the line before", "restore the file from a backup")
            raise DataError("the ledger of promotions was changed", [fault])
        found.append(Promotion(**row))
        prev = sha256(line)
    return [one for one in found if series is None or one.series == series]


def append(
    store: Store, at: datetime, series: str, old: int | None, new: int, reason: str, digest: str
) -> None:
    """Add a promotion; call it under the registry's lock. A repeated last step is not written twice."""
    before = promotions(store)
    mine = [one for one in before if one.series == series]
    if mine and (mine[-1].from_version, mine[-1].to_version, mine[-1].digest) == (old, new, digest):
        return
    path = ledger(store)
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    prev = sha256(lines[-1]) if lines else GENESIS
    line = canonical(asdict(Promotion(at.isoformat(), series, old, new, reason, digest, prev))) + "\n"
    with store.speaking():
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
