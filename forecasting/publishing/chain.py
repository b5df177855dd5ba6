"""The audit file of an editions folder: one line an event, each bound to the line before it, only ever added to.

A line is canonical JSON with its number, the SHA-256 of the previous line and, last, that of its own body; a flipped
byte is found in any line, the last one included. A line is written by one ``write`` to a file opened for appending,
then flushed. What a killed run left of a line is completed when only its newline is missing, else set aside beside
the file, and the chain goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from forecasting.errors import CannotWrite, DataError, Fault
from forecasting.tracking.manifests import add_whole

AUDIT = "audit.jsonl"
TORN = "audit.torn"
GENESIS = "0" * 64
Event = Literal["published", "superseded", "retracted", "held", "overridden"]
EVENTS: tuple[Event, ...] = get_args(Event)
_BODY = {"edition", "event", "facts", "previous", "sequence", "time"}


@dataclass(frozen=True)
class Line:
    """One event. ``time`` is in UTC; ``edition`` is empty for what concerns none (an edition held back)."""

    sequence: int
    time: datetime
    event: Event
    edition: str
    facts: Mapping[str, Any]
    previous: str

    @property
    def text(self) -> bytes:
        """The line as it stands in the file, without its newline."""
        body = {
            "edition": self.edition,
            "event": self.event,
            "facts": dict(self.facts),
            "previous": self.previous,
            "sequence": self.sequence,
            "time": self.time.astimezone(UTC).isoformat(timespec="microseconds"),
        }
        return _canonical({**body, "body_sha256": _digest(_canonical(body))})

    @property
    def digest(self) -> str:
        return _digest(self.text)


def append(
    root: Path, event: Event, facts: Mapping[str, Any], edition: str = "", at: datetime | None = None
) -> Line:
    """Add a line to the audit file; call it while holding the publisher lock.

    Raises :class:`DataError` when the chain so far is broken and :class:`CannotWrite` when the line cannot be
    written, in which case none of it stays.
    """
    path = root / AUDIT
    try:
        mend(root)
        lines = read(root)
        line = Line(
            len(lines) + 1,
            at or datetime.now(UTC),
            event,
            edition,
            json.loads(_canonical(facts)),
            lines[-1].digest if lines else GENESIS,
        )
        add_whole(path, line.text + b"\n")
    except OSError as error:
        raise CannotWrite(
            f"{path}: the line of {event} {edition} was not written ({error.strerror}); "
            "free space and run again"
        ) from error
    return line


def read(root: Path) -> tuple[Line, ...]:
    """The lines of the audit file, the chain checked; a torn last line is left out.

    Raises :class:`DataError` naming the first broken line.
    """
    path = root / AUDIT
    if not path.is_file():
        return ()
    *whole, _ = path.read_bytes().split(b"\n")
    lines: list[Line] = []
    for number, text in enumerate(whole, 1):
        line = _parsed(text)
        wrong = _wrong(line, number, lines[-1].digest if lines else GENESIS)
        if line is None or wrong:
            raise _broken(path, number, wrong)
        lines.append(line)
    return tuple(lines)


def torn(root: Path) -> bytes:
    """What a killed run left of a last line; empty when the file ends as it should."""
    path = root / AUDIT
    return path.read_bytes().rpartition(b"\n")[2] if path.is_file() else b""


def mend(root: Path) -> Path | None:
    """Complete a last line that lacks only its newline, or set aside what is left of it and return where.

    Raises :class:`DataError` when the chain is broken, or when a whole last line ends in another byte, as no kill
    leaves it.
    """
    left = torn(root)
    if not left:
        return None
    path, lines = root / AUDIT, read(root)
    number, previous = len(lines) + 1, lines[-1].digest if lines else GENESIS
    if not _wrong(_parsed(left), number, previous):
        add_whole(path, b"\n")
        return None
    if not _wrong(_parsed(left[:-1]), number, previous):
        raise _broken(path, number, "not what was written: no newline ends it")
    aside = root / f"{TORN}-{number}-{_digest(left)[:8]}"
    with aside.open("wb") as file:
        file.write(left)
        file.flush()
        os.fsync(file.fileno())
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - len(left))
        os.fsync(file.fileno())
    return aside


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _parsed(text: bytes) -> Line | None:
    """A line of the file, when its bytes are what :attr:`Line.text` writes."""
    try:
        body = json.loads(text)
        fields = {name: body[name] for name in _BODY}
        line = Line(**{**fields, "time": datetime.fromisoformat(fields["time"])})
        faithful = line.text == text and line.event in EVENTS
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return line if faithful else None


def _broken(path: Path, number: int, found: str) -> DataError:
    fault = Fault(f"{path}:{number}", found, "restore the file from a copy")
    return DataError(f"{path}: the chain is broken at line {number}", [fault])


def _wrong(line: Line | None, number: int, previous: str) -> str:
    if line is None:
        return "not what was written"
    if line.sequence != number:
        return f"its number is {line.sequence}; lines were added or removed"
    if line.previous != previous:
        return "it does not follow the line before it"
    return ""
