"""One flipped bit in any file of an edition, of a release or of the audit file is found, and the file named."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forecasting.errors import DataError
from forecasting.publishing import ledger
from forecasting.publishing.chain import AUDIT
from forecasting.publishing.release import load
from tests.faults import mini
from tests.faults.figures import count

pytestmark = pytest.mark.faults
PLACES = 24  # bytes tried in a file, both ends among them


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mini.build(tmp_path_factory.mktemp("flips") / "p")


@contextmanager
def flipped(path: Path, place: int) -> Iterator[None]:
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[place] ^= 1 << place % 8
    path.write_bytes(broken)
    try:
        yield
    finally:
        path.write_bytes(whole)


def places(path: Path) -> list[int]:
    size = path.stat().st_size
    chosen = random.Random(path.name).sample(range(size), min(size, PLACES))
    return sorted({*chosen, *([0, size - 1] if size else [])})


def found_everywhere(files: list[Path], found: Callable[[Path], bool]) -> int:
    tried = 0
    for path in files:
        for place in places(path):
            with flipped(path, place):
                assert found(path), (path, place)
            tried += 1
    return tried


def test_in_an_edition(root: Path) -> None:
    editions = root / "data" / "editions"
    folder = (editions / "latest").resolve()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert {"MANIFEST.json", "report.pdf", "inputs.zip"} <= {path.name for path in files}
    tried = found_everywhere(
        files, lambda path: str(path) in {fault.where for fault in ledger.damage_of(editions, folder.name)}
    )
    assert ledger.all_damage(editions) == []
    count("flips_edition", files=len(files), flips=tried, missed=0)


def test_in_a_release(root: Path) -> None:
    releases = root / "mlruns" / "releases"
    files = [path for path in sorted(releases.rglob("*")) if path.is_file()]
    assert {"CURRENT", "MANIFEST.json", "recipe.json", "golden.csv"} <= {path.name for path in files}

    def named(path: Path) -> bool:
        try:
            load(releases)
        except DataError as error:
            return str(path) in str(error)
        return False

    tried = found_everywhere(files, named)
    load(releases)
    count("flips_release", files=len(files), flips=tried, missed=0)


def test_at_every_byte_of_the_audit_file(root: Path) -> None:
    editions = root / "data" / "editions"
    path = editions / AUDIT
    size = path.stat().st_size
    for place in range(size):
        with flipped(path, place):
            assert any(fault.where.startswith(str(path)) for fault in ledger.all_damage(editions)), place
    count("flips_audit", files=1, flips=size, missed=0)
