"""What the audit lines say: how each edition stands, which is the latest, and which was on a given day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from forecasting.publishing.chain import Line

Class = Literal["minor", "substantial"]
CLASSES: tuple[Class, ...] = get_args(Class)


@dataclass(frozen=True)
class Erratum:
    """A correction of an edition or its retraction: the day (UTC), the class (or ``retracted``), and what was wrong."""

    day: date
    edition: str
    kind: str
    what: str


@dataclass(frozen=True)
class Standing:
    """How one edition stands.

    ``since`` is when it became public; ``recovered`` when its line was written by a later run, so that ``since`` is
    its manifest's own time. ``replaced_by`` are the editions that superseded it, in that order; ``retracted`` is the
    reason it was retracted for, empty for none.
    """

    edition: str
    since: datetime
    sequence: int
    facts: Mapping[str, Any]
    recovered: bool = False
    replaced_by: tuple[str, ...] = ()
    retracted: str = ""
    retracted_at: datetime | None = None

    @property
    def manifest(self) -> str:
        """The SHA-256 of its manifest when it was published."""
        return str(self.facts["manifest_sha256"])


@dataclass(frozen=True)
class Reign:
    """The time an edition was the latest: from, and until when (None: still)."""

    edition: str
    since: datetime
    until: datetime | None


@dataclass
class Ledger:
    """What a sequence of audit lines says.

    An edition is *superseded* by a later one of the same month of data, and by those its errata name, while one of
    them stands; when one is retracted, whatever superseded it supersedes this one too. The *latest* is the edition
    published last of those not retracted.
    """

    lines: tuple[Line, ...]
    editions: dict[str, Standing] = field(default_factory=dict)
    reigns: list[Reign] = field(default_factory=list)

    def __post_init__(self) -> None:
        for line in self.lines:
            match line.event:
                case "published":
                    self._published(line)
                case "superseded":
                    self._superseded(line)
                case "retracted":
                    self._retracted(line)
                case _:
                    continue
            self._crown(line)

    def _published(self, line: Line) -> None:
        since, recovered = line.time, "recovered" in line.facts
        if recovered:
            since = datetime.fromisoformat(line.facts["recovered"])
        self.editions[line.edition] = Standing(line.edition, since, line.sequence, line.facts, recovered)
        for id in line.facts.get("supersedes", ()):
            self._replaced(id, line.edition)

    def _superseded(self, line: Line) -> None:
        self._replaced(line.edition, line.facts["by"])

    def _replaced(self, id: str, by: str) -> None:
        one = self.editions[id]
        self.editions[id] = replace(one, replaced_by=(*one.replaced_by, by))

    def _retracted(self, line: Line) -> None:
        one = self.editions[line.edition]
        self.editions[line.edition] = replace(one, retracted=line.facts["reason"], retracted_at=line.time)

    def _crown(self, line: Line) -> None:
        """Note when the latest edition changed."""
        now = self.ranked[0] if self.ranked else ""
        reigning = self.reigns[-1] if self.reigns and self.reigns[-1].until is None else None
        if (reigning.edition if reigning else "") == now:
            return
        at = self.editions[now].since if line.event == "published" else line.time
        if self.reigns:  # whatever clocks said: none is public as the latest before the one before it
            at = max(at, self.reigns[-1].until or self.reigns[-1].since)
        if reigning:
            self.reigns[-1] = replace(reigning, until=at)
        if now:
            self.reigns.append(Reign(now, at, None))

    @property
    def ranked(self) -> list[str]:
        """The editions not retracted, the one published last first."""
        standing = [one for one in self.editions.values() if not one.retracted]
        return [one.edition for one in sorted(standing, key=lambda one: -one.sequence)]

    def superseders(self, id: str) -> list[str]:
        """The editions that supersede one today, the one named last first."""
        found: list[str] = []
        for by in reversed(self.editions[id].replaced_by):
            found += self.superseders(by) if self.editions[by].retracted else [by]
        return list(dict.fromkeys(found))

    def superseded_by(self, id: str) -> str:
        """The edition readers of a superseded one are sent to; empty when none supersedes it."""
        return next(iter(self.superseders(id)), "")

    def status(self, id: str) -> str:
        """``retracted``, ``superseded`` or ``current``."""
        if self.editions[id].retracted:
            return "retracted"
        return "superseded" if self.superseded_by(id) else "current"

    def fate(self, id: str) -> str:
        """What became of an edition, in words; empty for one that stands or was never recorded."""
        one = self.editions.get(id)
        if one is None:
            return ""
        if one.retracted_at is not None:
            return f"retracted on {one.retracted_at.date()}: {one.retracted}"
        by = self.superseded_by(id)
        return f"superseded by {by}" if by else ""

    def supersedes(self, id: str) -> list[str]:
        """The editions one supersedes today, in the order of their publication."""
        return [other for other in self.editions if id in self.superseders(other)]

    def of_month(self, as_of: str) -> list[str]:
        """The current editions whose data are of the same month (``as_of`` as 2026-11-20)."""
        return [
            id
            for id, one in self.editions.items()
            if self.status(id) == "current" and str(one.facts.get("as_of", ""))[:7] == as_of[:7] != ""
        ]

    def errata(self, id: str = "") -> list[Erratum]:
        """The corrections and retractions of one edition, or of all, in the order they were made."""
        return [
            Erratum(
                line.time.date(),
                line.edition,
                line.facts.get("class", "retracted"),
                line.facts.get("what") or line.facts["reason"],
            )
            for line in self.lines
            if line.event in ("superseded", "retracted") and id in ("", line.edition)
        ]

    def on(self, day: date, zone: ZoneInfo) -> tuple[list[Reign], str]:
        """The editions that were the latest at some moment of a day in a time zone, and the one at its end."""
        start = datetime(day.year, day.month, day.day, tzinfo=zone)
        after = day + timedelta(days=1)
        end = datetime(after.year, after.month, after.day, tzinfo=zone)
        then = [one for one in self.reigns if one.since < end and (one.until is None or one.until > start)]
        last = then[-1] if then else None
        stood = last is not None and (last.until is None or last.until >= end)
        return then, last.edition if last and stood else ""

    def history(self, id: str) -> Iterable[Line]:
        """The lines that concern an edition."""
        return (line for line in self.lines if line.edition == id or line.facts.get("by") == id)
