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
from forecasting.publishing.chain import AUDIT, Line, append, mend, read, torn
from forecasting.publishing.standing import CLASSES, Ledger

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["append", "errata", "ledger", "read", "reconcile", "record", "require_not_retracted"]
_TOLD = ("key", "as_of", "released", "status")
_COPY = "restore it from a copy"


def ledger(root: Path) -> Ledger:
    """What the audit file of a folder says, its chain checked; empty before the first edition."""
    return Ledger(read(root))


def record(root: Path, id: str, at: datetime | None = None, recovered: str = "") -> Line:
    """Record that an edition in its place is public; call it while holding the publisher lock.

    The line holds the SHA-256 of its manifest, and with it every byte of the edition, and names the editions of the
    same month of data that this one supersedes.
    """
    manifest = edition.read_manifest(root / id)
    facts: dict[str, Any] = {name: manifest[name] for name in _TOLD if name in manifest}
    facts["manifest_sha256"] = edition.digest_of((root / id / edition.MANIFEST).read_bytes())
    replaced = [other for other in ledger(root).of_month(str(facts.get("as_of", ""))) if other != id]
    if replaced:
        facts["supersedes"] = replaced
    if recovered:
        facts["recovered"] = recovered
    return append(root, "published", facts, id, at)


def reconcile(root: Path) -> list[str]:
    """Bring the audit file and ``latest`` up to what lies in the folder; call it while holding the publisher lock.

    A torn last line is completed or set aside; sound editions without a line get one, marked as recovered; ``latest``
    points to the edition published last of those neither retracted nor damaged. Returns what was done, a sentence
    each. Raises :class:`DataError` when the chain is broken.
    """
    done = []
    aside = mend(root)
    if aside:
        done.append(f"the torn last line of {AUDIT} was set aside as {aside.name}")
    for id in _unrecorded(root, ledger(root)):
        written = datetime.fromtimestamp((root / id / edition.MANIFEST).stat().st_mtime, UTC)
        (root / id).chmod(0o755)
        record(root, id, recovered=written.isoformat(timespec="seconds"))
        done.append(f"{id} was published by a run that could not record it; its line was added")
    return done + _aim(root, ledger(root))


def _unrecorded(root: Path, known: Ledger) -> list[str]:
    """Sound editions without a line, in the order they were written; the one ``latest`` points to comes last when
    nothing was recorded before."""
    pointed, found = _pointed(root), []
    for folder in edition.editions(root):
        if folder.name in known.editions:
            continue
        try:
            mine = edition.verify(folder).get("edition") == folder.name
        except DataError:
            continue
        if mine:
            last = not known.editions and pointed == folder.name
            found.append((last, (folder / edition.MANIFEST).stat().st_mtime_ns, folder.name))
    return [id for _, _, id in sorted(found)]


def _aim(root: Path, known: Ledger) -> list[str]:
    pointed, ranked = _pointed(root), known.ranked
    if not known.editions or (ranked and pointed == ranked[0]):
        return []
    passed = []
    for id in ranked:
        if not edition_damage(root, id, known):
            if pointed != id:
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
    pointed = _pointed(root)
    if pointed in known:
        return str(pointed)
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


def _pointed(root: Path) -> str | None:
    """The edition ``latest`` points to; its whole path when that is not in this folder."""
    found = edition.latest(root)
    if found is None:
        return None
    return found.name if found.parent == root.resolve() else str(found)


def supersede(root: Path, id: str, by: str, kind: str, what: str) -> None:
    """Record an erratum: an edition was wrong in something, and a later one puts it right.

    ``kind`` is ``minor`` or ``substantial`` (it would have changed a conclusion). Raises :class:`UsageError` for
    an unknown class, an empty text, or an edition that was not published later or is retracted itself.
    """
    known = ledger(root)
    for one in (id, by):
        _require_recorded(root, known, one)
    if kind not in CLASSES:
        raise UsageError(f"--class {kind!r} is not known; {nearest(kind, CLASSES)}")
    text = _said("--what", what)
    if known.editions[by].retracted:
        raise UsageError(f"{by} is retracted and supersedes nothing; name the edition that stands")
    if known.editions[by].sequence <= known.editions[id].sequence:
        raise UsageError(f"{by} was not published after {id}; name the later edition with --by")
    append(root, "superseded", {"by": by, "class": kind, "what": text}, id)


def retract(root: Path, id: str, reason: str) -> list[str]:
    """Retract an edition and move ``latest`` off it; its files stay as they are. Returns what was done to ``latest``.

    Raises :class:`UsageError` without a reason or when it is retracted already.
    """
    known = ledger(root)
    _require_recorded(root, known, id)
    one = known.editions[id]
    if one.retracted_at is not None:
        raise UsageError(f"{id} was retracted on {one.retracted_at.date()} already: {one.retracted}")
    append(root, "retracted", {"reason": _said("--reason", reason)}, id)
    return _aim(root, ledger(root))


def require_not_retracted(root: Path, key: str) -> None:
    """Raise :class:`HeldBack` when an edition of the same inputs was retracted: they would only give it again."""
    for one in ledger(root).editions.values():
        if one.retracted_at is not None and one.facts.get("key") == key:
            raise HeldBack(
                f"held back: these inputs give {one.edition} again, which was retracted on "
                f"{one.retracted_at.date()} ({one.retracted}); correct the data, the release or the code first"
            )


def errata(root: Path) -> pd.DataFrame:
    """Every correction and retraction so far: columns ``date``, ``edition``, ``class``, ``what``, oldest first."""
    import pandas as pd

    rows = [(one.day.isoformat(), one.edition, one.kind, one.what) for one in ledger(root).errata()]
    return pd.DataFrame(rows, columns=["date", "edition", "class", "what"])


def edition_damage(root: Path, id: str, known: Ledger) -> list[Fault]:
    """What is wrong with the files of an edition, every file of it: against its manifest, and the manifest against the
    audit file."""
    folder = root / id
    path = folder / edition.MANIFEST
    faults = []
    if not path.is_file():
        return [Fault(str(path), "missing", _COPY)]
    if id not in known.editions:
        where = str(root / AUDIT)
        faults.append(
            Fault(where, f"no line names {id}", "run forecast publish, which adds it, or remove it")
        )
    elif known.editions[id].manifest != edition.digest_of(path.read_bytes()):
        faults.append(Fault(str(path), "its hash is not the one in the audit file", _COPY))
    try:
        edition.verify(folder)
    except DataError as error:
        faults += [fault for fault in error.faults if fault.where not in {f.where for f in faults}]
    return faults


def damage_of(root: Path, id: str) -> list[Fault]:
    """What is wrong with one edition, the audit file, and ``latest``."""
    try:
        known = ledger(root)
    except DataError as error:
        return [*error.faults, *_own(root / id)]
    return [*pointer_damage(root, known), *edition_damage(root, id, known)]


def all_damage(root: Path) -> list[Fault]:
    """What is wrong with the audit file, ``latest``, and every edition under a root."""
    try:
        known = ledger(root)
    except DataError as error:
        return [*error.faults, *(fault for path in edition.editions(root) for fault in _own(path))]
    present = {path.name for path in edition.editions(root)}
    faults = pointer_damage(root, known)
    for id in sorted(present | set(known.editions)):
        faults += edition_damage(root, id, known)
    return faults


def pointer_damage(root: Path, known: Ledger) -> list[Fault]:
    """What is wrong with the end of the audit file and with ``latest``."""
    faults = []
    left = torn(root)
    if left:
        found = f"a torn last line of {len(left)} bytes, left by a killed run"
        faults.append(Fault(str(root / AUDIT), found, "run forecast publish, which sets it aside"))
    now, wanted = _pointed(root), next(iter(known.ranked), None)
    if now != wanted and known.editions:
        found = f"points to {now or 'no edition'}, the audit file says {wanted or 'none stands'}"
        faults.append(Fault(str(root / edition.LATEST), found, "run forecast publish, which moves it"))
    return faults


def _own(folder: Path) -> list[Fault]:
    try:
        edition.verify(folder)
    except DataError as error:
        return error.faults
    return []


def _require_recorded(root: Path, known: Ledger, id: str) -> None:
    if id not in known.editions:
        raise InputMissing(f"{root / AUDIT}: no line names {id}; forecast editions verify {id} says why")


def _said(option: str, text: str) -> str:
    said = " ".join(text.split())
    joined = said.replace("\u200c", "").replace("\u200d", "")  # Indian scripts join letters with these two
    if not joined or not joined.isprintable():
        raise UsageError(f"{option} {text!r} says nothing; give a sentence readers will understand")
    return said
