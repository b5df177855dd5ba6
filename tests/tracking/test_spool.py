"""The spool of many entries, by one writer and beside another."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from forecasting.errors import CannotWrite, DataError
from forecasting.tracking import Spool, Store
from forecasting.tracking import spool as module
from tests.tracking.conftest import flushes, shortly


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}", tmp_path / "mlruns" / "artifacts")


def put(spool: Spool, *keys: str) -> None:
    for key in keys:
        spool.put(key, "champion", key, lambda folder: (folder / "card.json").write_text("{}"))


def keys(spool: Spool) -> list[str]:
    return [entry.key for entry in spool.pending()]


def test_a_line_is_read_once_however_many_come_and_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def loads(line: bytes) -> object:
        read.append(line)
        return json.loads(line)

    monkeypatch.setattr(module, "json", SimpleNamespace(loads=loads))
    spool, all_keys = Spool(store), [f"k{number}" for number in range(30)]
    put(spool, *all_keys, *all_keys)
    assert keys(spool) == all_keys
    for key in all_keys[:20]:
        spool.done(key)
    assert keys(spool) == all_keys[20:]
    assert len(read) == 30 + 20, "one line an event, each read once"
    assert keys(Spool(store)) == all_keys[20:], "the file says the same"


def test_what_another_process_does_to_the_spool_is_seen(store: Store) -> None:
    one, other = Spool(store), Spool(store)
    put(one, "a", "b")
    put(other, "c")
    assert keys(one) == keys(other) == ["a", "b", "c"]
    for key in ("a", "b", "c"):
        other.done(key)
    put(other, *[f"later{number}" for number in range(9)])
    assert keys(one) == [f"later{number}" for number in range(9)], "emptied meanwhile and longer than before"
    content = one.lines.read_bytes()
    one.lines.write_bytes(content + b'{"half')
    assert len(keys(one)) == 9
    put(one, "d")
    assert keys(other)[-1] == "d"
    assert keys(Spool(store)) == keys(one) == keys(other)
    lines = one.lines.read_bytes().splitlines(keepends=True)
    one.lines.write_bytes(b"".join(lines[1:]))
    assert keys(one) == keys(Spool(store)), "a line given up by hand"
    with one.lines.open("ab") as file:
        file.write(b"no event\n")
    with pytest.raises(DataError, match="damaged") as caught:
        one.pending()
    assert caught.value.faults[0].where == f"{one.lines}:{len(lines)}"


def test_an_entry_that_was_not_written_whole_is_not_acknowledged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(store)
    put(spool, "a")
    before = spool.lines.read_bytes()
    with monkeypatch.context() as patch:
        shortly(patch, 60)
        with pytest.raises(CannotWrite, match=r"spool.jsonl: No space left"):
            put(spool, "b")
        with pytest.raises(CannotWrite, match=r"spool.jsonl: No space left"):
            spool.done("a")
    assert spool.lines.read_bytes() == before
    assert (spool.folder / "a" / "card.json").exists()
    put(spool, "b", "c")
    assert keys(spool) == keys(Spool(store)) == ["a", "b", "c"]


def test_the_files_of_an_entry_are_flushed_before_its_line(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = flushes(monkeypatch)
    spool = Spool(store)
    put(spool, "a")
    file, draft, folder, line, last = flushed
    assert (file, draft.parent) == (draft / "card.json", spool.folder)
    assert draft.name.startswith(".putting-")
    assert (folder, line, last) == (spool.folder, spool.lines, spool.folder)
