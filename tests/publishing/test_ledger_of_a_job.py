"""Runs of the job beside what the ledger holds: retracted inputs, ids that were issued, kills between the switch and
the lines."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from forecasting.errors import DataError, HeldBack
from forecasting.publishing import edition, job, ledger
from tests.publishing.small_job import Project


class Killed(BaseException):
    pass


def killed(*_: object) -> NoReturn:
    raise Killed


def test_retracted_inputs_are_held_back_also_where_an_edition_of_them_stands(copy: Project) -> None:
    first = copy.latest.name
    second = copy.publish(again=True).folder.name
    told = ledger.retract(copy.editions, second, "Imports were counted twice.")
    twin = f"{first}: made of the same inputs, and it stands; retract it as well if it is wrong"
    assert told == [f"latest now points to {first}", twin]
    for again in (False, True):
        with pytest.raises(HeldBack, match=f"these inputs give {second} again") as held:
            copy.publish(again=again)
        assert str(held.value).endswith(twin)
    assert copy.latest.name == first


def test_an_id_is_issued_once(copy: Project) -> None:
    second = copy.publish(again=True).folder
    shutil.rmtree(second)
    third = copy.publish(again=True).folder
    assert third.name != second.name
    issued = [line.edition for line in ledger.read(copy.editions) if line.event == "published"]
    assert len(issued) == len(set(issued)) == 3


def test_an_edition_killed_before_the_switch_is_public_from_its_recovery(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = copy.latest
    with monkeypatch.context() as patch:
        patch.setattr(edition, "point", killed)
        with pytest.raises(Killed):
            copy.publish(again=True)
    assert copy.latest == first
    before = datetime.now(UTC)
    second = copy.publish().folder
    assert second != first
    known = ledger.ledger(copy.editions)
    assert not known.editions[second.name].recovered
    assert known.reigns[-1].since >= before
    assert known.reigns[-1].since == known.reigns[-2].until


def test_overridden_gates_have_their_lines_after_a_kill(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "the cap is too low"
    copy.settings(lambda one: one["gates"].update(growth={"severity": "hold", "cap": 1.0001, "floor": 0.2}))
    with monkeypatch.context() as patch:
        patch.setattr(job, "_afterwards", killed)
        with pytest.raises(Killed):
            copy.publish(overrides={"growth": why})
    assert not copy.publish().new
    first, second, overridden = ledger.read(copy.editions)
    assert (second.event, second.edition, "recovered" in second.facts) == (
        "published",
        copy.latest.name,
        True,
    )
    assert overridden.event == "overridden"
    assert overridden.facts == {"gate": "growth", "reason": why}
    assert first.edition != second.edition


def test_without_its_audit_file_nothing_is_published(copy: Project) -> None:
    second = copy.publish(again=True).folder.name
    ledger.retract(copy.editions, second, "Wrong.")
    (copy.editions / "audit.jsonl").unlink()
    latest, lying = copy.latest, set(edition.editions(copy.editions))
    with pytest.raises(DataError, match="lines are lost"):
        copy.publish()
    assert (copy.latest, set(edition.editions(copy.editions))) == (latest, lying)
    assert not (copy.editions / "audit.jsonl").exists()
