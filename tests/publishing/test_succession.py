"""Champions put in force: killed at every line and rename, release, ledger and MLflow differ nowhere unnoticed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from forecasting.api import Project
from forecasting.catalogue.running import Job
from forecasting.data.store import Store
from forecasting.errors import DataError, InputMissing
from forecasting.evaluation.experiment import Candidate, Experiment
from forecasting.publishing import golden, promotion, release
from forecasting.publishing.golden import refused
from forecasting.publishing.promotion import Settled, in_release
from forecasting.publishing.succession import promote
from forecasting.tracking import Spool, disputed, export_bundle, promotions, read_bundle
from tests.publishing.small_job import BOTH, LEFT, RIGHT, TODAY
from tests.publishing.small_job import Project as Small
from tests.publishing.small_world import EV

NOW = datetime(2026, 4, 20, 9, 0, tzinfo=UTC)


def settled(here: Project, *experiments: Experiment) -> list[Settled]:
    return here.gate([here.run(one) for one in experiments])


def put(here: Project, found: Sequence[Settled]) -> None:
    keys = {one.outcome.experiment.name: "k" * 64 for one in found}
    promote(here.store, found, keys, here.tracking, here.releases, NOW)


class World:
    """A project of two experiments in force: two flows with their sum, and the vehicles that stay as they are."""

    def __init__(self, root: Path) -> None:
        self.small = Small(root)
        self.here = Project(root, Store.open(root / "data", TODAY))
        self.flows, self.ev = self.made("flows", [LEFT, RIGHT]), self.made("vehicles", [EV])
        self.old = settled(self.here, self.flows, self.ev)
        put(self.here, self.old)
        fewer = self.flows.model_copy(update={"series": (LEFT,), "models": (Candidate(model="naive"),)})
        self.new = settled(self.here, fewer)

    def made(self, name: str, series: list[str]) -> Experiment:
        features = {"flows": "magnet_imports", "vehicles": "ev_sales"}[name]
        found = self.small._experiment(name, features, series, "2030-12")
        return found.model_copy(update={"models": (Candidate(model="drift"),)})

    def copy(self, folder: Path) -> Project:
        shutil.copytree(self.here.root / "mlruns", folder / "mlruns")
        return Project(folder, self.here.store)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FORECAST_TRACKING_URI", raising=False)
        patch.setattr(os, "fsync", lambda _: None)  # slow, and nothing to those who see the same disk
        yield World(tmp_path_factory.mktemp("world"))


def held(here: Project) -> dict[str, str]:
    try:
        return {id: one.digest for id, one in read_bundle(here.releases).champions.items()}
    except InputMissing:
        return {}


def told(here: Project) -> dict[str, str]:
    """The champions MLflow has once it was told all that waits; nothing of these was told before."""
    found = {}
    for entry in Spool(here.tracking).pending():
        card = json.loads((entry.verified() / "card.json").read_text())
        found[entry.name] = card["digest"] if entry.kind == "champion" else ""
    return {id: digest for id, digest in found.items() if digest}


def killed(here: Project, found: Sequence[Settled], point: int) -> bool:
    """Whether a promotion was killed before its n-th line or rename; else it came to its end."""
    child = os.fork()
    if not child:
        left = point
        code = 1
        try:

            def counted(call: Callable[..., Any]) -> Callable[..., Any]:
                def carried_out(*given: Any, **named: Any) -> Any:
                    nonlocal left
                    left -= 1
                    if left < 0:
                        os._exit(9)
                    return call(*given, **named)

                return carried_out

            for name in ("write", "rename", "replace"):
                setattr(os, name, counted(getattr(os, name)))
            put(here, found)
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def together(here: Project) -> dict[str, str]:
    """What release, ledger and MLflow say alike."""
    assert disputed(here.tracking, here.releases) == []
    assert told(here) == held(here)
    assert [path.name for path in here.releases.glob(".*")] == []
    return held(here)


def test_a_promotion_killed_anywhere_is_noticed_and_set_right_by_whichever_comes_next(
    world: World, tmp_path: Path
) -> None:
    before = together(world.here)
    done = world.copy(tmp_path / "done")
    put(done, world.new)
    after = together(done)
    assert set(before) == {LEFT, RIGHT, BOTH, EV}
    assert (set(after), after[EV] == before[EV], after[LEFT] == before[LEFT]) == ({LEFT, EV}, True, False)
    noticed = point = 0
    while killed(here := world.copy(tmp_path / str(point)), world.new, point):
        assert held(here) in (before, after), point
        found = disputed(here.tracking, here.releases)
        noticed += bool(found)
        assert found or told(here) == held(here), point
        next_one, wanted = [(world.new, after), (world.old, before)][point % 2]
        put(here, next_one)
        assert together(here) == wanted, point
        point += 1
    assert point >= 10, (
        "a line, a folder of the spool and its line for each of three series, release and pointer"
    )
    assert noticed >= 8


def test_a_first_promotion_killed_anywhere_is_begun_again(world: World, tmp_path: Path) -> None:
    before, point = held(world.here), 0
    while killed(here := Project(tmp_path / str(point), world.here.store), world.old, point):
        assert held(here) in ({}, before), point
        if told(here) or held(here):
            assert disputed(here.tracking, here.releases) or told(here) == held(here), point
        put(here, world.old)
        assert together(here) == before, point
        assert {one.verdict for one in promotions(here.tracking)} == {"first"}, point
        point += 1
    assert point >= 14


def test_what_a_promotion_cut_short_had_written_is_not_read_as_what_was_in_force(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is promoted next, its own series or others."""

    def cut(_: Path) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("forecasting.publishing.succession.make_current", cut)
        with pytest.raises(KeyboardInterrupt):
            put(here := world.copy(tmp_path), world.new)
    faults = disputed(here.tracking, here.releases)
    assert [fault.where for fault in faults] == [str(here.root / "mlruns" / "promotions.jsonl")] * 3
    left = next(fault for fault in faults if f"about {LEFT} " in fault.found)
    was, naive = held(here)[LEFT][:12], promotions(here.tracking, LEFT)[-1].digest[:12]
    assert left.found == f"its last line about {LEFT} names {naive}, the release holds {was}"
    assert "forecast promote again, which sets it right" in left.do
    assert in_release(here.release, world.old), "nothing tells it from a release that nothing happened to"
    others = settled(here, world.ev)
    put(here, others)
    assert together(here) == held(world.here)
    line = promotions(here.tracking, LEFT)[-1]
    assert (line.verdict, line.digest[:12], line.replaced[:12] if line.replaced else "") == (
        "restored",
        was,
        naive,
    )
    assert line.reason == (
        f"the release holds drift; the ledger named {naive}: a promotion was cut short, or a file was put back"
    )
    assert promotions(here.tracking, BOTH)[-1].verdict == "restored", "it was dropped"


def test_a_ledger_cut_off_after_a_return_to_an_earlier_champion_is_noticed(
    world: World, tmp_path: Path
) -> None:
    here = world.copy(tmp_path)
    naive = world.ev.model_copy(update={"models": (Candidate(model="naive"),)})
    for one in (naive, world.ev):
        put(here, settled(here, one))
    assert together(here) == held(world.here), "it is the first champion again"
    path = here.root / "mlruns" / "promotions.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    [fault] = disputed(here.tracking, here.releases)
    assert f"its last line about {EV} names " in fault.found
    path.write_bytes(b"".join([*lines, lines[0][:20]]))
    assert disputed(here.tracking, here.releases) == [], "what a kill left of a line was told nobody"


def test_releases_that_were_lost_forget_no_champion(world: World, tmp_path: Path) -> None:
    here = world.copy(tmp_path)
    (here.releases / "CURRENT").unlink()
    for call in (lambda: here.release, lambda: put(here, world.new)):
        with pytest.raises(DataError, match=r"CURRENT: is missing beside 1 release"):
            call()
    shutil.rmtree(here.releases)
    written = promotions(here.tracking)
    with pytest.raises(DataError, match="the releases were lost") as caught:
        put(here, world.old)
    assert "promotions.jsonl names champions in force; restore the folder from a copy" in str(caught.value)
    assert promotions(here.tracking) == written
    assert not here.releases.exists()
    advice = {fault.do for fault in disputed(here.tracking, here.releases)}
    assert advice == {
        f"restore {here.releases} from a copy, or move promotions.jsonl away to begin without champions"
    }


def test_a_damaged_release_is_written_anew_from_an_earlier_one(world: World, tmp_path: Path) -> None:
    here = world.copy(tmp_path)
    before = (here.releases / "CURRENT").read_text()
    put(here, world.new)
    after = held(here)
    broken = (
        here.releases / (here.releases / "CURRENT").read_text().strip() / "champions" / LEFT / "golden.csv"
    )
    broken.write_bytes(broken.read_bytes()[:-5])
    with pytest.raises(
        DataError, match="write the name of an earlier release into CURRENT and promote again"
    ):
        put(here, world.new)
    (here.releases / "CURRENT").write_text(before)
    put(here, world.new)
    assert together(here) == after
    assert (here.releases / f"{broken.parents[2].name}.damaged").is_dir(), "nothing is thrown away"


def test_each_champion_keeps_the_code_that_made_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One promoted after an upgrade that was taken back is held against its golden forecast; the others are not."""
    here = world.copy(tmp_path)
    first = here.release
    assert first is not None
    assert in_release(first, world.old)
    usual = first.champions[EV].code
    with monkeypatch.context() as patch:
        for module in (release, promotion, golden):
            patch.setattr(module, "code_digest", lambda: "b" * 64)
        assert not in_release(first, world.old), "made by other code"
        put(here, settled(here, world.ev))
    mixed = here.release
    assert mixed is not None
    assert {id: one.code for id, one in mixed.champions.items()} == {
        LEFT: usual, RIGHT: usual, BOTH: usual, EV: "b" * 64,
    }  # fmt: skip
    assert not in_release(mixed, [one for one in world.old if one.outcome.experiment.name == "vehicles"])
    assert in_release(mixed, [one for one in world.old if one.outcome.experiment.name == "flows"])
    asked: list[str] = []

    def isolated(tasks: dict[str, Any], *_: object) -> dict[str, Any]:
        asked.extend(tasks)
        return {}

    monkeypatch.setattr(golden, "isolated", isolated)
    refused(mixed, tmp_path / "cache", Job(fit_seconds=20))
    assert asked == [EV]


def test_a_release_of_an_earlier_version_has_one_code_for_all(world: World, tmp_path: Path) -> None:
    bundle = read_bundle(world.here.releases)
    cards = json.loads(bundle.attachments["cards.json"])
    for card in cards.values():
        del card["code"]
    files = {**bundle.attachments, "cards.json": json.dumps(cards).encode(), "code.txt": b"c" * 64}
    trained = {id: bundle.trained(id) for id in bundle.champions}
    export_bundle(trained, tmp_path, files)
    assert {one.code for one in release.load(tmp_path).champions.values()} == {"c" * 64}


def test_the_locked_requirements_are_told_by_their_digest(world: World, tmp_path: Path) -> None:
    outcome = world.old[0].outcome
    lock = tmp_path / "requirements.lock"
    assert promotion.record(outcome, lock, {}).lock_digest == ""
    lock.write_bytes(b"numpy==2.0\n")
    assert promotion.record(outcome, lock, {}).lock_digest == (
        "4e6648d7d85857bfc096a531dd6dcd0f7423b987d7a61e232eee8ac7deff0b96"
    )
