"""Files that were spoiled at random, read by everything that reads one: a documented error or a value, never a bug."""

from __future__ import annotations

import os
import random
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forecasting.catalogue import Publication, read_record
from forecasting.data.store import Store
from forecasting.errors import ForecastingError
from forecasting.publishing import edition, ledger, metrics
from forecasting.publishing.chain import AUDIT
from forecasting.publishing.inputs import INPUTS, unpacked
from forecasting.publishing.previous import read as read_previous
from forecasting.publishing.release import load
from forecasting.tracking import Spool, keep_experiment
from tests.faults import mini
from tests.faults.figures import count
from tests.tracking.conftest import a_record, store_at

pytestmark = pytest.mark.deep
SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
LONGEST = 5.0  # seconds of one reading
MOST = 1024 * 1024  # kB of memory
TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b'"', b"'", b",", b":", b"{", b"}", b"[", b"]",
    b"- ", b"? ", b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"|", b">", b"%", b"#", b"1e999", b"-0",
    b"NaN", b"null", b"true", b"9" * 400, b"[" * 2000, b"{a: " * 500, b"\xed\xa0\x80", b"\xe2\x80\xae", b"../../",
    b"1970-01-01", b"2026-13-45", b"Infinity",
)  # fmt: skip


def spoiled(content: bytes, chance: random.Random) -> bytes:
    """A file with one to four accidents: bits, holes, doublings, foreign text, a lost end."""
    broken = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(broken) + 1)
        match chance.randrange(6):
            case 0 if broken:
                broken[at % len(broken)] ^= 1 << chance.randrange(8)
            case 1:
                del broken[at : at + chance.choice((1, 3, 40, 1000))]
            case 2:
                start = chance.randrange(len(broken) + 1)
                broken[at:at] = broken[start : start + chance.choice((1, 8, 200))]
            case 3:
                del broken[at:]
            case _:
                broken[at:at] = chance.choice(TOKENS)
    return bytes(broken)


Reader = Callable[[Path], object]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = mini.build(tmp_path_factory.mktemp("fuzz") / "p")
    store = store_at(made / "tracked")
    keep_experiment(store, a_record())
    return made


def _edition(root: Path) -> Path:
    return (root / "data" / "editions" / "latest").resolve()


def _inputs(root: Path) -> object:
    into = root / "into"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    return unpacked(_edition(root), into, mini.date.fromisoformat(mini.DAY))


def _sealed(root: Path) -> object:
    """A table of an edition whose hashes hold, as one that was written so."""
    folder = _edition(root)
    manifest = edition.read_manifest(folder)
    files = {one["path"]: (folder / one["path"]).read_bytes() for one in manifest["files"]}
    other = root / "sealed"
    shutil.rmtree(other, ignore_errors=True)
    facts = {name: one for name, one in manifest.items() if name not in ("files", "edition")}
    return read_previous(edition.write(other, folder.name, files, facts))


READERS: dict[str, tuple[str, Reader]] = {
    "publication.yaml": (
        "data/publication.yaml",
        lambda root: read_record(root / "data/publication.yaml", Publication),
    ),
    "series.yaml": ("data/series.yaml", lambda root: Store.open(root / "data")),
    "events.yaml": ("data/events.yaml", lambda root: Store.open(root / "data")),
    "observations": ("data/observations/all.csv", lambda root: Store.open(root / "data")),
    "manifest": ("latest/MANIFEST.json", lambda root: edition.verify(_edition(root))),
    "audit file": (f"data/editions/{AUDIT}", lambda root: ledger.all_damage(root / "data" / "editions")),
    "metrics": (
        f"data/editions/{metrics.FILE}",
        lambda root: metrics.read(root / "data" / "editions" / metrics.FILE),
    ),
    "inputs": (f"latest/{INPUTS}", _inputs),
    "states": ("latest/states.csv", _sealed),
    "release": ("release/MANIFEST.json", lambda root: load(root / "mlruns" / "releases")),
    "spool": ("tracked/spool/spool.jsonl", lambda root: Spool(store_at(root / "tracked")).pending()),
}


def _path(root: Path, name: str) -> Path:
    if name.startswith("latest/"):
        return _edition(root) / name.removeprefix("latest/")
    if name.startswith("release/"):
        releases = root / "mlruns" / "releases"
        return releases / (releases / "CURRENT").read_text().strip() / name.removeprefix("release/")
    return root / name


@pytest.mark.parametrize("reader", READERS)
def test_a_spoiled_file_is_never_a_bug(root: Path, reader: str) -> None:
    name, read = READERS[reader]
    path = _path(root, name)
    whole = path.read_bytes()
    chance, tried, refused = random.Random(reader), 0, 0
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            content = spoiled(whole, chance)
            path.write_bytes(content)
            started = time.process_time()
            try:
                read(root)
            except ForecastingError:
                refused += 1
            except Exception as error:
                kept = path.with_suffix(".spoiled")
                kept.write_bytes(content)
                raise AssertionError(f"{reader}: {type(error).__name__}: {error}; see {kept}") from error
            assert time.process_time() - started < LONGEST, content[:2000]
            tried += 1
    finally:
        path.write_bytes(whole)
    assert tried > 0
    assert refused > 0 or reader in ("metrics", "audit file", "states")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MOST
    count("fuzz", reader.replace(" ", "_"), readers=1, files=tried, refused=refused, uncaught=0)
