"""Editions mirrored into folders: whole after a kill, and honest about damage and retractions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from forecasting.catalogue.sinks import ObjectStoreRecord
from forecasting.errors import DataError
from forecasting.publishing import ledger
from forecasting.publishing.edition import MANIFEST, verify
from forecasting.publishing.sinks import object_store
from forecasting.publishing.sinks.deliver import deliver_all
from forecasting.publishing.sinks.object_store import ObjectStore
from tests.publishing.sinks.conftest import FIRST, SECOND, published


def mirror(base: Path) -> ObjectStore:
    return ObjectStore(ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{base}/mirror"))


def test_a_folder(root: Path, tmp_path: Path) -> None:
    one = mirror(tmp_path)
    assert one.deliver(root / SECOND, root).changed
    assert not one.deliver(root / SECOND, root).changed
    assert one.deliver(root / FIRST, root).changed
    assert json.loads((tmp_path / "mirror" / "latest.json").read_text())["edition"] == SECOND
    assert not list((tmp_path / "mirror").rglob("*.part"))


def test_memory_of_a_process_is_no_place_to_deliver_to() -> None:
    with pytest.raises(ValidationError, match=r"starts with memory://; use one of s3, file"):
        ObjectStoreRecord(kind="object_store", name="mirror", address="memory://forecasts")


def test_many_at_once_never_make_an_old_one_the_latest(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, put = [], ObjectStore._put

    def watched(self: ObjectStore, store: Any, path: str, content: bytes) -> int:
        if path.endswith(f"/{object_store.LATEST}"):
            named.append(json.loads(content)["edition"])
        return put(self, store, path, content)

    monkeypatch.setattr(ObjectStore, "_put", watched)
    deliver_all([mirror(tmp_path)], root / SECOND, root)
    assert named == [SECOND, SECOND]


def test_a_place_of_another_editions_folder_is_left_alone(
    root: Path, tmp_path: Path, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    one = mirror(tmp_path)
    deliver_all([one], root / SECOND, root)
    before, other = tree(tmp_path / "mirror"), tmp_path / "other"
    published(other, "2026-12-20-cccccccc")
    (found,) = deliver_all([one], other / "2026-12-20-cccccccc", other)
    assert (found.outcome, found.tries) == ("failed", 1)
    assert found.detail == (
        f"sink mirror at file://{tmp_path}/mirror holds {FIRST}, {SECOND}, and {other}/audit.jsonl has no line of it: "
        "it is another editions folder's, or the audit file was lost; restore that file from a copy, or give this "
        "editions folder a place of its own"
    )
    assert tree(tmp_path / "mirror") == before
    for id in (FIRST, SECOND):
        published(other, id, 7.0)
    with pytest.raises(DataError, match=f"holds another edition {FIRST}: its manifest has SHA-256"):
        one.deliver(other / FIRST, other)
    assert tree(tmp_path / "mirror") == before
    (tmp_path / "mirror" / object_store.EDITIONS).write_text("[]")
    third = published(tmp_path / "third", "2026-12-20-cccccccc")
    with pytest.raises(DataError, match=f"holds {FIRST}, {SECOND}, and"):
        one.deliver(third, third.parent)


def test_lost_and_archived_editions_keep_their_place(root: Path, tmp_path: Path) -> None:
    one = mirror(tmp_path)
    deliver_all([one], root / SECOND, root)
    shutil.rmtree(root / FIRST)
    (root / SECOND).rename(tmp_path / SECOND)
    third = published(root, "2026-12-20-cccccccc")
    (found,) = deliver_all([one], third, root)
    assert (found.edition, found.outcome) == (third.name, "delivered")


def test_a_mirrored_edition_is_one_after_a_kill(root: Path, tmp_path: Path) -> None:
    draft = tmp_path / "mirror" / SECOND / "forecasts.csv.part"
    draft.parent.mkdir(parents=True)
    draft.write_text("half")
    one = mirror(tmp_path)
    one.deliver(root / SECOND, root)
    assert verify(tmp_path / "mirror" / SECOND)["edition"] == SECOND


def test_a_mirror_on_a_folder_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mirror").write_text("a file, not a folder")
    one = mirror(tmp_path)
    with pytest.raises(DataError, match="make the place writable"):
        one.deliver(root / SECOND, root)


@pytest.mark.parametrize("name", [MANIFEST, "forecasts.csv"])
def test_a_damaged_edition_is_told_and_keeps_no_other_back(root: Path, tmp_path: Path, name: str) -> None:
    one = mirror(tmp_path)
    path = root / FIRST / name
    path.write_bytes(path.read_bytes()[:-9])
    found = deliver_all([one], root / SECOND, root)
    assert [(o.edition, o.outcome, o.tries) for o in found] == [
        (SECOND, "delivered", 1),
        (FIRST, "failed", 1),
    ]
    assert f"{root / FIRST} is not delivered: it is not what was published; {path}: " in found[1].detail
    assert not (tmp_path / "mirror" / FIRST).exists()


@pytest.mark.parametrize("lost", [False, True])
def test_the_retraction_of_a_damaged_edition_is_told(root: Path, tmp_path: Path, lost: bool) -> None:
    one = mirror(tmp_path)
    deliver_all([one], root / SECOND, root)
    for id in (FIRST, SECOND):
        ledger.retract(root, id, "tampered with")
        shutil.rmtree(root / id) if lost else (root / id / "forecasts.csv").write_bytes(b"")
    through = ledger.told_through(root)
    assert through == SECOND
    (found,) = deliver_all([one], root / through, root)
    assert (found.outcome, "not what was published" in found.detail) == ("failed", True)
    there = tmp_path / "mirror"
    assert json.loads((there / "latest.json").read_text()) == {"edition": None}
    listed = json.loads((there / "editions.json").read_text())["editions"]
    assert [(each["edition"], each["fate"]) for each in listed] == [
        (FIRST, "retracted"),
        (SECOND, "retracted"),
    ]
    assert (there / SECOND / "forecasts.csv").stat().st_size > 0


def test_a_later_edition_of_a_day_takes_the_pointer(root: Path, tmp_path: Path) -> None:
    one = mirror(tmp_path)
    published(root, "2026-11-20-00000000", 1.2)
    deliver_all([one], root / SECOND, root)
    latest = json.loads((tmp_path / "mirror" / object_store.LATEST).read_text())
    assert latest["edition"] == "2026-11-20-00000000"
    assert datetime.fromisoformat(latest["public"][0][0]) <= datetime.now(UTC)
