"""A publish is killed, or its disk fails, at every call that changes the disk: nothing torn, the right exit code, and
the next run puts everything in order."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from forecasting.publishing import edition, ledger
from forecasting.publishing.chain import AUDIT
from tests.faults import mini, points, warm
from tests.faults.figures import count
from tests.faults.points import Point
from tests.faults.warm import Ended

pytestmark = pytest.mark.faults
PARTS = 16
TRIES = 12
REAL = 12  # points at which the report is made for real


@dataclass
class Bench:
    """A project, its state before every trial, and the points of a publish from there."""

    root: Path
    kept: Path
    points: list[Point]

    @property
    def editions(self) -> Path:
        return self.root / "data" / "editions"

    def restore(self) -> str:
        """The state before a trial; gives the latest edition."""
        for folder in (self.editions, self.root / ".cache", self.root / warm.SCRATCH):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.kept, self.editions, symlinks=True)
        return self.latest()

    def latest(self) -> str:
        found = edition.latest(self.editions)
        assert found is not None
        return found.name

    def verified(self) -> set[str]:
        """Every edition that lies in the folder, each found whole."""
        found = edition.editions(self.editions)
        for folder in found:
            edition.verify(folder)
        return {folder.name for folder in found}

    def recorded(self) -> set[str]:
        return set(ledger.ledger(self.editions).editions)

    def litter(self) -> list[str]:
        """What does not belong in the folders a run writes to."""
        mine = {"latest", AUDIT, "metrics.prom", ".lock"}
        left = [p.name for p in self.editions.iterdir() if p.name not in mine | self.recorded()]
        left += [p.name for p in (self.root / ".cache").rglob("*") if p.is_file() and p.name.startswith(".")]
        return left + [str(p) for p in (self.root / warm.SCRATCH / "tmp").iterdir()]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    warm.strace()
    folder = tmp_path_factory.mktemp("disk")
    root = mini.build(folder / "p")
    with pytest.MonkeyPatch.context() as patch:
        mini.remember(root, patch)
        kept = Path(shutil.copytree(root / "data" / "editions", folder / "kept", symlinks=True))
        made = Bench(root, kept, [])
        made.restore()
        made.points = points.record(root, mini.AGAIN)
        yield made


def broken(bench: Bench, point: Point, options: Callable[[Point], list[str]]) -> tuple[str, Ended]:
    """The edition before a publish that strace breaks at a point, and how it ended.

    Once in a while a run makes a call more or less before the point, such as a folder of modules listed anew; the
    point is then looked for where that run had it.
    """
    number = point.number
    for _ in range(TRIES):
        was = bench.restore()
        ended = warm.run(mini.AGAIN, bench.root, options(replace(point, number=number)))
        if point.met(ended.trace):
            return was, ended
        number = point.beside(number, ended.trace)
    raise AssertionError((point, number, ended))


def killed(bench: Bench, point: Point) -> None:
    was, ended = broken(bench, point, Point.kill)
    assert ended.code == -9, (point, ended)
    assert bench.latest() in {was, *bench.verified()}
    recovers(bench, was)


def failing(bench: Bench, point: Point, error: str) -> int:
    """The exit code of a publish whose disk fails once, after everything has been checked."""
    was, ended = broken(bench, point, lambda one: one.fail(error))
    assert "(INJECTED)" in ended.trace, (point, error, ended)
    assert "Traceback" not in ended.out + ended.err, (point, error, ended.err)
    bench.verified()
    now = bench.latest()
    if ended.code in (73, 74):
        assert now == was, (point, error, ended)
    else:
        assert ended.code in (0, 3), (point, error, ended)
        assert now != was, (point, error, ended)
        assert ended.code == 3 or ledger.all_damage(bench.editions) == [], (point, error, ended)
    recovers(bench, was if now == was else now)
    return ended.code


def recovers(bench: Bench, was: str) -> None:
    """The next run ends well, and leaves whole editions, each recorded, and nothing else."""
    ended = warm.run(mini.PUBLISH, bench.root)
    assert ended.code == 0, ended
    assert ledger.all_damage(bench.editions) == []
    assert bench.recorded() == bench.verified() >= {was, bench.latest()}
    assert bench.litter() == []


def publishes(bench: Bench) -> Ended:
    before = bench.verified()
    ended = warm.run(mini.AGAIN, bench.root)
    assert (ended.code, len(bench.verified() - before)) == (0, 1), ended
    return ended


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_call_that_changes_the_disk(bench: Bench, part: int) -> None:
    mine = bench.points[part::PARTS]
    for point in mine:
        killed(bench, point)
    publishes(bench)
    count("kill", part, points=len(mine), torn=0, not_recovered=0, litter=0)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_disk_fails_at_every_call_that_changes_it(bench: Bench, part: int) -> None:
    codes = [failing(bench, point, error) for point in bench.points[part::PARTS] for error in point.errors]
    publishes(bench)
    count(
        "disk",
        part,
        faults=len(codes),
        torn=0,
        wrong_code=0,
        **{f"code_{one}": codes.count(one) for one in set(codes)},
    )


def test_there_are_a_hundred_points_and_more(bench: Bench) -> None:
    assert len(bench.points) >= 100
    assert {"write", "openat", "mkdir", "fsync", "rename", "symlink"} <= {
        point.call for point in bench.points
    }


def test_killed_while_the_report_is_really_made(tmp_path: Path) -> None:
    warm.strace()
    root = mini.build(tmp_path / "p")
    kept = Path(shutil.copytree(root / "data" / "editions", tmp_path / "kept", symlinks=True))
    with pytest.MonkeyPatch.context() as patch:
        mini.dated(patch)
        bench = Bench(root, kept, [])
        bench.restore()
        found = points.record(root, mini.AGAIN)
        late = [
            point for point in found if "/.staging-2" in point.what or point.call in ("rename", "symlink")
        ]
        chosen = late[:: max(1, len(late) // REAL)]
        for point in chosen:
            killed(bench, point)
    count("kill_real", points=len(chosen))
