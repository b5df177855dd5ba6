"""Editions mirrored into folders and memory: whole after a kill, and honest about damage and retractions."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest

from forecasting.catalogue.sinks import ObjectStoreRecord
from forecasting.errors import DataError
from forecasting.publishing import ledger
from forecasting.publishing.edition import MANIFEST, verify
from forecasting.publishing.sinks import object_store
from forecasting.publishing.sinks.deliver import deliver_all
from forecasting.publishing.sinks.object_store import ObjectStore
from tests.publishing.sinks.conftest import FIRST, SECOND, published


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_folders_and_memory(kind: str, root: Path, tmp_path: Path) -> None:
    address = f"file://{tmp_path}/mirror" if kind == "file" else f"memory://{tmp_path.name}"
    one = ObjectStore(ObjectStoreRecord(kind="object_store", name="mirror", address=address))
    assert one.deliver(root / SECOND, root).changed
    assert not one.deliver(root / SECOND, root).changed
    assert one.deliver(root / FIRST, root).changed
    there, base = fsspec.core.url_to_fs(address)
    assert json.loads(there.cat_file(f"{base}/latest.json"))["edition"] == SECOND
    assert not [name for name in there.find(base) if name.endswith(".part")]


def test_a_mirrored_edition_is_one_after_a_kill(root: Path, tmp_path: Path) -> None:
    draft = tmp_path / "mirror" / SECOND / "forecasts.csv.part"
    draft.parent.mkdir(parents=True)
    draft.write_text("half")
    one = ObjectStore(
        ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{tmp_path}/mirror")
    )
    one.deliver(root / SECOND, root)
    assert verify(tmp_path / "mirror" / SECOND)["edition"] == SECOND


def test_a_mirror_on_a_folder_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mirror").write_text("a file, not a folder")
    one = ObjectStore(
        ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{tmp_path}/mirror")
    )
    with pytest.raises(DataError, match="make the place writable"):
        one.deliver(root / SECOND, root)


@pytest.mark.parametrize("name", [MANIFEST, "forecasts.csv"])
def test_a_damaged_edition_is_told_and_keeps_no_other_back(root: Path, tmp_path: Path, name: str) -> None:
    one = ObjectStore(
        ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{tmp_path}/mirror")
    )
    path = root / FIRST / name
    path.write_bytes(path.read_bytes()[:-9])
    found = deliver_all([one], root / SECOND, root)
    assert [(o.edition, o.outcome, o.tries) for o in found] == [
        (FIRST, "failed", 1),
        (SECOND, "delivered", 1),
    ]
    assert f"{root / FIRST} is not delivered: it is not what was published; {path}: " in found[0].detail
    assert not (tmp_path / "mirror" / FIRST).exists()


@pytest.mark.parametrize("lost", [False, True])
def test_the_retraction_of_a_damaged_edition_is_told(root: Path, tmp_path: Path, lost: bool) -> None:
    one = ObjectStore(
        ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{tmp_path}/mirror")
    )
    deliver_all([one], root / SECOND, root)
    for id in (FIRST, SECOND):
        ledger.retract(root, id, "tampered with")
        shutil.rmtree(root / id) if lost else (root / id / "forecasts.csv").write_bytes(b"")
    through = ledger.told_through(root)
    assert through == SECOND
    (found,) = deliver_all([one], root / through, root)
    assert (found.outcome, "not what was published" in found.detail) == ("failed", True)
    mirror = tmp_path / "mirror"
    assert json.loads((mirror / "latest.json").read_text()) == {"edition": None}
    listed = json.loads((mirror / "editions.json").read_text())["editions"]
    assert [(each["edition"], each["fate"]) for each in listed] == [
        (FIRST, "retracted"),
        (SECOND, "retracted"),
    ]
    assert (mirror / SECOND / "forecasts.csv").stat().st_size > 0


def test_a_later_edition_of_a_day_takes_the_pointer(root: Path, tmp_path: Path) -> None:
    one = ObjectStore(
        ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{tmp_path}/mirror")
    )
    published(root, "2026-11-20-00000000", 1.2)
    deliver_all([one], root / SECOND, root)
    latest = json.loads((tmp_path / "mirror" / object_store.LATEST).read_text())
    assert latest["edition"] == "2026-11-20-00000000"
    assert datetime.fromisoformat(latest["public"][0][0]) <= datetime.now(UTC)
