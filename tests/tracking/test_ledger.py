from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.errors import CannotWrite, DataError
from forecasting.tracking import Store, append, promotions, writing
from forecasting.tracking import ledger as module
from forecasting.tracking.ledger import GENESIS, ledger
from forecasting.tracking.manifests import canonical, sha256
from tests.tracking.conftest import flushes, shortly

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
A, B = "a" * 64, "b" * 64


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}", tmp_path / "mlruns" / "artifacts")
    store.artifacts.mkdir(parents=True)
    append(store, NOW, "in.ev.2w", "first", A, "lowest crps")
    append(store, NOW, "in.reo", "first", A, "lowest crps")
    append(store, NOW + timedelta(days=1), "in.ev.2w", "promoted", B, "better", {"p": 0.01, "origins": 12})
    return store


def test_every_flipped_byte_of_the_ledger_is_noticed_and_its_line_named(kept: Store) -> None:
    path = ledger(kept)
    whole = path.read_bytes()
    ends = [i for i, byte in enumerate(whole) if byte == 10]
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1
        path.write_bytes(broken)
        line = 1 + sum(end < place for end in ends)
        with pytest.raises(DataError) as caught:
            promotions(kept)
        assert caught.value.faults[0].where in {f"{path}:{line}", f"{path}:{line + 1}"}, place
    path.write_bytes(whole)
    assert [one.verdict for one in promotions(kept)] == ["first", "first", "promoted"]


def test_a_line_removed_or_moved_is_noticed(kept: Store) -> None:
    path = ledger(kept)
    lines = path.read_bytes().splitlines(keepends=True)
    for content, number in [
        (lines[0] + lines[2], 2),
        (lines[1] + lines[2], 1),
        (lines[0] + lines[2] + lines[1], 2),
    ]:
        path.write_bytes(b"".join([content]))
        with pytest.raises(DataError) as caught:
            promotions(kept)
        assert caught.value.faults[0].where == f"{path}:{number}"


def test_what_was_decided_and_replaced_is_kept_and_not_written_twice(kept: Store) -> None:
    mine = promotions(kept, "in.ev.2w")
    assert [(one.digest, one.replaced) for one in mine] == [(A, None), (B, A)]
    assert mine[1].evidence == {"p": 0.01, "origins": 12}
    assert append(kept, NOW + timedelta(days=2), "in.ev.2w", "promoted", B, "again") == mine[1]
    doubt = {"p": 0.4}
    stays = append(kept, NOW + timedelta(days=3), "in.ev.2w", "inconclusive", B, "p 0.4", doubt)
    assert append(kept, NOW + timedelta(days=4), "in.ev.2w", "inconclusive", B, "p 0.4", doubt) == stays
    assert append(kept, NOW + timedelta(days=5), "in.ev.2w", "inconclusive", B, "p 0.3", {"p": 0.3}) != stays
    assert (
        append(kept, NOW + timedelta(days=6), "in.ev.2w", "overridden", A, "the minister asked").replaced == B
    )
    with pytest.raises(DataError, match="time zone"):
        append(kept, datetime(2026, 1, 1), "in.reo", "promoted", B, "x")


def test_what_a_kill_left_of_a_line_is_cut_off_and_the_chain_goes_on(kept: Store) -> None:
    path = ledger(kept)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(DataError, match="damaged"):
        promotions(kept)
    append(kept, NOW + timedelta(days=1), "in.ev.2w", "promoted", B, "better", {"p": 0.01, "origins": 12})
    assert path.read_bytes() == whole


def test_lines_of_the_first_version_are_read_and_continued(kept: Store) -> None:
    path = ledger(kept)
    old = {"at": NOW.isoformat(), "series": "in.reo", "from_version": None, "to_version": 1, "reason": "lowest",
           "digest": A, "prev": GENESIS}  # fmt: skip
    line = canonical(old) + "\n"
    path.write_text(line)
    append(kept, NOW, "in.reo", "promoted", B, "better")
    first, second = promotions(kept)
    assert (first.verdict, first.evidence["to_version"]) == ("first", 1)
    assert (second.prev, second.replaced) == (sha256(line), A)
    assert json.loads(path.read_bytes().splitlines()[1])["verdict"] == "promoted"


def test_the_ledger_is_read_once_however_many_lines_are_added(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    row = module._row
    monkeypatch.setattr(module, "_row", lambda line: (read.append(line), row(line))[1])
    with writing(kept) as book:
        for number in range(40):
            book.append(NOW, f"s{number}", "first", A, "lowest crps")
            assert book.append(NOW, f"s{number}", "first", A, "again").reason == "lowest crps"
        assert book.append(NOW, "s7", "inconclusive", A, "p 0.4").replaced == A
    assert len(read) == 3, "the lines that were there before"
    assert len(promotions(kept)) == 3 + 40 + 1, "the chain is whole"


def test_a_series_that_lost_its_champion_gets_the_same_one_again(kept: Store) -> None:
    append(kept, NOW, "in.reo", "dropped", "", "no experiment forecasts it")
    assert append(kept, NOW, "in.reo", "first", A, "lowest crps").replaced == ""
    assert [one.verdict for one in promotions(kept, "in.reo")] == ["first", "dropped", "first"]


@pytest.mark.parametrize("served", [False, True])
def test_a_line_that_was_not_written_whole_is_no_line(
    kept: Store, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    """Nor is a full disk told as a server that is away."""
    store = replace(kept, uri="http://127.0.0.1:9") if served else kept
    before = ledger(kept).read_bytes()
    with writing(store) as book:
        with monkeypatch.context() as patch:
            shortly(patch, 100)
            with pytest.raises(OSError, match="No space left on device") as caught:
                book.append(NOW, "in.reo", "promoted", B, "better")
            assert caught.value.filename == str(ledger(kept))
        assert ledger(kept).read_bytes() == before
        made = book.append(NOW, "in.reo", "promoted", B, "better")
    assert promotions(kept)[-1] == made
    shortly(monkeypatch, 100)
    with pytest.raises(CannotWrite, match=r"promotions.jsonl: No space left"):
        append(store, NOW, "in.ev.2w", "promoted", A, "better")


def test_a_line_is_flushed_and_so_is_the_folder_of_a_new_ledger(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger(kept).unlink()
    flushed = flushes(monkeypatch)
    append(kept, NOW, "in.reo", "first", A, "lowest crps")
    assert flushed == [ledger(kept), ledger(kept).parent]
    append(kept, NOW, "in.reo", "promoted", B, "better")
    assert flushed[2:] == [ledger(kept)]
