"""A shelf of three small editions, published in October and November at noon in India."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from forecasting.publishing import edition, ledger

OCT, NOV, LATE = "2026-10-20-aaaaaaaa", "2026-11-20-bbbbbbbb", "2026-11-22-cccccccc"
AS_OF = {OCT: "2026-10-01", NOV: "2026-11-01", LATE: "2026-11-18"}
FILES = {
    "forecasts.csv": b"series,value\nx,1\n",
    "balance/gap.csv": b"\xff\x00\n",
    "report.html": b"<p>1</p>",
}


def put(root: Path, id: str, as_of: str = "", **more: Any) -> None:
    """An edition in its place, ``latest`` on it, and nothing recorded yet."""
    facts = {"key": f"key of {id}", "as_of": as_of or AS_OF[id], "released": id[:10], "status": "normal"}
    edition.write(root, id, FILES, facts | more)


def at(id: str) -> datetime:
    """06:30 in UTC of the day in an edition's id."""
    return datetime.fromisoformat(f"{id[:10]}T06:30:00+00:00")


def filled(root: Path) -> Path:
    for id in (OCT, NOV, LATE):
        put(root, id)
        ledger.record(root, id, at(id))
    return root


def fates(root: Path) -> dict[str, str]:
    known = ledger.ledger(root)
    return {id: known.status(id) for id in known.editions}


def pointed(root: Path) -> str | None:
    found = edition.latest(root)
    return found.name if found else None
