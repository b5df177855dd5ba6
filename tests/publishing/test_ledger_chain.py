"""The audit file: every changed byte is found, no kill loses a line, a full disk leaves none in halves."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.errors import CannotWrite, DataError
from forecasting.publishing import chain
from forecasting.publishing.chain import AUDIT, append, mend, read, torn

THEN = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(3):
        append(tmp_path, "held", {"gate": f"g{number}", "said": "नहीं, “not yet”\n"}, at=THEN)
    return tmp_path


def test_lines_are_numbered_and_bound_to_each_other(root: Path) -> None:
    lines = read(root)
    assert [line.sequence for line in lines] == [1, 2, 3]
    assert [line.previous for line in lines] == [chain.GENESIS, lines[0].digest, lines[1].digest]
    assert lines[1].time == THEN
    assert lines[2].facts == {"gate": "g2", "said": "नहीं, “not yet”\n"}
    assert (root / AUDIT).read_bytes() == b"".join(line.text + b"\n" for line in lines)


def test_a_line_is_canonical_json_that_others_can_check(tmp_path: Path) -> None:
    line = append(tmp_path, "held", {"b": "नहीं", "a": 1}, "2026-11-22-aaaaaaaa", THEN)
    body = (
        '"edition":"2026-11-22-aaaaaaaa","event":"held","facts":{"a":1,"b":"नहीं"},"previous":"'
        + "0" * 64
        + '","sequence":1,"time":"2026-11-22T06:30:00.000000+00:00"}'
    )
    seal = hashlib.sha256(f"{{{body}".encode()).hexdigest()
    assert line.text.decode() == f'{{"body_sha256":"{seal}",{body}'


def test_every_flipped_byte_is_found_and_the_first_broken_line_named(root: Path) -> None:
    whole = (root / AUDIT).read_bytes()
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1
        (root / AUDIT).write_bytes(broken)
        number = whole[:place].count(b"\n") + 1
        if place == len(whole) - 1:
            assert torn(root)
        with pytest.raises(DataError, match=f"broken at line {number}\n") as caught:
            append(root, "held", {})
        assert f"{AUDIT}:{number}: not what was written" in str(caught.value)
        assert (root / AUDIT).read_bytes() == broken


@pytest.mark.parametrize(
    ("order", "number", "found"),
    [
        ([1, 2], 1, "lines were added or removed"),
        ([0, 2], 2, "lines were added or removed"),
        ([0, 0, 1, 2], 2, "lines were added or removed"),
        ([0, 2, 1], 2, "lines were added or removed"),
    ],
)
def test_a_line_taken_out_doubled_or_moved_is_named(
    root: Path, order: list[int], number: int, found: str
) -> None:
    lines = (root / AUDIT).read_bytes().splitlines(keepends=True)
    (root / AUDIT).write_bytes(b"".join(lines[place] for place in order))
    with pytest.raises(DataError, match=f"line {number}") as caught:
        read(root)
    assert found in str(caught.value)
    assert caught.value.exit_code == 65
    with pytest.raises(DataError, match="chain is broken"):
        append(root, "held", {})


def test_a_line_of_another_chain_does_not_follow(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    append(other, "held", {"gate": "other"}, at=THEN)
    lines = (root / AUDIT).read_bytes().splitlines(keepends=True)
    (root / AUDIT).write_bytes((other / AUDIT).read_bytes() + b"".join(lines[1:]))
    with pytest.raises(DataError, match="does not follow the line before it"):
        read(root)


def test_a_line_torn_at_any_byte_is_set_aside_and_the_chain_goes_on(root: Path) -> None:
    whole = (root / AUDIT).read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for kept in range(1, len(last) - 1):
        (root / AUDIT).write_bytes(whole[: len(whole) - len(last) + kept])
        assert len(read(root)) == 2
        assert torn(root) == last[:kept]
        aside = mend(root)
        assert aside is not None
        assert aside.read_bytes() == last[:kept]
        assert aside.name.startswith("audit.torn-3-")
        aside.unlink()
    append(root, "held", {"gate": "again"}, at=THEN)
    assert [line.facts["gate"] for line in read(root)] == ["g0", "g1", "again"]


def test_a_line_that_lacks_only_its_newline_is_kept(root: Path) -> None:
    whole = (root / AUDIT).read_bytes()
    (root / AUDIT).write_bytes(whole[:-1])
    assert mend(root) is None
    assert (root / AUDIT).read_bytes() == whole


def test_mending_that_is_killed_itself_is_done_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (root / AUDIT).read_bytes()
    (root / AUDIT).write_bytes(whole[:-9])

    def killed(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        mend(root)
    monkeypatch.undo()
    assert (root / AUDIT).read_bytes() == whole[:-9]
    mend(root)
    assert len(list(root.glob("audit.torn-*"))) == 1
    assert torn(root) == b""


@pytest.mark.parametrize("fault", ["short", errno.ENOSPC, errno.EIO, errno.EFBIG])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_leaves_no_part_of_a_line(
    root: Path, monkeypatch: pytest.MonkeyPatch, fault: int | str, call: str
) -> None:
    whole = (root / AUDIT).read_bytes()
    write = os.write

    def fail(descriptor: int, *content: bytes) -> int:
        if content and fault == "short":
            return write(descriptor, content[0][:20])
        raise OSError(fault if isinstance(fault, int) else errno.EIO, "no")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(CannotWrite, match="was not written") as caught:
        append(root, "held", {"gate": "x"})
    monkeypatch.undo()
    assert caught.value.exit_code == 74
    assert (root / AUDIT).read_bytes() == whole
    assert append(root, "held", {"gate": "x"}).sequence == 4
