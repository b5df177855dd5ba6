"""Every sink on its own: retries, deadline, record, and nothing that one does to another."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forecasting.errors import ConfigError, InputMissing, ServiceAway
from forecasting.publishing import ledger
from forecasting.publishing.sinks import record
from forecasting.publishing.sinks.base import Delivered
from forecasting.publishing.sinks.deliver import deliver_all
from tests.publishing.sinks.conftest import FIRST, SECOND, published


@dataclass
class Told:
    """A sink that does as it is told, once for each thing it is told, and remembers what it was given."""

    name: str
    tells: list[Exception | threading.Event] = field(default_factory=list)
    whole: bool = False
    secrets: tuple[str, ...] = ("canary",)
    given: list[str] = field(default_factory=list)

    def deliver(self, folder: Path, root: Path) -> Delivered:
        assert folder.parent == root
        self.given.append(folder.name)
        if self.tells:
            told = self.tells.pop(0)
            if isinstance(told, Exception):
                raise told
            told.wait(30)
        return Delivered(True, "there")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.publishing.sinks.deliver.WAIT", 0.001)


def outcomes(root: Path) -> list[tuple[str, str, str, int]]:
    return [(one.sink, one.edition, one.outcome, one.tries) for one in record.read(root)]


def test_everything_that_has_not_arrived_is_sent_the_latest_first(root: Path) -> None:
    one = Told("one")
    deliver_all([one], root / SECOND, root)
    assert one.given == [SECOND, FIRST]
    (idle,) = deliver_all([one], root / SECOND, root)
    assert (idle.outcome, idle.detail, idle.tries) == ("unchanged", "has arrived before", 0)
    published(root, "2026-12-20-cccccccc")
    deliver_all([one], root / "2026-12-20-cccccccc", root)
    assert one.given == [SECOND, FIRST, "2026-12-20-cccccccc"]
    deliver_all([one], root / FIRST, root, again=True)
    assert one.given[3:] == [FIRST]


def test_what_was_retracted_is_sent_last(root: Path) -> None:
    one = Told("one")
    published(root, "2026-12-20-cccccccc")
    ledger.retract(root, "2026-12-20-cccccccc", "a unit slipped")
    deliver_all([one], root / SECOND, root)
    assert one.given == [SECOND, FIRST, "2026-12-20-cccccccc"]


def test_a_changed_fate_is_sent_again(root: Path) -> None:
    one, site = Told("one"), Told("site", whole=True)
    deliver_all([one, site], root / SECOND, root)
    ledger.retract(root, SECOND, "a unit slipped")
    deliver_all([one, site], root / FIRST, root)
    assert one.given == [SECOND, FIRST, FIRST]
    assert site.given == [SECOND, FIRST]


def test_a_changed_fate_is_sent_although_an_edition_never_arrives(root: Path) -> None:
    damaged = ConfigError(f"{FIRST} is not what was published")
    fine = threading.Event()
    fine.set()
    one = Told("one", [fine, damaged])
    deliver_all([one], root / SECOND, root)
    ledger.supersede(root, FIRST, SECOND, "minor", "a typo")
    one.tells = [fine, damaged]
    found = deliver_all([one], root / SECOND, root)
    assert one.given[2:] == [SECOND, FIRST]
    assert [(each.edition, each.outcome) for each in found] == [(SECOND, "delivered"), (FIRST, "failed")]
    one.tells = [damaged]
    deliver_all([one], root / SECOND, root)
    assert one.given[4:] == [FIRST]


def test_an_edition_whose_folder_is_gone_is_not_sent(root: Path) -> None:
    shutil.rmtree(root / FIRST)
    one = Told("one")
    deliver_all([one], root / SECOND, root)
    assert one.given == [SECOND]


def test_one_failure_is_recorded_and_touches_no_other(root: Path) -> None:
    refused = Told("refused", [ConfigError("no rights for canary at s3://me:pw@bucket")])
    away = Told("away", [ServiceAway("silent")] * 3)
    good = Told("good")
    found = deliver_all([refused, away, good], root / SECOND, root)
    assert [(one.sink, one.edition, one.outcome, one.tries) for one in found] == outcomes(root) == [
        ("refused", SECOND, "failed", 1), ("refused", FIRST, "delivered", 1),
        ("away", SECOND, "failed", 3), ("good", SECOND, "delivered", 1), ("good", FIRST, "delivered", 1),
    ]  # fmt: skip
    assert found[0].detail == "no rights for *** at s3://***@bucket"
    assert str(found[2]) == f"away: {SECOND} failed: silent"
    deliver_all([refused, away, good], root / SECOND, root)
    assert outcomes(root)[5:] == [
        ("refused", SECOND, "delivered", 1), ("away", SECOND, "delivered", 1), ("away", FIRST, "delivered", 1),
    ]  # fmt: skip


def test_what_may_pass_is_tried_three_times(root: Path) -> None:
    one = Told("one", [ServiceAway("silent"), ServiceAway("silent")])
    deliver_all([one], root / SECOND, root)
    assert outcomes(root)[0] == ("one", SECOND, "delivered", 3)


def test_a_sink_that_hangs_is_left_behind(root: Path) -> None:
    never = threading.Event()
    hanging, good = Told("hanging", [never]), Told("good")
    found = deliver_all([hanging, good], root / SECOND, root, deadline=0.3)
    never.set()
    assert [(one.sink, one.outcome) for one in found] == [
        ("hanging", "failed"), ("good", "delivered"), ("good", "delivered"),
    ]  # fmt: skip
    assert found[0].detail == "no answer within 0 s; it is tried again at the next run"


def test_a_bug_in_a_sink_is_its_own_failure(root: Path) -> None:
    good = Told("good")
    found = deliver_all(
        [Told("wrong", [ZeroDivisionError("canary\ndivided")] * 2), good], root / SECOND, root
    )
    assert good.given == [SECOND, FIRST]
    assert found[0].detail == "a bug: ZeroDivisionError: *** divided"


def test_an_edition_nobody_recorded(root: Path) -> None:
    with pytest.raises(InputMissing, match=r"audit\.jsonl has no line of 2027; run forecast publish"):
        deliver_all([Told("one")], root / "2027", root)


def test_a_torn_record_loses_no_delivery_after_it(root: Path) -> None:
    one = Told("one")
    deliver_all([one], root / SECOND, root)
    path = root / record.DELIVERIES
    path.write_bytes(path.read_bytes()[:-20])
    deliver_all([one], root / SECOND, root)
    assert one.given == [SECOND, FIRST, FIRST]
    lines = path.read_text().splitlines()
    assert len(lines) == 3
    assert json.loads(lines[2])["edition"] == FIRST
    assert [d.edition for d in record.read(root)] == [SECOND, FIRST]
