"""What the ledger says when something is wrong or was done, word for word."""

from __future__ import annotations

import errno
import io
import os
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import filelock
import pytest

from forecasting.errors import ForecastingError
from forecasting.publishing import edition, inputs, ledger
from forecasting.publishing.chain import AUDIT, append, mend, torn
from forecasting.publishing.inputs import INPUTS, unpacked
from forecasting.publishing.lock import publisher
from tests.publishing.shelf import FILES, LATE, NOV, OCT, at, filled, put

VERIFY = "forecast editions verify"
STRANGER = "2026-01-01-eeeeeeee"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return filled(tmp_path)


def says(root: Path, act: Callable[..., Any], *arguments: Any) -> str:
    """The message of what an act raises, with the folder left out."""
    with pytest.raises(ForecastingError) as caught:
        act(*arguments)
    return str(caught.value).replace(str(root), "ROOT")


def shown(root: Path, faults: list[Any]) -> list[str]:
    return [str(fault).replace(str(root), "ROOT") for fault in faults]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((STRANGER, LATE, "minor", "x"), f"ROOT/audit.jsonl: no line names {STRANGER}; {VERIFY} {STRANGER} says why"),
        ((OCT, LATE, "big", "x"), "--class 'big' is not known; use one of: minor, substantial"),
        ((OCT, LATE, "minor", " "), "--what ' ' says nothing; give a sentence readers will understand"),
        ((OCT, LATE, "minor", "\u200c"), "--what '\\u200c' says nothing; give a sentence readers will understand"),
        ((OCT, LATE, "minor", "\u200d"), "--what '\\u200d' says nothing; give a sentence readers will understand"),
        ((LATE, OCT, "minor", "x"), f"{OCT} was not published after {LATE}; name the later edition with --by"),
    ],
)  # fmt: skip
def test_errata_that_cannot_be(root: Path, arguments: tuple[str, ...], words: str) -> None:
    assert says(root, ledger.supersede, root, *arguments) == words


def test_retractions(root: Path) -> None:
    assert ledger.retract(root, LATE, "A  unit\nslipped.") == [f"latest now points to {NOV}"]
    retracted_at = ledger.ledger(root).editions[LATE].retracted_at
    assert retracted_at is not None
    day = retracted_at.date()
    again = f"{LATE} was retracted on {day} already: A unit slipped."
    assert says(root, ledger.retract, root, LATE, "x") == again
    assert says(root, ledger.supersede, root, OCT, LATE, "minor", "x") == (
        f"{LATE} is retracted and supersedes nothing; name the edition that stands"
    )
    assert says(root, ledger.require_not_retracted, root, f"key of {LATE}") == (
        f"held back: these inputs give {LATE} again, which was retracted on {day} (A unit slipped.); "
        "correct the data, the release or the code first"
    )
    (root / NOV / "report.html").write_bytes(b"?")
    edition.point(root, LATE)
    assert ledger.reconcile(root) == [
        f"{NOV} is damaged and was passed over: forecast editions verify {NOV}",
        f"latest now points to {OCT}",
    ]
    ledger.retract(root, OCT, "x")
    ledger.retract(root, NOV, "x")
    assert says(root, ledger.identify, root, "latest") == (
        f"ROOT: no edition stands, all were retracted; name one: {OCT}, {NOV}, {LATE}"
    )


def test_names_that_are_not(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert ledger.identify(root, "latest") == LATE
    assert [ledger.identify(root, name) for name in ("2026-10", NOV[:12], LATE)] == [OCT, NOV, LATE]
    assert says(root, ledger.identify, root, "2026-1") == (
        f"'2026-1' is the beginning of {OCT}, {NOV}, {LATE}; name one"
    )
    assert says(root, ledger.identify, root, "").startswith("ROOT has no edition ''; ")
    assert says(root, ledger.identify, root, "latst") == "ROOT has no edition 'latst'; did you mean 'latest'?"
    empty = tmp_path_factory.mktemp("empty")
    assert says(empty, ledger.identify, empty, "latest") == (
        "ROOT has no edition 'latest'; publish one first: forecast publish"
    )
    edition.point(root, OCT)
    assert ledger.identify(root, "latest") == OCT
    (root / "latest").unlink()
    assert says(root, ledger.identify, root, "latest") == (
        f"ROOT/latest: damaged\n  ROOT/latest: points to no edition, the audit file says {LATE}; "
        "run forecast publish, which moves it"
    )


def test_damage(root: Path) -> None:
    put(root, "2026-12-20-dddddddd", "2026-12-01")
    edition.point(root, LATE)
    (root / OCT / "MANIFEST.json").write_bytes((root / OCT / "MANIFEST.json").read_bytes() + b" ")
    (root / NOV / "MANIFEST.json").unlink()
    (root / LATE / "report.html").unlink()
    (root / LATE / "forecasts.csv").write_bytes(b"")
    (root / LATE / "more").write_bytes(b"")
    with (root / AUDIT).open("ab") as file:
        file.write(b'{"half')
    assert shown(root, ledger.all_damage(root)) == [
        "ROOT/audit.jsonl: a torn last line of 6 bytes, left by a killed run; "
        "run forecast publish, which sets it aside",
        f"ROOT/{OCT}/MANIFEST.json: its hash is not the one in the audit file; restore it from a copy",
        f"ROOT/{NOV}/MANIFEST.json: missing; restore it from a copy",
        f"ROOT/{LATE}/forecasts.csv: its hash is not the manifest's; restore it from a copy",
        f"ROOT/{LATE}/report.html: missing; restore the edition from a copy",
        f"ROOT/{LATE}/more: not in the manifest; remove it",
        "ROOT/audit.jsonl: no line names 2026-12-20-dddddddd; run forecast publish, which adds it, or remove it",
    ]
    for id in (OCT, NOV, LATE):
        ledger.retract(root, id, "x")
    assert shown(root, ledger.pointer_damage(root, ledger.ledger(root))) == []
    edition.point(root, OCT)
    assert shown(root, ledger.pointer_damage(root, ledger.ledger(root))) == [
        f"ROOT/latest: points to {OCT}, the audit file says none stands; run forecast publish, which moves it"
    ]


def test_manifests_that_are_none(root: Path) -> None:
    (root / OCT / "MANIFEST.json").write_text("[]")
    assert says(root, edition.verify, root / OCT) == (
        f"ROOT/{OCT}: the edition is damaged\n"
        f"  ROOT/{OCT}/MANIFEST.json: not what was written; restore it from a copy"
    )
    (root / OCT / "MANIFEST.json").unlink()
    assert (
        says(root, edition.verify, root / OCT)
        == f"ROOT/{OCT}/MANIFEST.json is missing; ROOT/{OCT} is not an edition"
    )


def test_broken_chains(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = (root / AUDIT).read_bytes()
    lines = whole.splitlines(keepends=True)
    other = tmp_path_factory.mktemp("other")
    append(other, "held", {}, at=at(OCT))
    foreign = (other / AUDIT).read_bytes()
    for content, number, found, act in (
        (lines[0] + lines[2], 2, "its number is 3; lines were added or removed", ledger.ledger),
        (foreign + lines[1], 2, "it does not follow the line before it", ledger.ledger),
        (lines[0][:-2] + b"]\n", 1, "not what was written", ledger.ledger),
        (whole[:-1] + b"x", 3, "not what was written: no newline ends it", mend),
    ):
        (root / AUDIT).write_bytes(content)
        assert says(root, act, root) == (
            f"ROOT/audit.jsonl: the chain is broken at line {number}\n"
            f"  ROOT/audit.jsonl:{number}: {found}; restore the file from a copy"
        )


def test_what_a_killed_run_left(root: Path) -> None:
    with (root / AUDIT).open("ab") as file:
        file.write(b'{"half')
    assert torn(root) == b'{"half'
    put(root, "2026-12-20-dddddddd", "2026-12-01")
    edition.point(root, LATE)
    torn_line, added, moved = ledger.reconcile(root)
    assert re.fullmatch(
        r"the torn last line of audit\.jsonl was set aside as audit\.torn-4-[0-9a-f]{8}", torn_line
    )
    assert (
        added
        == "2026-12-20-dddddddd was made by a run that was killed before it was public; its line was added"
    )
    assert moved == "latest now points to 2026-12-20-dddddddd"


def test_places_that_cannot_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = root / "file"
    blocked.write_text("in the way")
    words = "ROOT/file/x: cannot create an edition here (Not a directory); make it writable"

    def hold() -> NoReturn:
        with publisher(blocked / "x"):
            raise AssertionError

    assert says(root, hold) == words
    assert says(root, edition.write, blocked / "x", "e", FILES, {}) == words

    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert says(root, append, root, "held", {}, OCT) == (
        f"ROOT/audit.jsonl: the line of held {OCT} was not written (No space left on device); "
        "free space and run again"
    )
    assert says(root, edition.write, root, "e", FILES, {}) == (
        "ROOT/e: writing stopped (No space left on device); free space and run again"
    )
    monkeypatch.undo()
    flushed = edition.flush
    monkeypatch.setattr(edition, "flush", lambda path: full() if path == root else flushed(path))
    assert says(root, edition.point, root, NOV) == (
        f"ROOT: {NOV} is public, but was not flushed (No space left on device)"
    )
    monkeypatch.undo()
    (root / ".staging-x").mkdir()
    monkeypatch.setattr(edition.shutil, "rmtree", full)
    assert says(root, edition.sweep, root) == (
        "ROOT/.staging-x: a killed run left it and it cannot be removed (No space left on device); remove it by hand"
    )


def test_a_second_publisher(root: Path) -> None:
    def enter() -> NoReturn:
        with publisher(root):
            raise AssertionError

    with filelock.FileLock(root / ".lock"):
        assert says(root, enter) == "ROOT: another publisher is at work; try again when it has finished"


def test_inputs_that_are_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> object:
        return unpacked(root / OCT, root / "into", date(2026, 1, 1))

    assert says(root, look) == (
        f"ROOT/{OCT}/inputs.zip is missing: {OCT} was published before editions held their inputs"
    )
    path = root / OCT / INPUTS
    path.write_bytes(b"no archive")
    assert says(root, look) == (
        f"ROOT/{OCT}/inputs.zip is damaged (File is not a zip file); restore the edition from a copy"
    )
    for name in ("elsewhere/x", "data/../../x"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, "x")
        path.write_bytes(buffer.getvalue())
        assert says(root, look) == (
            f"ROOT/{OCT}/inputs.zip: the entry {name!r} does not belong to the inputs of an edition"
        )
    assert not (root / "into").exists()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data/x", "12345")
        archive.writestr("release/y", "67890")
    path.write_bytes(buffer.getvalue())
    monkeypatch.setattr(inputs, "_LARGEST", 9)
    assert says(root, look) == f"ROOT/{OCT}/inputs.zip: unpacks to 10 bytes; no edition's inputs exceed 9"
