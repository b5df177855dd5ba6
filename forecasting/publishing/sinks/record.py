"""What was delivered where, kept beside the editions so that what did not arrive is sent at the next run.

One JSON object a line in ``deliveries.jsonl``; an edition itself is never touched. A line cut off by a crash counts
as no delivery: the edition is sent again, which changes nothing at a place that has it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from forecasting.errors import CannotWrite

DELIVERIES = "deliveries.jsonl"
Outcome = Literal["delivered", "unchanged", "failed"]


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver: to which sink, which edition, how it ended, when and why.

    ``state`` is the digest of what all editions had come to by then.
    """

    sink: str
    edition: str
    state: str
    outcome: Outcome
    detail: str
    tries: int
    at: str

    def __str__(self) -> str:
        return f"{self.sink}: {self.edition} {self.outcome}: {self.detail}"


def append(root: Path, deliveries: Iterable[Delivery]) -> None:
    """Add deliveries to the record and flush it; :class:`CannotWrite` when that fails."""
    lines = "".join(json.dumps(asdict(one), ensure_ascii=False, sort_keys=True) + "\n" for one in deliveries)
    if not lines:
        return
    path = root / DELIVERIES
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, (("\n" if torn else "") + lines).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CannotWrite(f"{path}: {error.strerror or error}; free the space or make it writable") from error


def read(root: Path) -> list[Delivery]:
    """The record, oldest first; lines cut off by a crash are left out."""
    path = root / DELIVERIES
    if not path.is_file():
        return []
    names = {field.name for field in fields(Delivery)}
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            content = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(content, dict) and set(content) == names:
            found.append(Delivery(**content))
    return found
