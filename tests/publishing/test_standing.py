"""What follows from audit lines alone: who reigned when, who stands, what was put right."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from forecasting.publishing.chain import Event, Line
from forecasting.publishing.standing import Erratum, Ledger, Reign

GMT = ZoneInfo("UTC")
A, B, C = "a", "b", "c"


def moment(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def told(*events: tuple[datetime, Event, str, dict[str, Any]]) -> Ledger:
    return Ledger(
        tuple(Line(n, at, event, id, facts, "") for n, (at, event, id, facts) in enumerate(events, 1))
    )


def published(at: datetime, id: str, **facts: Any) -> tuple[datetime, Event, str, dict[str, Any]]:
    return at, "published", id, {"as_of": f"2026-0{'abc'.index(id) + 1}-15", **facts}


def retracted(at: datetime, id: str) -> tuple[datetime, Event, str, dict[str, Any]]:
    return at, "retracted", id, {"reason": "wrong"}


def test_an_edition_reigns_until_the_next() -> None:
    known = told(published(moment(1), A), published(moment(3, 12), B))
    assert known.reigns == [Reign(A, moment(1), moment(3, 12)), Reign(B, moment(3, 12), None)]
    assert known.ranked == [B, A]
    assert not known.editions[A].recovered
    assert (known.editions[A].replaced_by, known.editions[A].retracted) == ((), "")


def test_a_reign_ends_with_a_retraction_and_the_one_before_reigns_again() -> None:
    known = told(
        published(moment(1), A), published(moment(2), B), retracted(moment(4), B), retracted(moment(5), A)
    )
    assert known.reigns == [
        Reign(A, moment(1), moment(2)), Reign(B, moment(2), moment(4)), Reign(A, moment(4), moment(5)),
    ]  # fmt: skip
    assert known.ranked == []
    assert known.on(date(2026, 11, 6), GMT) == ([], "")


def test_a_recovered_edition_is_public_from_its_own_time() -> None:
    known = told(published(moment(9), A, recovered=moment(2).isoformat()))
    assert (known.editions[A].recovered, known.editions[A].since) == (True, moment(2))
    assert known.reigns == [Reign(A, moment(2), None)]


def test_no_edition_reigns_before_the_one_before_it() -> None:
    known = told(
        published(moment(1), A), published(moment(5), B), published(moment(9), C, recovered=moment(3).isoformat()),
        retracted(moment(4), C),
    )  # fmt: skip
    assert known.editions[C].since == moment(3)
    assert known.reigns == [
        Reign(A, moment(1), moment(5)), Reign(B, moment(5), moment(5)), Reign(C, moment(5), moment(5)),
        Reign(B, moment(5), None),
    ]  # fmt: skip


def test_a_reign_that_ends_or_begins_at_midnight_is_of_one_day() -> None:
    known = told(published(moment(1), A), published(moment(2), B), published(moment(3), C))
    assert known.on(date(2026, 11, 1), GMT) == ([known.reigns[0]], A)
    assert known.on(date(2026, 11, 2), GMT) == ([known.reigns[1]], B)
    assert known.on(date(2026, 11, 3), GMT) == ([known.reigns[2]], C)
    gone = told(published(moment(1), A), retracted(moment(2, 12), A))
    assert gone.on(date(2026, 11, 2), GMT) == ([gone.reigns[0]], "")
    assert told(published(moment(1), A), retracted(moment(2), A)).on(date(2026, 11, 1), GMT)[1] == A


def test_fates_in_words() -> None:
    known = told(
        published(moment(1), A), published(moment(2), B, supersedes=[A]),
        published(moment(3), C), retracted(moment(4), C),
    )  # fmt: skip
    assert known.fate(A) == "superseded by b"
    assert known.fate(B) == ""
    assert known.fate(C) == "retracted on 2026-11-04: wrong"
    assert known.fate("stranger") == ""
    assert [known.status(id) for id in (A, B, C)] == ["superseded", "current", "retracted"]


def erratum(at: datetime, id: str, by: str) -> tuple[datetime, Event, str, dict[str, Any]]:
    return at, "superseded", id, {"by": by, "class": "minor", "what": "typo"}


def test_an_edition_stays_superseded_while_any_that_superseded_it_stands() -> None:
    events = [published(moment(1), A), published(moment(2), B, supersedes=[A]), published(moment(3), C)]
    events.append(erratum(moment(4), A, C))
    both = told(*events)
    assert both.superseders(A) == [C, B]
    assert (both.superseded_by(A), both.supersedes(B), both.supersedes(C)) == (C, [A], [A])
    without_c = told(*events, retracted(moment(5), C))
    assert (without_c.superseders(A), without_c.fate(A)) == ([B], "superseded by b")
    without_b = told(*events, retracted(moment(5), B))
    assert (without_b.status(A), without_b.superseded_by(A)) == ("superseded", C)
    neither = told(*events, retracted(moment(5), C), retracted(moment(6), B))
    assert (neither.status(A), neither.superseders(A)) == ("current", [])


def test_what_superseded_a_retracted_edition_is_named_once() -> None:
    known = told(
        published(moment(1), A), published(moment(2), B, supersedes=[A]), published(moment(3), C),
        erratum(moment(4), A, C), erratum(moment(5), B, C), retracted(moment(6), B),
    )  # fmt: skip
    assert known.superseders(A) == [C]


def test_current_editions_of_a_month() -> None:
    known = told(
        published(moment(1), A),
        published(moment(2), B, as_of="2026-01-31"),
        published(moment(3), C, as_of=""),
    )
    assert known.of_month("2026-01-01") == [A, B]
    assert known.of_month("2026-02-01") == []
    assert known.of_month("") == []


def test_errata_and_history_of_one_edition_or_all() -> None:
    known = told(
        published(moment(1), A), published(moment(2), B),
        (moment(3), "superseded", A, {"by": B, "class": "minor", "what": "typo"}),
        retracted(moment(4), B),
    )  # fmt: skip
    first = Erratum(date(2026, 11, 3), A, "minor", "typo")
    second = Erratum(date(2026, 11, 4), B, "retracted", "wrong")
    assert known.errata() == [first, second]
    assert known.errata(B) == [second]
    assert [line.sequence for line in known.history(B)] == [2, 3, 4]
    assert [line.sequence for line in known.history(A)] == [1, 3]


@pytest.mark.parametrize("event", ["held", "overridden"])
def test_other_events_change_nothing(event: Event) -> None:
    known = told(published(moment(1), A), (moment(2), event, A, {}))
    assert (known.status(A), known.reigns) == ("current", [Reign(A, moment(1), None)])
