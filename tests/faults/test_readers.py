"""Readers beside two hundred publishes see whole editions only; of eight publishers at once one publishes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from pathlib import Path

import pytest

from forecasting.publishing import edition, ledger
from tests.faults import mini, warm
from tests.faults.figures import count
from tests.faults.mini import Remembered

pytestmark = pytest.mark.faults
PUBLISHES, READS = 200, 100_000
PUBLISHERS, ROUNDS = 8, 20


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Remembered]:
    root = mini.build(tmp_path / "p")
    return root, mini.remember(root, monkeypatch)


def read_on(editions: Path, over: Path, told: Path) -> None:
    """Read until told that it is over, and often enough; leave what was counted."""
    chance, reads, wrong, seen = random.Random(3), 0, [], set()
    while reads < READS or not over.exists():
        reads += 1
        try:
            folder = (editions / "latest").resolve(strict=True)
            manifest = json.loads((folder / edition.MANIFEST).read_bytes())
            seen.add(manifest["edition"])
            chosen = chance.choice(manifest["files"])
            content = (folder / chosen["path"]).read_bytes()
            whole = hashlib.sha256(content).hexdigest() == chosen["sha256"]
            if not whole or manifest["edition"] != folder.name:
                wrong.append(f"{folder.name}/{chosen['path']}")
        except (OSError, ValueError, KeyError) as error:
            wrong.append(repr(error))
        time.sleep(0.0002)  # leaves the publisher a processor
    told.write_text(json.dumps({"reads": reads, "wrong": wrong[:20], "seen": len(seen)}))


def test_readers_beside_publishes_see_whole_editions_only(project: tuple[Path, Remembered]) -> None:
    root, _ = project
    editions, over, told = root / "data" / "editions", root / "over", root / "told"
    reader = os.fork()
    if reader == 0:
        code = 1
        try:
            read_on(editions, over, told)
            code = 0
        finally:
            os._exit(code)
    made = set()
    try:
        for _ in range(PUBLISHES):
            ended = warm.run(mini.AGAIN, root)
            assert ended.code == 0, ended
            made.add(ended.out.split()[-1])
    finally:
        over.touch()
        _, status = os.waitpid(reader, 0)
    assert status == 0
    found = json.loads(told.read_text())
    assert found["wrong"] == []
    assert len(made) == PUBLISHES
    assert found["seen"] > PUBLISHES // 2
    assert ledger.all_damage(editions) == []
    count("readers", publishes=len(made), reads=found["reads"], bad=0, editions_seen=found["seen"])


def test_of_eight_publishers_at_once_one_publishes(project: tuple[Path, Remembered]) -> None:
    root, remembered = project
    editions, others_ended = root / "data" / "editions", root / "others ended"

    def wait() -> None:
        """The one that holds the lock works until the others have ended."""
        end = time.monotonic() + warm.SECONDS / 2
        while not others_ended.exists() and time.monotonic() < end:
            time.sleep(0.01)

    remembered.before = wait
    for _ in range(ROUNDS):
        others_ended.unlink(missing_ok=True)
        before = set(edition.editions(editions))
        running = [warm.start(mini.AGAIN, root, name=str(place)) for place in range(PUBLISHERS)]
        for one in running:
            one.go()
        left, codes = list(running), []
        while left:
            for one in list(left):
                if (ended := one.poll()) is not None:
                    codes.append(ended.code)
                    left.remove(one)
            if len(left) <= 1:
                others_ended.touch()
            time.sleep(0.01)
        assert sorted(codes) == [0, *[75] * (PUBLISHERS - 1)]
        assert len(set(edition.editions(editions)) - before) == 1
    assert ledger.all_damage(editions) == []
    count("publishers", rounds=ROUNDS, publishers=PUBLISHERS, more_or_fewer_than_one=0, wrong_code=0)
