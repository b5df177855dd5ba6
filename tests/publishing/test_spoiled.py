"""Files that no run wrote are damaged, not bugs; found by spoiling them at random (tests/faults/test_fuzz.py)."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from forecasting.errors import DataError
from forecasting.publishing import edition, ledger
from forecasting.publishing.chain import AUDIT
from forecasting.publishing.inputs import INPUTS, unpacked
from forecasting.publishing.previous import read as read_previous
from forecasting.tracking import read_bundle

NESTED = b"[" * 100_000


def test_a_manifest_nested_without_end(tmp_path: Path) -> None:
    folder = edition.write(tmp_path, "2026-01-01-abc", {"a.csv": b"a\n"}, {})
    (folder / edition.MANIFEST).write_bytes(NESTED)
    with pytest.raises(DataError) as caught:
        edition.verify(folder)
    assert caught.value.faults[0].found == "not what was written"


def test_an_audit_line_nested_without_end(tmp_path: Path) -> None:
    (tmp_path / AUDIT).write_bytes(NESTED + b"\n")
    with pytest.raises(DataError, match="the chain is broken at line 1"):
        ledger.ledger(tmp_path)


def test_a_bundle_nested_without_end(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.json").write_bytes(NESTED)
    with pytest.raises(DataError, match="the bundle is damaged"):
        read_bundle(tmp_path)


def _further(content: bytearray) -> None:
    at = content.rfind(b"PK\x05\x06") + 16
    content[at : at + 4] = struct.pack("<I", struct.unpack("<I", content[at : at + 4])[0] + 1000)


def _shorter(content: bytearray) -> None:
    del content[:20]


def _empty(content: bytearray) -> None:
    content.clear()


@pytest.mark.parametrize("spoil", [_further, _shorter, _empty])
def test_inputs_that_are_no_archive(tmp_path: Path, spoil: Callable[[bytearray], None]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data/series.yaml", "x" * 100)
    content = bytearray(buffer.getvalue())
    spoil(content)
    (tmp_path / INPUTS).write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        unpacked(tmp_path, tmp_path / "into", date(2026, 1, 1))


@pytest.mark.parametrize("content", [b"", b"a\xff\n", b'a,b\n"1\n', b"a\n1,2,3\n1,2,3,4\n"])
@pytest.mark.parametrize("name", ["forecasts.csv", "states.csv", "history.csv"])
def test_a_table_no_run_wrote_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    good = {"forecasts.csv": b"series\na\n", "states.csv": b"series\na\n"}
    facts = {"as_of": "2026-01-01", "released": "2026-01-01"}
    folder = edition.write(tmp_path, "2026-01-01-abc", {**good, name: content}, facts)
    with pytest.raises(DataError) as caught:
        read_previous(folder)
    (fault,) = caught.value.faults
    assert fault.where == str(folder / name)
    assert (fault.found[:13], fault.do) == ("not a table (", "restore the edition from a copy")
