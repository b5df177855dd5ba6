"""What became of editions: superseded, retracted, recovered, public on a day; every byte is vouched for."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest

from forecasting.errors import DataError, HeldBack, InputMissing, UsageError
from forecasting.publishing import edition, ledger
from forecasting.publishing.chain import AUDIT
from tests.publishing.shelf import FILES, LATE, NOV, OCT, at, fates, filled, pointed, put

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return filled(tmp_path)


def test_a_newer_edition_of_the_same_month_of_data_supersedes(root: Path) -> None:
    known = ledger.ledger(root)
    assert fates(root) == {OCT: "current", NOV: "superseded", LATE: "current"}
    assert (known.superseded_by(NOV), known.supersedes(LATE)) == (LATE, [NOV])
    manifest = (root / LATE / "MANIFEST.json").read_bytes()
    assert known.editions[LATE].facts == {
        "key": f"key of {LATE}", "as_of": "2026-11-18", "released": "2026-11-22", "status": "normal",
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(), "supersedes": [NOV],
    }  # fmt: skip
    assert ledger.all_damage(root) == []


def test_a_retracted_edition_gives_way_to_the_last_good_one(root: Path) -> None:
    before = {p: p.read_bytes() for p in (root / LATE).rglob("*") if p.is_file()}
    assert ledger.retract(root, LATE, "A unit slipped.") == [f"latest now points to {NOV}"]
    assert pointed(root) == NOV
    assert fates(root) == {OCT: "current", NOV: "current", LATE: "retracted"}
    assert {p: p.read_bytes() for p in (root / LATE).rglob("*") if p.is_file()} == before
    assert ledger.retract(root, OCT, "So had this.") == []
    assert ledger.retract(root, NOV, "And this.") == ["no edition stands; latest was removed"]
    assert pointed(root) is None
    assert list(ledger.errata(root)["what"]) == ["A unit slipped.", "So had this.", "And this."]
    assert ledger.all_damage(root) == []


def test_a_damaged_edition_does_not_become_the_latest_again(root: Path) -> None:
    (root / NOV / "report.html").write_bytes(b"<p>2</p>")
    passed, moved = ledger.retract(root, LATE, "A unit slipped.")
    assert f"{NOV} is damaged and was passed over" in passed
    assert moved == f"latest now points to {OCT}"


def test_what_supersedes_a_retracted_edition_supersedes_those_it_replaced(root: Path) -> None:
    last = "2026-11-25-dddddddd"
    put(root, last, "2026-11-20")
    ledger.record(root, last, at(last))
    ledger.retract(root, LATE, "A unit slipped.")
    assert fates(root) == {OCT: "current", NOV: "superseded", LATE: "retracted", last: "current"}
    assert ledger.ledger(root).superseded_by(NOV) == last


def test_an_erratum_names_its_class_and_what_was_wrong(root: Path) -> None:
    ledger.supersede(root, OCT, LATE, "substantial", "Magnet imports\n counted  twice.")
    assert fates(root)[OCT] == "superseded"
    (row,) = ledger.errata(root).to_dict("records")
    assert list(row) == ["date", "edition", "class", "what"]
    assert (row["edition"], row["class"], row["what"]) == (
        OCT,
        "substantial",
        "Magnet imports counted twice.",
    )


@pytest.mark.parametrize(
    ("arguments", "error", "found"),
    [
        ((OCT, LATE, "subtantial", "x"), UsageError, "did you mean 'substantial'"),
        ((OCT, LATE, "minor", " \n"), UsageError, "says nothing"),
        ((OCT, LATE, "minor", "\x1b[2Jx"), UsageError, "says nothing"),
        ((LATE, OCT, "minor", "x"), UsageError, "was not published after"),
        ((OCT, OCT, "minor", "x"), UsageError, "was not published after"),
        ((OCT, "2026-01-01-eeeeeeee", "minor", "x"), InputMissing, "no line names 2026-01-01-eeeeeeee"),
    ],
)
def test_an_impossible_erratum_is_refused(
    root: Path, arguments: tuple[str, str, str, str], error: type[Exception], found: str
) -> None:
    before = (root / AUDIT).read_bytes()
    with pytest.raises(error, match=found):
        ledger.supersede(root, *arguments)
    assert (root / AUDIT).read_bytes() == before


def test_a_retracted_edition_supersedes_nothing_and_is_retracted_once(root: Path) -> None:
    ledger.retract(root, LATE, "क्ष\u200dत्र")
    with pytest.raises(UsageError, match="supersedes nothing"):
        ledger.supersede(root, OCT, LATE, "minor", "x")
    with pytest.raises(UsageError, match=r"was retracted on .* already: क्ष"):
        ledger.retract(root, LATE, "again")


def test_an_erratum_is_recorded_once(root: Path) -> None:
    ledger.supersede(root, OCT, LATE, "minor", "A typo.")
    day = ledger.errata(root)["date"][0]
    with pytest.raises(UsageError, match=f"{OCT}: this erratum was recorded on {day} already"):
        ledger.supersede(root, OCT, LATE, "minor", "A  typo.")
    ledger.supersede(root, OCT, LATE, "minor", "Another typo.")
    assert list(ledger.errata(root)["what"]) == ["A typo.", "Another typo."]


def test_latest_moves_to_an_edition_of_somebody_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_mine(*_: object) -> NoReturn:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", not_mine)
    assert ledger.retract(root, LATE, "A unit slipped.") == [f"latest now points to {NOV}"]
    assert pointed(root) == NOV


def test_editions_of_the_same_inputs_are_named_by_a_retraction(root: Path) -> None:
    again = "2026-11-25-dddddddd"
    put(root, again, "2026-11-18", key=f"key of {LATE}")
    ledger.record(root, again, at(again))
    twin = f"{LATE}: made of the same inputs, and it stands; retract it as well if it is wrong"
    assert ledger.retract(root, again, "A unit slipped.") == [f"latest now points to {LATE}", twin]
    with pytest.raises(HeldBack, match=f"these inputs give {again} again") as held:
        ledger.require_not_retracted(root, f"key of {LATE}")
    assert [str(fault) for fault in held.value.faults] == [twin]
    assert ledger.retract(root, LATE, "Here as well.") == [f"latest now points to {NOV}"]


def test_inputs_of_a_retracted_edition_are_held_back(root: Path) -> None:
    ledger.require_not_retracted(root, f"key of {LATE}")
    ledger.retract(root, LATE, "A unit slipped.")
    ledger.require_not_retracted(root, f"key of {NOV}")
    with pytest.raises(
        HeldBack, match=rf"give {LATE} again, which was retracted on .*A unit slipped"
    ) as held:
        ledger.require_not_retracted(root, f"key of {LATE}")
    assert held.value.exit_code == 4


def test_what_was_public_on_a_day(root: Path) -> None:
    known = ledger.ledger(root)
    utc, india = ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")

    def on(day: date, zone: ZoneInfo = utc) -> tuple[list[str], str]:
        reigns, last = known.on(day, zone)
        return [one.edition for one in reigns], last

    assert on(date(2026, 10, 19)) == ([], "")
    assert on(date(2026, 10, 20)) == ([OCT], OCT)
    assert on(date(2026, 11, 1)) == ([OCT], OCT)
    assert on(date(2026, 11, 20)) == ([OCT, NOV], NOV)
    assert on(date(2026, 11, 22), india) == ([NOV, LATE], LATE)
    assert on(date(2026, 11, 22), ZoneInfo("Pacific/Kiritimati")) == ([NOV, LATE], LATE)
    assert on(date(2026, 11, 22), ZoneInfo("Pacific/Pago_Pago")) == ([LATE], LATE)


@pytest.mark.parametrize("name", [*FILES, "MANIFEST.json"])
def test_every_flipped_byte_of_an_edition_is_found_and_its_file_named(root: Path, name: str) -> None:
    path = root / OCT / name
    whole = path.read_bytes()
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1 << place % 8
        path.write_bytes(broken)
        for faults in (ledger.damage_of(root, OCT), ledger.all_damage(root)):
            assert str(path) in {fault.where for fault in faults}, place
    path.write_bytes(whole)
    assert ledger.all_damage(root) == []


def test_every_fault_is_named_at_once_with_exit_65(root: Path, cli: Cli) -> None:
    (root / OCT / "report.html").write_bytes(b"?")
    (root / NOV / "MANIFEST.json").unlink()
    (root / LATE / "forecasts.csv").unlink()
    (root / LATE / "extra").write_bytes(b"")
    edition.point(root, OCT)
    with (root / AUDIT).open("ab") as file:
        file.write(b'{"half')
    code, out, err = cli("editions", "verify", "--all", "--out", root)
    assert (code, out) == (65, "")
    for found in (
        f"{OCT}/report.html: its hash is not the manifest's", f"{NOV}/MANIFEST.json: missing",
        f"{LATE}/forecasts.csv: missing", f"{LATE}/extra: not in the manifest",
        f"latest: points to {OCT}, the audit file says {LATE}", "audit.jsonl: a torn last line of 6 bytes",
    ):  # fmt: skip
        assert found in err


def test_a_broken_chain_is_named_beside_damaged_files(root: Path, cli: Cli) -> None:
    lines = (root / AUDIT).read_bytes().splitlines(keepends=True)
    (root / AUDIT).write_bytes(lines[0] + lines[2])
    (root / NOV / "report.html").write_bytes(b"?")
    for arguments in (["--all"], [NOV]):
        code, _, err = cli("editions", "verify", *arguments, "--editions", root)
        assert code == 65
        assert "audit.jsonl:2: its number is 3; lines were added or removed" in err
        assert f"{NOV}/report.html" in err
    with pytest.raises(DataError, match="broken at line 2"):
        ledger.reconcile(root)


def test_lost_folders_are_listed_and_no_empty_place(root: Path, cli: Cli) -> None:
    for id in (OCT, NOV, LATE):
        shutil.rmtree(root / id)
    code, out, err = cli("editions", "verify", "--all", "--editions", root)
    assert (code, out) == (65, "")
    assert all(f"{id}/MANIFEST.json: missing" in err for id in (OCT, NOV, LATE))
    code, out, _ = cli("editions", "list", "--editions", root)
    assert code == 0
    assert out.splitlines()[0] == f"! {OCT}  its folder is lost, restore it from a copy  current"
    assert len(out.splitlines()) == 3


def test_editions_archived_elsewhere_are_as_sound_as_others(
    root: Path, tmp_path_factory: pytest.TempPathFactory, cli: Cli
) -> None:
    archive = tmp_path_factory.mktemp("archive")
    for id in (NOV, LATE):
        shutil.move(root / id, archive / f"old-{id}")
        (root / id).symlink_to(archive / f"old-{id}")
    assert (ledger.reconcile(root), ledger.all_damage(root)) == ([], [])
    code, out, _ = cli("editions", "list", "--editions", root)
    assert (code, [line[:21] for line in out.splitlines()]) == (
        0,
        [f"  {OCT}"[:21], f"  {NOV}"[:21], f"* {LATE}"[:21]],
    )
    assert ledger.retract(root, LATE, "A unit slipped.") == [f"latest now points to {NOV}"]
    assert (pointed(root), ledger.reconcile(root), ledger.all_damage(root)) == (NOV, [], [])


def test_a_sound_folder_verifies(root: Path, cli: Cli) -> None:
    code, out, _ = cli("editions", "verify", "--all", "--out", root)
    assert (code, out.count("sound, 3 files"), "audit.jsonl: sound, 3 lines" in out) == (0, 3, True)


def test_the_commands_tell_the_story(root: Path, cli: Cli) -> None:
    place = ("--editions", root)
    code, out, _ = cli(
        "editions", "supersede", OCT, "--by", LATE, "--class", "minor", "--what", "Typo.", *place
    )
    assert (code, out) == (0, f"{OCT} superseded by {LATE} (minor); every later report lists the erratum\n")
    code, out, _ = cli("editions", "retract", "latest", "--reason", "A unit slipped.", *place)
    assert code == 0
    assert out.splitlines() == [
        f"{LATE} retracted; its files stay as they were published", f"latest now points to {NOV}",
    ]  # fmt: skip
    _, out, _ = cli("editions", "list", *place)
    october, november, late = out.splitlines()
    assert october.startswith(f"  {OCT}  released 2026-10-20  data as of 2026-10-01  normal  current")
    assert october.endswith("errata: minor")
    assert november == f"* {NOV}  released 2026-11-20  data as of 2026-11-01  normal  current"
    assert late.endswith(": A unit slipped.")
    _, out, _ = cli("editions", "show", LATE, *place)
    assert "published" in out
    assert "reason A unit slipped." in out
    assert "forecasts.csv" in out
    _, out, _ = cli("editions", "show", LATE, "--json", *place)
    assert '"event": "retracted"' in out
    code, out, _ = cli("editions", "on", "2026-11-22", "--zone", "Asia/Kolkata", *place)
    assert code == 0
    assert f"{LATE}  the latest from 2026-11-22 12:00:00 (Asia/Kolkata) until" in out
    assert "today: retracted on" in out


@pytest.mark.parametrize(
    ("arguments", "code", "found"),
    [
        (["show", "2026-10-20-aaaaaaab"], 66, f"did you mean {OCT!r}"),
        (["show", "2026-11"], 2, f"'2026-11' is the beginning of {NOV}, {LATE}; name one"),
        (["verify", "latst"], 66, "did you mean 'latest'"),
        (["retract", OCT, "--reason", ""], 2, "says nothing"),
        (["supersede", OCT, "--by", NOV, "--class", "big", "--what", "x"], 2, "use one of: minor, substantial"),
        (["on", "2026-10-19"], 66, "no edition was public on 2026-10-19 (UTC); the first became public on 2026-10-20"),
        (["on", "yesterday"], 2, "write it as 2026-03-31"),
        (["on", "2026-10-20", "--zone", "Asia/Kolkatta"], 2, "did you mean 'Asia/Kolkata'"),
    ],
)  # fmt: skip
def test_the_impossible_is_named(root: Path, cli: Cli, arguments: list[str], code: int, found: str) -> None:
    got, out, err = cli("editions", *arguments, "--editions", root)
    assert (got, out) == (code, "")
    assert found in err


def test_an_empty_folder_says_what_to_do(tmp_path: Path, cli: Cli) -> None:
    retract = ["retract", "latest", "--reason", "x"]
    for place in (tmp_path, tmp_path / "nowhere"):
        for arguments in (["list"], ["show"], ["verify"], ["verify", "--all"], retract):
            code, out, err = cli("editions", *arguments, "--editions", place)
            assert (code, out, "forecast publish" in err) == (66, "", True)
