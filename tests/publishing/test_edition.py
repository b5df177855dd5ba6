"""An edition is whole or not there, and a changed byte is found."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from forecasting.errors import CannotCreate, DataError, InputMissing, Locked
from forecasting.publishing import edition
from forecasting.publishing.lock import publisher

FILES = {"forecasts.csv": b"a,b\n1,2\n", "report.html": b"<p>1</p>\n", "deep/x.bin": bytes(range(256))}


def test_what_is_written_verifies_and_latest_points_to_it(tmp_path: Path) -> None:
    folder = edition.write(tmp_path, "2026-01-01-abc", FILES, {"key": "k"})
    assert edition.latest(tmp_path) == folder
    assert edition.verify(folder)["key"] == "k"
    edition.write(tmp_path, "2026-02-01-def", FILES, {"key": "l"})
    assert edition.latest(tmp_path) == tmp_path / "2026-02-01-def"
    assert [p.name for p in edition.editions(tmp_path)] == ["2026-01-01-abc", "2026-02-01-def"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2026-01-01-abc", "2026-02-01-def", "latest"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_readers_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = edition.write(tmp_path, "2026-01-01-abc", FILES, {})
    finally:
        os.umask(before)
    modes = {p.relative_to(folder).as_posix(): p.stat().st_mode & 0o777 for p in folder.rglob("*")}
    files = dict.fromkeys([*FILES, edition.MANIFEST], 0o644)
    assert modes == {**files, "deep": 0o755}
    assert folder.stat().st_mode & 0o777 == 0o755


def test_nobody_else_looks_into_what_is_being_written(tmp_path: Path) -> None:
    modes = []

    def look() -> None:
        (staging,) = tmp_path.glob(".staging-2026-01-01-abc-*")
        modes.append(staging.stat().st_mode & 0o777)

    edition.write(tmp_path, "2026-01-01-abc", FILES, {"key": "नी"}, look)
    assert modes == [0o700]
    manifest = (tmp_path / "2026-01-01-abc" / edition.MANIFEST).read_text(encoding="utf-8")
    assert manifest.startswith('{\n "edition": "2026-01-01-abc",\n "files": [')
    assert "नी" in manifest
    assert list(edition.read_manifest(tmp_path / "2026-01-01-abc")) == ["edition", "files", "key"]


def test_an_edition_archived_elsewhere_is_a_link_and_other_names_are_none(tmp_path: Path) -> None:
    root, id = tmp_path / "editions", "2026-01-01-abc"
    edition.write(root, id, FILES, {})
    (root / id).rename(tmp_path / "archive")
    (root / id).symlink_to("../archive")
    (root / "current").symlink_to(id)
    assert edition.editions(root) == [root / id]
    assert edition.latest(root) == root / id
    assert edition.verify(root / id)["edition"] == id
    (tmp_path / "archive").rename(tmp_path / "away")
    assert (edition.editions(root), edition.latest(root)) == ([], None)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_found(name: str, tmp_path: Path) -> None:
    folder = edition.write(tmp_path, "e", FILES, {})
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match="damaged") as caught:
        edition.verify(folder)
    assert name in str(caught.value)


def test_a_missing_and_a_foreign_file_are_both_named(tmp_path: Path) -> None:
    folder = edition.write(tmp_path, "e", FILES, {})
    (folder / "report.html").unlink()
    (folder / "extra.txt").write_text("?")
    with pytest.raises(DataError) as caught:
        edition.verify(folder)
    assert "report.html: missing" in str(caught.value)
    assert "extra.txt: not in the manifest" in str(caught.value)


def test_a_folder_without_manifest_is_no_edition(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="is not an edition"):
        edition.verify(tmp_path)


def test_a_place_that_cannot_be_written_is_named_with_exit_73(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(CannotCreate, match="make it writable") as caught:
        edition.write(blocked / "editions", "e", FILES, {})
    assert caught.value.exit_code == 73


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write where it is forbidden")
def test_a_read_only_folder_is_named_with_exit_73(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CannotCreate):
        edition.write(tmp_path, "e", FILES, {})


def test_litter_of_killed_runs_is_swept(tmp_path: Path) -> None:
    edition.write(tmp_path, "e", FILES, {})
    (tmp_path / ".staging-x-1").mkdir()
    (tmp_path / ".staging-x-1" / "half.csv").write_text("1,")
    (tmp_path / ".staging-x-1" / edition.MANIFEST).write_text("{}")
    assert [path.name for path in edition.editions(tmp_path)] == ["e"]
    (tmp_path / ".latest-1").symlink_to("nowhere")
    edition.sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e", "latest"]


def _hold(root: Path, held: object, done: object) -> None:
    with publisher(root):
        held.set()  # type: ignore[attr-defined]
        done.wait(30)  # type: ignore[attr-defined]


def test_a_second_publisher_is_told_to_come_back(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held, done))
    process.start()
    assert held.wait(30)
    with pytest.raises(Locked) as caught, publisher(tmp_path):
        pass
    assert caught.value.exit_code == 75
    done.set()
    process.join(30)
    with publisher(tmp_path):
        pass
