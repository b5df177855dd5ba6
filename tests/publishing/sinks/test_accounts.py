"""When something last happened to an edition: readers are shown anew what no longer stands, and what stands again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from forecasting.publishing import ledger
from forecasting.publishing.sinks.accounts import accounts
from tests.publishing.sinks.conftest import FIRST, SECOND, published

ONE, TWO, THREE = "2026-07-20-aaaaaaaa", "2026-07-21-bbbbbbbb", "2026-07-22-cccccccc"


def changed(root: Path) -> dict[str, datetime]:
    return {one.edition: one.changed for one in accounts(root)}


def told_anew(root: Path, before: dict[str, datetime]) -> list[str]:
    """The editions something happened to since, in the order of publication."""
    now = changed(root)
    return [id for id, when in before.items() if now[id] != when]


def test_an_edition_that_stands_again_is_told_anew(root: Path) -> None:
    published(root, ONE)
    published(root, TWO)
    assert changed(root)[ONE] == datetime(2026, 7, 21, 9, tzinfo=UTC)
    before = changed(root)
    ledger.retract(root, TWO, "a unit slipped")
    assert {one.edition: one.fate for one in accounts(root)}[ONE] == "current"
    assert told_anew(root, before) == [ONE, TWO]


def test_an_edition_superseded_through_a_retracted_one_is_told_anew(root: Path) -> None:
    for id in (ONE, TWO, THREE):
        published(root, id)
    before = changed(root)
    ledger.retract(root, TWO, "a unit slipped")
    assert {one.edition: one.superseded_by for one in accounts(root)}[ONE] == THREE
    assert told_anew(root, before) == [ONE, TWO]
    before = changed(root)
    ledger.retract(root, THREE, "another unit slipped")
    assert {one.edition: one.fate for one in accounts(root)}[ONE] == "current"
    assert told_anew(root, before) == [ONE, TWO, THREE]


def test_what_does_not_change_an_edition_does_not_tell_it_anew(root: Path) -> None:
    published(root, ONE)
    published(root, TWO)
    published(root, THREE)
    before = changed(root)
    ledger.retract(root, THREE, "a unit slipped")
    assert told_anew(root, before) == [TWO, THREE]
    before = changed(root)
    ledger.supersede(root, FIRST, SECOND, "minor", "a typo")
    assert told_anew(root, before) == [FIRST, SECOND]
