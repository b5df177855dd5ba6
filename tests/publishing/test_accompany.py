"""What readers are told beside the numbers, and what degrades an edition."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from forecasting.publishing import ledger
from forecasting.publishing.accompany import beside, manifest
from forecasting.publishing.candidate import Objection, State, Verdict
from forecasting.publishing.making import Draft
from tests.publishing.gates.made import after, candidate, rows
from tests.publishing.shelf import OCT, filled

OK = State("a", "ok", "ets")
LATE = State("b", "stale", "ets", "no answer", "older")
GONE = State("c", "withheld", "", "no data")


def draft(*objections: Objection, states: tuple[State, ...] = (OK,), no_balance: str = "") -> Draft:
    made = candidate(rows("a", "CY2026", [1.0]), states={one.series: one for one in states})
    return Draft(made, Verdict(objections), {}, [], no_balance)


def weaknesses(root: Path, *objections: Objection, **options: Any) -> tuple[tuple[str, ...], bool]:
    found = beside(root, draft(*objections, **options))
    return found.weak, found.degraded


def test_an_edition_without_blemish_says_nothing(tmp_path: Path) -> None:
    found = beside(tmp_path, draft())
    assert (found.reasons, found.notes, found.weak, found.degraded) == ((), {}, (), False)
    assert list(found.tables) == ["remarks"]
    assert found.tables["remarks"].empty


def test_series_that_are_not_ok_are_noted_and_degrade(tmp_path: Path) -> None:
    found = beside(tmp_path, draft(states=(GONE, LATE, OK)))
    stale = "stale, the values of edition older (ets); no answer"
    assert found.notes == {"b": stale, "c": "withheld; no data"}
    assert found.weak == (f"b: {stale}", "c: withheld; no data")
    assert found.degraded


def test_warnings_are_told_and_degrade_only_when_data_are_overdue(tmp_path: Path) -> None:
    whole, mine = (
        Objection("width", "warn", "all bands are thin"),
        Objection("flat", "warn", "does not move", "a"),
    )
    found = beside(tmp_path, draft(whole, mine))
    assert (found.reasons, found.notes) == (("All bands are thin.",), {"a": "does not move"})
    assert (found.weak, found.degraded) == ((), False)
    aged = Objection("freshness", "warn", "vahan is late", "a")
    other = Objection("freshness", "warn", "vahan is late", "b")
    assert weaknesses(tmp_path, aged, other) == (("a, b: vahan is late",), True)
    assert weaknesses(tmp_path, Objection("retrospect", "warn", "no look back.")) == ((), True)
    both = beside(tmp_path, draft(mine, aged, states=(State("a", "degraded", "naive", "x"),)))
    assert both.notes == {"a": "degraded, published is naive; x; does not move; vahan is late"}


def test_an_override_is_told_once_with_its_reason(tmp_path: Path) -> None:
    one = Objection("growth", "hold", "grows too fast", "a", "a new plant opened")
    found = beside(tmp_path, draft(one, one))
    assert found.reasons == ("Gate growth was overridden (a grows too fast): a new plant opened",)
    assert (found.degraded, found.notes) == (True, {})
    remarks = found.tables["remarks"].drop_duplicates()
    assert remarks.to_dict("records") == [
        {"series": "a", "gate": "growth", "text": "grows too fast", "overridden": "a new plant opened"}
    ]
    whole = beside(tmp_path, draft(Objection("identities", "hold", "do not add", "", "known")))
    assert whole.reasons == ("Gate identities was overridden (do not add): known",)


def test_holds_that_nobody_overrode_are_no_remarks(tmp_path: Path) -> None:
    found = beside(tmp_path, draft(Objection("growth", "hold", "grows too fast", "a")))
    assert (found.reasons, found.degraded, len(found.tables["remarks"])) == ((), False, 0)


def test_a_missing_balance_degrades_and_comes_first(tmp_path: Path) -> None:
    found = beside(
        tmp_path, draft(Objection("width", "warn", "thin"), no_balance="The balance is withheld: x.")
    )
    assert found.reasons == ("The balance is withheld: x.", "Thin.")
    assert found.degraded


def test_errata_of_earlier_editions_come_along(tmp_path: Path) -> None:
    root = filled(tmp_path)
    ledger.retract(root, OCT, "A unit slipped.")
    assert beside(root, draft()).tables["errata"]["what"].tolist() == ["A unit slipped."]


@pytest.mark.parametrize("follows", [False, True])
def test_the_manifest_says_what_the_edition_stands_on(follows: bool) -> None:
    made = draft(Objection("flat", "warn", "does not move", "a"), states=(LATE, OK))
    facts = SimpleNamespace(status="degraded", status_reasons=("b is stale",))
    report: Any = SimpleNamespace(facts=facts, failed={"xlsx": "x", "pdf": "y"})
    previous = after(made.candidate).previous if follows else None
    told = manifest("key", report, made, "digest", previous)
    assert len(told.pop("environment")["code"]) == 64
    assert list(told["series"]) == ["a", "b"]
    assert list(told["not_rendered"]) == ["pdf", "xlsx"]
    assert told == {
        "key": "key",
        "previous": "2026-01-01-aaaaaaaa" if follows else "",
        "as_of": "2026-01-31",
        "released": "2026-02-01",
        "status": "degraded",
        "status_reasons": ["b is stale"],
        "observations_sha256": "digest",
        "series": {"a": "ok", "b": "stale"},
        "gates": [
            {"gate": "flat", "severity": "warn", "text": "does not move", "series": "a", "overridden": ""}
        ],
        "not_rendered": {"pdf": "y", "xlsx": "x"},
    }
