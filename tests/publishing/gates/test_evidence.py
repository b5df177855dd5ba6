"""Certificates: there, within their binomial limits, no worse than naive."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from forecasting.publishing.candidate import Candidate
from tests.publishing.gates.made import candidate, catalogue, rows, said

GOOD = {"coverage_50": 0.5, "coverage_80": 0.8, "coverage_95": 0.95, "origins": 10, "note": ""}


def certified(gates: dict[str, Any] | None = None, **cells: Any) -> Candidate:
    table = pd.DataFrame([{"series": "a", **GOOD, **cells}])
    return candidate(rows("a", "CY2026", [1.0]), catalogue(gates, a={"target": True}), certificates=table)


def test_a_good_certificate_passes() -> None:
    assert said("coverage", certified()) == []


def test_targets_need_a_certificate() -> None:
    of = catalogue(a={"target": True}, b={})
    table = [rows("a", "CY2026", [1.0]), rows("b", "CY2026", [1.0])]
    assert said("coverage", candidate(table, of)) == [
        ("block", "a", "has no certificate of coverage"),
        ("warn", "b", "has no certificate of coverage"),
    ]


def test_without_coverage_the_reason_must_stand() -> None:
    none = {"coverage_50": None, "coverage_80": None, "coverage_95": float("nan")}
    text = "its certificate has neither coverage nor the reason why"
    for empty in ("", "  ", None):
        assert said("coverage", certified(**none, note=empty)) == [("block", "a", text)]
    assert said("coverage", certified(**none, note="too little history")) == []


@pytest.mark.parametrize(
    ("name", "realised", "text"),
    [
        ("coverage_80", 0.49, "80% bands covered 49.0% in 10 origins; 90% limits are 60.0% to 100.0%"),
        ("coverage_95", 0.79, "95% bands covered 79.0% in 10 origins; 90% limits are 80.0% to 100.0%"),
        ("coverage_50", 0.19, "50% bands covered 19.0% in 10 origins; 90% limits are 20.0% to 80.0%"),
        ("coverage_50", 0.81, "50% bands covered 81.0% in 10 origins; 90% limits are 20.0% to 80.0%"),
    ],
)
def test_coverage_beyond_its_binomial_limits_is_told(name: str, realised: float, text: str) -> None:
    assert said("coverage", certified(**{name: realised})) == [("warn", "a", text)]


def test_the_limits_themselves_pass_and_follow_confidence_and_origins() -> None:
    for realised in (0.2, 0.8):
        assert said("coverage", certified(coverage_50=realised)) == []
    loose = {"coverage": {"confidence": 0.99, "severity": "hold"}}
    assert said("coverage", certified(loose, coverage_50=0.15)) == []
    text = "50% bands covered 9.0% in 10 origins; 99% limits are 10.0% to 90.0%"
    assert said("coverage", certified(loose, coverage_50=0.09)) == [("hold", "a", text)]
    text = "50% bands covered 30.0% in 100 origins; 90% limits are 42.0% to 58.0%"
    assert ("warn", "a", text) in said("coverage", certified(coverage_50=0.3, origins=100))


@pytest.mark.parametrize(("realised", "origins"), [(1.1, 10), (-0.1, 10), (0.5, 0), (0.5, float("nan"))])
def test_impossible_certificates_are_refused(realised: float, origins: float) -> None:
    cells = {"coverage_50": realised, "coverage_80": None, "coverage_95": None, "origins": origins}
    text = f"its certificate has coverage_50 {realised:g} from {origins:g} origins"
    assert said("coverage", certified(**cells)) == [("block", "a", text)]


def test_coverage_of_nought_or_one_is_possible() -> None:
    cells = {"coverage_50": None, "coverage_80": 1.0, "coverage_95": None, "origins": 1}
    assert said("coverage", certified(**cells)) == []


def test_a_champion_is_no_worse_than_naive() -> None:
    assert said("skill", certified(crps=0.5, naive_crps=0.5, mase=1.0, naive_mase=1.0)) == []
    text = "CRPS 0.51 is worse than 0.5 of the naive model; 0% more is allowed"
    assert said("skill", certified(crps=0.51, naive_crps=0.5, mase=9.0, naive_mase=1.0)) == [
        ("warn", "a", text)
    ]
    text = "MASE 1.2 is worse than 1.1 of the naive model; 0% more is allowed"
    assert said("skill", certified(crps=0.4, naive_crps=0.5, mase=1.2, naive_mase=1.1)) == [
        ("warn", "a", text)
    ]
    some = {"skill": {"worse_by": 0.5, "severity": "hold"}}
    assert said("skill", certified(some, crps=0.75, naive_crps=0.5)) == []
    text = "CRPS 0.76 is worse than 0.5 of the naive model; 50% more is allowed"
    assert said("skill", certified(some, crps=0.76, naive_crps=0.5)) == [("hold", "a", text)]


def test_without_a_naive_score_nothing_is_compared() -> None:
    assert said("skill", certified(crps=9.0)) == []
    assert said("skill", certified(crps=9.0, naive_crps=None)) == []
    stranger = pd.DataFrame([{"series": "b", "crps": 9.0, "naive_crps": 1.0}])
    assert said("skill", candidate(rows("a", "CY2026", [1.0]), certificates=stranger)) == []


def test_one_without_certificate_does_not_hide_the_next() -> None:
    table = [rows("a", "CY2026", [1.0]), rows("b", "CY2026", [1.0])]
    bad = pd.DataFrame([{"series": "b", **GOOD, "coverage_80": 1.2}])
    found = said("coverage", candidate(table, catalogue(a={}, b={}), certificates=bad))
    assert [(severity, series) for severity, series, _ in found] == [("block", "b"), ("warn", "a")]
