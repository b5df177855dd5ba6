"""What happened to every edition, for ever: published, superseded, retracted, and what was public when.

The audit file is the truth; the pointer ``latest`` follows it. A run that is killed after its edition was renamed
into place leaves a line to write or a pointer to move: :func:`reconcile` does both, at the start of the next run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.errors import DataError, Fault, HeldBack, InputMissing, UsageError, nearest
from forecasting.publishing import edition
from forecasting.publishing.chain import AUDIT, Line, append, mend, read
from forecasting.publishing.damage import edition_damage, manifest_digest, own_damage, pointed, pointer_damage
from forecasting.publishing.reasons import said
from forecasting.publishing.standing import CLASSES, Ledger

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "append", "edition_damage", "errata", "ledger", "pointer_damage", "read", "reconcile", "record",
    "require_not_retracted",
]  # fmt: skip
_TOLD = ("key", "as_of", "released", "status")


def ledger(root: Path) -> Ledger:
    """What the audit file of a folder says, its chain checked; empty before the first edition.

    Raises :class:`DataError` when the chain is broken, or the file is gone while editions lie there that no killed
    first run left.
    """
    lines = read(root)
    if not lines:
        _require_first(root)
    return Ledger(lines)


def _require_first(root: Path) -> None:
    """What lies in a folder without a line is at most the one edition of a first run that was killed."""
    found = edition.editions(root)
    if len(found) > 1:
        raise _lost(root, found)
    if found and _follows(found[0]):
        raise _lost(root, found, "which followed another edition")


def _follows(folder: Path) -> bool:
    try:
        return bool(edition.read_manifest(folder).get("previous"))
    except DataError:
        return False


def _lost(root: Path, folders: list[Path], why: str = "more than the one a killed run leaves") -> DataError:
    found = f"no line names {', '.join(folder.name for folder in folders)}, {why}"
    advice = "restore it from a copy; without one move them elsewhere, for what was retracted is lost with it"
    return DataError(f"{root / AUDIT}: lines are lost", [Fault(str(root / AUDIT), found, advice)])


def record(root: Path, id: str, at: datetime | None = None, recovered: str = "") -> Line:
    """Record that an edition in its place is public; call it while holding the publisher lock.

    The line holds the SHA-256 of its manifest, and with it every byte of the edition, and names the editions of the
    same month of data that this one supersedes. A line for each gate that was overridden follows.
    """
    manifest = edition.read_manifest(root / id)
    facts: dict[str, Any] = {name: manifest[name] for name in _TOLD if name in manifest}
    facts["manifest_sha256"] = manifest_digest(root / id)
    replaced = [other for other in ledger(root).of_month(str(facts.get("as_of", ""))) if other != id]
    if replaced:
        facts["supersedes"] = replaced
    if recovered:
        facts["recovered"] = recovered
    line = append(root, "published", facts, id, at)
    _tell_overrides(root, id)
    return line


def _tell_overrides(root: Path, id: str) -> list[str]:
    """Add what is not there yet of the lines of an edition's overridden gates; gives the gates."""
    told = [line.facts for line in read(root) if (line.event, line.edition) == ("overridden", id)]
    gates = edition.read_manifest(root / id).get("gates", ())
    wanted = dict.fromkeys((one["gate"], one["overridden"]) for one in gates if one["overridden"])
    facts = [{"gate": gate, "reason": reason} for gate, reason in wanted]
    added = [one for one in facts if one not in told]
    for one in added:
        append(root, "overridden", one, id)
    return [one["gate"] for one in added]


def reconcile(root: Path) -> list[str]:
    """Bring the audit file and ``latest`` up to what lies in the folder; call it while holding the publisher lock.

    A torn last line is completed or set aside; a sound edition without a line gets one, marked as recovered when
    readers were given it already; gates overridden in the last edition get the lines they lack; ``latest`` points to
    the edition published last of those neither retracted nor damaged. Returns what was done, a sentence each. Raises
    :class:`DataError` when the chain is broken, or when more editions have no line than a killed run leaves.
    """
    done = []
    aside = mend(root)
    if aside:
        done.append(f"the torn last line of {AUDIT} was set aside as {aside.name}")
    known = ledger(root)
    last = max(known.editions.values(), key=lambda one: one.sequence, default=None)
    if last is not None and manifest_digest(root / last.edition) == last.manifest:
        gates = _tell_overrides(root, last.edition)
        done += [f"{last.edition} overrode gate {gate}; its line was added" for gate in gates]
    unrecorded = _unrecorded(root, known)
    if len(unrecorded) > 1:
        raise _lost(root, unrecorded)
    return [*done, *(_recover(root, folder) for folder in unrecorded), *_aim(root, ledger(root))]


def _recover(root: Path, folder: Path) -> str:
    """Record an edition whose run could not: public since its manifest's own time, or only now."""
    id = folder.name
    edition.open_to_readers(folder)
    if pointed(root) != id:
        record(root, id)
        return f"{id} was made by a run that was killed before it was public; its line was added"
    written = datetime.fromtimestamp((folder / edition.MANIFEST).stat().st_mtime, UTC)
    record(root, id, recovered=written.isoformat(timespec="seconds"))
    return f"{id} was published by a run that could not record it; its line was added"


def _unrecorded(root: Path, known: Ledger) -> list[Path]:
    """Sound editions of this folder without a line."""
    found = []
    for folder in edition.editions(root):
        if folder.name in known.editions:
            continue
        try:
            mine = edition.verify(folder).get("edition") == folder.name
        except DataError:
            continue
        if mine:
            found.append(folder)
    return found


def _aim(root: Path, known: Ledger) -> list[str]:
    now, ranked = pointed(root), known.ranked
    if not known.editions or (ranked and now == ranked[0]):
        return []
    passed = []
    for id in ranked:
        if not edition_damage(root, id, known):
            if now != id:
                edition.point(root, id)
                passed.append(f"latest now points to {id}")
            return passed
        passed.append(f"{id} is damaged and was passed over: forecast editions verify {id}")
    link = root / edition.LATEST
    if link.is_symlink():
        link.unlink()
        passed.append("no edition stands; latest was removed")
    return passed


def identify(root: Path, name: str) -> str:
    """The id of an edition by its name or an unambiguous beginning of it, or of the one ``latest`` points to.

    Raises :class:`InputMissing` when there is none of this name, :class:`UsageError` when several begin so, and
    :class:`DataError` when ``latest`` does not point where the audit file says.
    """
    known = _names(root)
    if name in known:
        return name
    begun = sorted(id for id in known if name and id.startswith(name))
    if len(begun) > 1:
        raise UsageError(f"{name!r} is the beginning of {', '.join(begun)}; name one")
    if begun:
        return begun[0]
    if name != edition.LATEST or not known:
        advice = nearest(name, {*known, edition.LATEST}) if known else "publish one first: forecast publish"
        raise InputMissing(f"{root} has no edition {name!r}; {advice}")
    now = pointed(root)
    if now in known:
        return str(now)
    faults = pointer_damage(root, ledger(root))
    if faults:
        raise DataError(f"{root / edition.LATEST}: damaged", faults)
    raise InputMissing(f"{root}: no edition stands, all were retracted; name one: {', '.join(sorted(known))}")


def told_through(root: Path) -> str | None:
    """The edition with which sinks are told what became of all: the latest; when none stands, the last recorded one
    that lies there undamaged, or else the last. None before the first.

    Raises :class:`DataError` as :func:`identify`.
    """
    if edition.latest(root) is not None:
        return identify(root, edition.LATEST)
    known = ledger(root)
    recorded = list(reversed(known.editions))
    return next((id for id in recorded if not edition_damage(root, id, known)), next(iter(recorded), None))


def _names(root: Path) -> set[str]:
    """Every edition that lies in the folder or that the audit file names."""
    present = {path.name for path in edition.editions(root)}
    try:
        return present | set(ledger(root).editions)
    except DataError:
        return present


def supersede(root: Path, id: str, by: str, kind: str, what: str) -> None:
    """Record an erratum: an edition was wrong in something, and a later one puts it right.

    ``kind`` is ``minor`` or ``substantial`` (it would have changed a conclusion). Raises :class:`UsageError` for
    an unknown class, an empty text, an edition that was not published later or is retracted itself, and for an
    erratum that stands there already.
    """
    known = ledger(root)
    for one in (id, by):
        _require_recorded(root, known, one)
    if kind not in CLASSES:
        raise UsageError(f"--class {kind!r} is not known; {nearest(kind, CLASSES)}")
    facts = {"by": by, "class": kind, "what": said("--what", what)}
    if known.editions[by].retracted:
        raise UsageError(f"{by} is retracted and supersedes nothing; name the edition that stands")
    if known.editions[by].sequence <= known.editions[id].sequence:
        raise UsageError(f"{by} was not published after {id}; name the later edition with --by")
    for line in known.lines:
        if (line.event, line.edition, line.facts) == ("superseded", id, facts):
            raise UsageError(f"{id}: this erratum was recorded on {line.time.date()} already")
    append(root, "superseded", facts, id)


def retract(root: Path, id: str, reason: str) -> list[str]:
    """Retract an edition and move ``latest`` off it; its files stay as they are.

    Returns what was done to ``latest`` and which editions of the same inputs still stand, a sentence each. Raises
    :class:`UsageError` without a reason or when it is retracted already.
    """
    known = ledger(root)
    _require_recorded(root, known, id)
    one = known.editions[id]
    if one.retracted_at is not None:
        raise UsageError(f"{id} was retracted on {one.retracted_at.date()} already: {one.retracted}")
    append(root, "retracted", {"reason": said("--reason", reason)}, id)
    known = ledger(root)
    return [*_aim(root, known), *map(str, _twins(known, one.facts.get("key")))]


def require_not_retracted(root: Path, key: str) -> None:
    """Raise :class:`HeldBack` when an edition of the same inputs was retracted: they would only give it again.

    Editions of these inputs that still stand are named.
    """
    known = ledger(root)
    for one in known.editions.values():
        if one.retracted_at is not None and one.facts.get("key") == key:
            raise HeldBack(
                f"held back: these inputs give {one.edition} again, which was retracted on "
                f"{one.retracted_at.date()} ({one.retracted}); correct the data, the release or the code first",
                _twins(known, key),
            )


def _twins(known: Ledger, key: object) -> list[Fault]:
    """The editions of the same inputs that were not retracted."""
    found = [id for id in known.ranked if key and known.editions[id].facts.get("key") == key]
    return [
        Fault(id, "made of the same inputs, and it stands", "retract it as well if it is wrong")
        for id in found
    ]


def errata(root: Path) -> pd.DataFrame:
    """Every correction and retraction so far: columns ``date``, ``edition``, ``class``, ``what``, oldest first."""
    import pandas as pd

    rows = [(one.day.isoformat(), one.edition, one.kind, one.what) for one in ledger(root).errata()]
    return pd.DataFrame(rows, columns=["date", "edition", "class", "what"])


def damage_of(root: Path, id: str) -> list[Fault]:
    """What is wrong with one edition, the audit file, and ``latest``."""
    try:
        known = ledger(root)
    except DataError as error:
        return [*error.faults, *own_damage(root / id)]
    return [*pointer_damage(root, known), *edition_damage(root, id, known)]


def all_damage(root: Path) -> list[Fault]:
    """What is wrong with the audit file, ``latest``, and every edition under a root."""
    try:
        known = ledger(root)
    except DataError as error:
        return [*error.faults, *(fault for path in edition.editions(root) for fault in own_damage(path))]
    present = {path.name for path in edition.editions(root)}
    faults = pointer_damage(root, known)
    for id in sorted(present | set(known.editions)):
        faults += edition_damage(root, id, known)
    return faults


def _require_recorded(root: Path, known: Ledger, id: str) -> None:
    if id not in known.editions:
        raise InputMissing(f"{root / AUDIT}: no line names {id}; forecast editions verify {id} says why")
