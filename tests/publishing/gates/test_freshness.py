"""Data overdue by their source's calendar, data from the future, figures that moved or went."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from forecasting.catalogue import Expectation
from forecasting.publishing.candidate import Candidate
from tests.publishing.gates.made import after, candidate, catalogue, rows, said, years

TABLE = rows("a", "CY2026", [8.0])


def released(day: date, last: str = "CY2025", **others: object) -> Candidate:
    """A candidate of a day whose newest figure is of a year, known on 31 January 2026."""
    figures = {"a": years("CY2020", [8.0] * (int(last[2:]) - 2019))}
    return candidate(TABLE, figures=figures, released=day, **others)


def test_a_figure_is_overdue_after_its_day_and_the_grace() -> None:
    assert said("freshness", released(date(2026, 2, 9), "CY2024")) == []
    text = (
        "press should have printed CY2025 by 2026-01-31; the last figure that models may fit is of CY2024, "
        "1 period(s) behind; CY2025 was due on 2026-01-31; 10 days of grace have passed"
    )
    assert said("freshness", released(date(2026, 2, 10), "CY2024")) == [("warn", "a", text)]


def test_periods_behind_are_counted() -> None:
    ((_, _, text),) = said("freshness", released(date(2026, 2, 10), "CY2022"))
    assert "is of CY2022, 3 period(s) behind; CY2023 was due on 2024-01-31;" in text


def test_a_family_may_have_a_calendar_of_its_own() -> None:
    of = catalogue({"freshness": {"grace_days": 0, "severity": "hold"}})
    promised = {"press": Expectation(every="CY", lag_days=45)}
    slow = replace(of, publication=of.publication.model_copy(update={"expected": promised}))
    figures = {"a": years("CY2020", [8.0] * 5)}
    assert said("freshness", candidate(TABLE, slow, figures, released=date(2026, 2, 13))) == []
    ((severity, _, text),) = said("freshness", candidate(TABLE, slow, figures, released=date(2026, 2, 14)))
    assert severity == "hold"
    assert text.startswith("press should have printed CY2025 by 2026-02-14;")
    assert len(said("freshness", candidate(TABLE, of, figures, released=date(2026, 2, 13)))) == 1


def test_only_what_is_published_is_judged() -> None:
    of = catalogue(a={}, b={}, all={"sum_of": ["b"]})
    figures = {"a": years("CY2020", [8.0] * 6), "b": years("CY2010", [1.0])}
    assert said("freshness", candidate(TABLE, of, figures)) == []
    assert said("freshness", candidate([TABLE, rows("all", "CY2026", [1.0])], of, figures)) == []
    assert said("freshness", candidate([TABLE, rows("stranger", "CY2026", [1.0])], of, figures)) == []


def test_an_edition_long_after_its_data_says_so() -> None:
    limit = date(2026, 1, 31) + timedelta(days=120)
    assert said("freshness", released(limit)) == []
    text = "no figure became known after 2026-01-31, 121 days before the release; the limit is 120"
    assert said("freshness", released(limit + timedelta(days=1))) == [("warn", "", text)]


def test_nothing_comes_from_the_future() -> None:
    made = candidate(TABLE, figures={"a": years("CY2020", [8.0] * 6)}, released=date(2026, 1, 30))
    text = "the data are as of 2026-01-31, after the release on 2026-01-30"
    assert said("freshness", made) == [("hold", "", text)]
    assert (
        said(
            "freshness",
            candidate(TABLE, figures={"a": years("CY2020", [8.0] * 6)}, released=date(2026, 1, 31)),
        )
        == []
    )
    early = candidate(TABLE, figures={"a": years("CY2020", [8.0] * 6)}, as_of=date(2026, 1, 30))
    text = "a figure of CY2020 became known on 2026-01-31, after 2026-01-30"
    assert said("freshness", early) == [("hold", "a", text)]


FIGURES = {"a": years("CY2021", [10.0, 10.0, 10.0, 10.0, 10.0])}


def revised(by: float, gates: dict[str, object] | None = None) -> list[tuple[str, str, str]]:
    now = {"a": {**FIGURES["a"], "CY2023": 10.0 + by}}
    return said("revision", after(candidate(TABLE, catalogue(gates), now), figures=FIGURES))


def test_revisions_warn_and_hold_by_their_size() -> None:
    assert revised(0.0) == revised(0.5) == revised(-0.5) == []
    text = "1 figure(s) were revised by more than 5%, most CY2023: from 10 to 10.6, 6.0%; 50% holds"
    assert revised(0.6) == [("warn", "a", text)]
    assert [one[0] for one in revised(5.0)] == [one[0] for one in revised(-5.0)] == ["warn"]
    text = "1 figure(s) were revised by more than 5%, most CY2023: from 10 to 4.9, 51.0%; 50% holds"
    assert revised(-5.1) == [("hold", "a", text)]
    assert [one[0] for one in revised(5.1)] == ["hold"]
    assert revised(1.0, {"revision": {"warn_above": 0.1}}) == []
    assert [one[0] for one in revised(1.0, {"revision": {"warn_above": 0.01, "hold_above": 0.09}})] == [
        "hold"
    ]


def test_the_worst_of_several_revisions_is_named() -> None:
    now = {"a": years("CY2021", [10.0, 12.0, 13.0, 10.0, 10.0])}
    text = "2 figure(s) were revised by more than 5%, most CY2023: from 10 to 13, 30.0%; 50% holds"
    assert said("revision", after(candidate(TABLE, figures=now), figures=FIGURES)) == [("warn", "a", text)]


def test_small_figures_are_measured_by_the_series() -> None:
    then = {"a": years("CY2021", [0.5, 10.0, 10.0, 10.0, 0.0])}
    now = {"a": years("CY2021", [0.53, 10.0, 10.0, 10.0, 0.02])}
    assert said("revision", after(candidate(TABLE, figures=now), figures=then)) == []
    strict = catalogue({"revision": {"least": 0.0}})
    ((severity, _, text),) = said("revision", after(candidate(TABLE, strict, now), figures=then))
    assert severity == "hold"
    assert "most CY2025: from 0 to 0.02, inf%" in text
    assert said("revision", after(candidate(TABLE, strict, then), figures=then)) == []


def test_figures_that_went_are_missed_and_new_ones_welcome() -> None:
    then = {"a": {**FIGURES["a"], "CY2019": 9.0, "CY2020": 9.0}}
    text = "2 figure(s) have gone, first CY2019"
    assert said("revision", after(candidate(TABLE, figures=FIGURES), figures=then)) == [("hold", "a", text)]
    assert said("revision", after(candidate(TABLE, figures=then), figures=FIGURES)) == []
    assert said("revision", after(candidate(TABLE, figures={}), figures=FIGURES)) == [
        ("hold", "a", "5 figure(s) have gone, first CY2021")
    ]


def test_parts_and_markets_count_and_strangers_do_not() -> None:
    of = catalogue(a={}, b={"within": "m"}, m={}, all={"sum_of": ["b"]})
    then = {"b": years("CY2021", [1.0]), "m": years("CY2021", [1.0]), "a": years("CY2021", [1.0])}
    now = {**then, "m": years("CY2021", [2.0]), "a": years("CY2021", [2.0])}
    made = candidate(rows("all", "CY2026", [1.0]), of, now)
    assert [one[:2] for one in said("revision", after(made, figures=then))] == [("hold", "m")]
    assert said("revision", made) == []


def test_a_revision_is_seen_beside_noughts() -> None:
    then, now = ({"a": years("CY2020", [0.0, 0.0, 0.0, last])} for last in (8.0, 16.0))
    made = candidate(rows("a", "CY2026", [1.0]), figures=now)
    ((severity, series, text),) = said("revision", after(made, figures=then))
    assert (severity, series) == ("hold", "a")
    assert "most CY2023: from 8 to 16, " in text
    assert said("revision", after(made)) == []
