"""What holds an edition back, in words."""

from __future__ import annotations

from typing import Any

import pytest

from forecasting.errors import HeldBack
from forecasting.publishing.candidate import Objection, State, Verdict
from forecasting.publishing.making import Draft, require_publishable
from tests.publishing.gates.made import candidate, catalogue, rows

HEAD = "held back, the last good edition stays:\n  "


def draft(
    *objections: Objection, critical: tuple[str, ...] = (), least: float = 0.8, **standings: Any
) -> Draft:
    of = catalogue()
    job = of.publication.job.model_copy(update={"least_ok": least})
    publication = of.publication.model_copy(update={"critical": critical, "job": job})
    object.__setattr__(of, "publication", publication)
    states = {id: State(id, what, "ets", "late") for id, what in standings.items()}
    made = candidate(rows("a", "CY2026", [1.0]), of, states=states)
    return Draft(made, Verdict(objections), {}, [], "")


def held(made: Draft) -> str:
    with pytest.raises(HeldBack) as caught:
        require_publishable(made)
    return str(caught.value).removeprefix(HEAD)


def test_an_edition_without_fault_is_publishable() -> None:
    require_publishable(draft(a="ok", b="ok"))
    require_publishable(draft())
    require_publishable(draft(Objection("flat", "warn", "x", "a"), a="ok"))
    require_publishable(draft(Objection("growth", "block", "x", "a"), a="ok"))
    require_publishable(draft(Objection("growth", "hold", "x", "a", "because"), a="ok"))


def test_gates_that_hold_are_named_with_series_and_text() -> None:
    one, two = Objection("growth", "hold", "grows", "a"), Objection("identities", "hold", "do not add")
    assert held(draft(one, two, a="ok")) == "growth: a grows\n  identities: do not add"
    assert held(draft(Objection("finite", "block", "no rows"), a="ok")) == "finite: no rows"


def test_a_block_of_what_no_series_stands_for_holds() -> None:
    stranger = Objection("slip", "block", "stranger is in no catalogue", "stranger")
    assert held(draft(stranger, a="ok")) == "slip: stranger stranger is in no catalogue"
    require_publishable(draft(Objection("slip", "block", "x", "stranger", "because"), a="ok"))


@pytest.mark.parametrize(
    ("standing", "good"), [("ok", True), ("degraded", True), ("stale", False), ("withheld", False)]
)
def test_a_critical_series_is_ok_or_degraded(standing: str, good: bool) -> None:
    made = draft(critical=("a",), a=standing)
    if good:
        require_publishable(made)
    else:
        assert held(made) == f"critical series a is {standing}: late"


def test_a_critical_series_nobody_forecasts_holds() -> None:
    assert held(draft(critical=("b",), a="ok")) == "critical series b is withheld: no experiment forecasts it"


def test_enough_of_the_others_are_ok() -> None:
    require_publishable(draft(least=0.5, a="ok", b="stale"))
    assert held(draft(least=0.51, b="stale", c="degraded", a="ok")) == (
        "1 of 3 other series are ok, fewer than 51%: b, c"
    )
    require_publishable(draft(critical=("b",), least=1.0, a="ok", b="degraded"))


def test_of_many_faults_twelve_are_shown() -> None:
    many = [Objection("growth", "hold", f"{n}", "a") for n in range(14)]
    lines = held(draft(*many, a="ok")).split("\n  ")
    assert lines[11:] == ["growth: a 11", "… and 2 more"]
    assert held(draft(*many[:13], a="ok")).split("\n  ")[12:] == ["… and 1 more"]
    assert held(draft(*many[:12], a="ok")).split("\n  ")[11:] == ["growth: a 11"]
