"""What a killed run left is put in order and no more is taken in than a kill can leave; lost lines stop everything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.errors import DataError
from forecasting.publishing import edition, ledger
from forecasting.publishing.chain import AUDIT
from tests.publishing.shelf import LATE, NOV, OCT, filled, put
from tests.publishing.test_ledger import fates, pointed

Cli = Callable[..., tuple[int, str, str]]
LAST = "2026-12-20-dddddddd"
OVERRIDDEN = [
    {"gate": "growth", "overridden": "a plant opened"},
    {"gate": "growth", "overridden": "a plant opened"},
    {"gate": "flat", "overridden": ""},
    {"gate": "freshness", "overridden": "the book is late"},
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return filled(tmp_path)


def test_a_run_killed_before_its_line_is_recovered(root: Path) -> None:
    last = "2026-12-20-dddddddd"
    put(root, last, "2026-12-01")
    (fault,) = (f for f in ledger.all_damage(root) if "no line names" in f.found)
    assert "run forecast publish, which adds it" in str(fault)
    (said,) = ledger.reconcile(root)
    assert said == f"{last} was published by a run that could not record it; its line was added"
    known = ledger.ledger(root)
    assert known.editions[last].recovered
    assert abs(known.editions[last].since - datetime.now(UTC)) < timedelta(minutes=5)
    assert ledger.reconcile(root) == []


def test_a_run_killed_before_the_pointer_is_finished(root: Path) -> None:
    last = "2026-12-20-dddddddd"
    put(root, last, "2026-12-01")
    edition.point(root, LATE)
    (root / last).chmod(0o700)
    assert ledger.reconcile(root)[-1] == f"latest now points to {last}"
    assert pointed(root) == last
    assert (root / last).stat().st_mode & 0o777 == 0o755
    (root / "latest").unlink()
    ledger.reconcile(root)
    assert pointed(root) == last


def test_what_is_no_edition_of_this_folder_is_not_recorded(root: Path) -> None:
    shutil.copytree(root / OCT, root / "copy")
    put(root, "2026-12-20-dddddddd", "2026-12-01")
    edition.point(root, LATE)
    (root / "2026-12-20-dddddddd" / "report.html").unlink()
    assert ledger.reconcile(root) == []
    assert set(fates(root)) == {OCT, NOV, LATE}


def written(root: Path, id: str, at: datetime) -> None:
    """Give a manifest its time."""
    os.utime(root / id / edition.MANIFEST, (at.timestamp(), at.timestamp()))


@pytest.mark.parametrize("switched", [True, False])
def test_a_killed_first_run_is_recovered(tmp_path: Path, switched: bool) -> None:
    put(tmp_path, OCT, previous="")
    if not switched:
        (tmp_path / "latest").unlink()
        (tmp_path / OCT).chmod(0o700)
    ledger.reconcile(tmp_path)
    assert (fates(tmp_path), pointed(tmp_path)) == ({OCT: "current"}, OCT)
    assert ledger.ledger(tmp_path).editions[OCT].recovered == switched
    assert ledger.all_damage(tmp_path) == []


def test_an_edition_readers_were_not_given_is_public_from_its_recovery(root: Path) -> None:
    put(root, LAST, "2026-12-01")
    edition.point(root, LATE)
    written(root, LAST, datetime(2026, 12, 20, tzinfo=UTC))
    said, moved = ledger.reconcile(root)
    assert said == f"{LAST} was made by a run that was killed before it was public; its line was added"
    assert moved == f"latest now points to {LAST}"
    known = ledger.ledger(root)
    assert not known.editions[LAST].recovered
    assert [one.edition for one in known.reigns][-2:] == [LATE, LAST]
    assert known.reigns[-2].until == known.reigns[-1].since == known.lines[-1].time


def of_two(root: Path) -> None:
    (root / AUDIT).unlink()
    shutil.rmtree(root / OCT)


def of_one_that_followed(root: Path) -> None:
    (root / AUDIT).unlink()
    for id in (OCT, NOV, LATE):
        shutil.rmtree(root / id)
    put(root, LATE, previous=NOV)


def emptied(root: Path) -> None:
    (root / AUDIT).write_bytes(b"")


@pytest.mark.parametrize("lose", [of_two, of_one_that_followed, emptied])
def test_a_lost_audit_file_stops_everything(root: Path, cli: Cli, lose: Callable[[Path], None]) -> None:
    ledger.retract(root, LATE, "A unit slipped.")
    lose(root)
    before = sorted(path.name for path in root.iterdir())
    for act in (ledger.ledger, ledger.reconcile):
        with pytest.raises(DataError, match="lines are lost") as caught:
            act(root)
        (fault,) = caught.value.faults
        assert fault.where == str(root / AUDIT)
        assert fault.found.startswith("no line names ")
        assert fault.found.endswith(
            (f"{LATE}, more than the one a killed run leaves", f"{LATE}, which followed another edition")
        )
        assert fault.do.startswith("restore it from a copy; without one move them elsewhere")
    for arguments in (
        ["list"],
        ["show", LATE],
        ["verify", "--all"],
        ["retract", LATE, "--reason", "x"],
        ["on", "2026-11-22"],
    ):
        code, out, err = cli("editions", *arguments, "--editions", root)
        assert (code, out) == (65, ""), arguments
        assert "no line names" in " ".join(err.split())
    assert sorted(path.name for path in root.iterdir()) in (before, sorted([*before, ".lock"]))


def test_an_audit_file_restored_from_too_old_a_copy_takes_nothing_in(root: Path) -> None:
    lines = (root / AUDIT).read_bytes().splitlines(keepends=True)
    (root / AUDIT).write_bytes(lines[0])
    with pytest.raises(
        DataError, match=f"no line names {NOV}, {LATE}, more than the one a killed run leaves"
    ):
        ledger.reconcile(root)
    assert (root / AUDIT).read_bytes() == lines[0]


def overrides(root: Path) -> list[tuple[str, str, str]]:
    found = [line for line in ledger.read(root) if line.event == "overridden"]
    return [(line.edition, line.facts["gate"], line.facts["reason"]) for line in found]


WANTED = [(LAST, "growth", "a plant opened"), (LAST, "freshness", "the book is late")]


def test_overridden_gates_get_their_lines_with_the_edition(root: Path) -> None:
    put(root, LAST, "2026-12-01", gates=OVERRIDDEN)
    assert ledger.record(root, LAST).event == "published"
    assert overrides(root) == WANTED
    assert ledger.reconcile(root) == []


@pytest.mark.parametrize("kept", [3, 4, 5])
def test_overridden_gates_get_their_lines_after_a_kill(root: Path, kept: int) -> None:
    put(root, LAST, "2026-12-01", gates=OVERRIDDEN)
    ledger.record(root, LAST)
    lines = (root / AUDIT).read_bytes().splitlines(keepends=True)
    assert len(lines) == 6
    (root / AUDIT).write_bytes(b"".join(lines[:kept]))
    said = ledger.reconcile(root)
    assert overrides(root) == WANTED
    assert (
        said[-1]
        == {
            3: f"{LAST} was published by a run that could not record it; its line was added",
            4: f"{LAST} overrode gate freshness; its line was added",
            5: f"{LAST} overrode gate freshness; its line was added",
        }[kept]
    )
    assert ledger.reconcile(root) == []


def test_a_manifest_that_was_changed_adds_no_line(root: Path) -> None:
    path = root / LATE / edition.MANIFEST
    path.write_text(path.read_text().replace('"key"', '"gates": [{"gate": "x", "overridden": "y"}],\n "key"'))
    ledger.reconcile(root)
    assert overrides(root) == []
