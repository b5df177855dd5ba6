"""What the other end is told of every edition: when it was public, and what became of it, from the audit file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from forecasting.errors import DataError
from forecasting.publishing.chain import AUDIT
from forecasting.publishing.ledger import edition_damage, ledger
from forecasting.publishing.standing import Ledger

Span = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Account:
    """One edition: its dates, its status when it was published, and its fate.

    ``public`` are the spans in which it was the latest (UTC; the end not included, None: still); ``fate`` is
    ``current``, ``superseded`` or ``retracted``, ``words`` say it to readers (nothing: it stands); ``reason`` says why
    it was retracted; ``corrections`` are its errata; ``changed`` is when something last happened to it.
    """

    edition: str
    key: str
    released: date
    as_of: date
    status: str
    manifest_sha256: str
    fate: str
    words: str
    published: datetime
    changed: datetime
    public: tuple[Span, ...]
    superseded_by: str
    retracted: datetime | None
    reason: str
    corrections: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """The account as plain values for JSON."""
        return {
            "edition": self.edition,
            "released": self.released.isoformat(),
            "as_of": self.as_of.isoformat(),
            "status": self.status,
            "manifest_sha256": self.manifest_sha256,
            "fate": self.fate,
            "public": [[_stamp(since), _stamp(until)] for since, until in self.public],
            "superseded_by": self.superseded_by or None,
            "retracted": _stamp(self.retracted),
            "reason": self.reason,
            "corrections": list(self.corrections),
        }


def accounts(root: Path) -> list[Account]:
    """Every recorded edition of a root, in the order of publication, also where its folder is gone.

    Raises :class:`DataError` when the chain of the audit file is broken.
    """
    known = ledger(root)
    return [
        Account(
            id,
            str(one.facts.get("key", "")),
            date.fromisoformat(str(one.facts["released"])),
            date.fromisoformat(str(one.facts["as_of"])),
            str(one.facts.get("status", "normal")),
            one.manifest,
            known.status(id),
            known.fate(id),
            one.since,
            _changed(known, id),
            tuple((reign.since, reign.until) for reign in known.reigns if reign.edition == id),
            known.superseded_by(id),
            one.retracted_at,
            one.retracted,
            tuple(f"{e.day} {e.kind}: {e.what}" for e in known.errata(id)),
        )
        for id, one in known.editions.items()
    ]


def _changed(known: Ledger, id: str) -> datetime:
    """When an edition was published or corrected, corrected another, or when what supersedes it changed."""
    of, above = {id}, _above(known, id)
    of |= {one for one in above if known.editions[one].retracted}
    touching = [line for line in known.lines if id in (line.edition, line.facts.get("by"))]
    touching += [line for line in known.lines if line.event == "retracted" and line.edition in above]
    touching += [line for line in known.lines if line.event == "superseded" and line.edition in of]
    touching += [line for line in known.lines if not of.isdisjoint(line.facts.get("supersedes", ()))]
    return max(line.time for line in touching)


def _above(known: Ledger, id: str) -> set[str]:
    """The editions that superseded one, and those that superseded these where they were retracted."""
    found: set[str] = set()
    for by in known.editions[id].replaced_by:
        found |= {by} | (_above(known, by) if known.editions[by].retracted else set())
    return found


def require_of_root(place: str, held: Mapping[str, str], told: Sequence[Account], root: Path) -> None:
    """Raise :class:`DataError` when a place holds an edition that was not published below a root.

    ``held`` has the SHA-256 of its manifest by edition, empty where it is not compared. An edition counts that the
    audit file names, also when its own folder is lost or archived.
    """
    ours = {one.edition: one.manifest_sha256 for one in told}
    foreign = [id for id in sorted(held) if id not in ours]
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise DataError(
            f"{place} holds {', '.join(foreign[:3])}{more}, and {root / AUDIT} has no line of it: it is another "
            "editions folder's, or the audit file was lost; restore that file from a copy, or give this editions "
            "folder a place of its own"
        )
    for id in sorted(held):
        if held[id] and held[id] != ours[id]:
            raise DataError(
                f"{place} holds another edition {id}: its manifest has SHA-256 {held[id][:12]}, not "
                f"{ours[id][:12]}; give this editions folder a place of its own"
            )


def damage(folder: Path, root: Path) -> DataError | None:
    """Why an edition must not be delivered: some byte of it is not what was published."""
    faults = edition_damage(root, folder.name, ledger(root))
    return DataError(f"{folder} is not delivered: it is not what was published", faults) if faults else None


def current(of: Iterable[Account]) -> Account | None:
    """The edition readers are given today, among some: the one published last that was not retracted."""
    return next((one for one in reversed(list(of)) if one.retracted is None), None)


def of_site(told: Iterable[Account], editions: Iterable[Path]) -> list[Account]:
    """The accounts a site over some edition folders tells: theirs, and those of every retracted edition."""
    served = {folder.name for folder in editions}
    return [one for one in told if one.edition in served or one.retracted is not None]


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
