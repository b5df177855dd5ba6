"""One series fails, and the edition says so: the next rung, who rests on it, what is held, what stays as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import HeldBack
from forecasting.frames import Forecast
from forecasting.models.recipe import Recipe
from forecasting.periods import Period
from forecasting.publishing import champions
from forecasting.publishing.champions import Bench
from forecasting.publishing.gates import GATES, Found, Gate, View
from forecasting.publishing.rebuild import rebuild
from tests.publishing.breaking import Break, raises, ways
from tests.publishing.small_job import BOTH, EV, FITTED, LEFT, MARKET, OXIDE, RIGHT, Project

LATER = dict.fromkeys(("known_on", "released", "today"), date(2026, 6, 20))


FIT_SECONDS = 2
HOW = ways(FIT_SECONDS)


def break_(monkeypatch: pytest.MonkeyPatch, series: str, how: Break, rungs: int = 1) -> None:
    """Break the fits of a series: of its champion, and of so many rungs below less one."""
    whole = champions.Bench.fitted
    broken = ["drift", "damped_drift", "naive"][:rungs]

    def fitted(bench: Bench, id: str, recipe: Recipe, widening: float = 1.0) -> Forecast:
        if id != series or recipe.model not in broken:
            return whole(bench, id, recipe, widening)
        forecast = how(recipe.apply(bench.panel(id, recipe), wanted=id))
        if not np.isfinite(forecast.paths).all():
            monkeypatch.setattr(Recipe, "apply", lambda *_, **__: forecast)
            return whole(bench, id, recipe, widening)
        return forecast

    monkeypatch.setattr(champions.Bench, "fitted", fitted)


def drop_cache(project: Project) -> None:
    for path in project.cache.glob("*.npz"):
        path.unlink()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose first edition is without a blemish; tests copy what they compare with."""
    project = Project(tmp_path_factory.mktemp("whole") / "p").release()
    project.publish()
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "p").release()


RESTING = {LEFT: {LEFT, BOTH}, RIGHT: {RIGHT, BOTH}, MARKET: {MARKET, EV}, EV: {EV}, OXIDE: {OXIDE}}


@pytest.mark.parametrize(
    ("series", "how"), [(LEFT, "exception"), (OXIDE, "hang"), (EV, "nan"), (MARKET, "crash")]
)
def test_a_broken_champion_gives_way_and_leaves_the_others_alone(
    series: str, how: str, whole: Project, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, said = HOW[how]
    if how == "hang":  # which is waited for
        project.settings(lambda one: one["job"].update(fit_seconds=FIT_SECONDS))
    break_(monkeypatch, series, work)
    done = project.publish()
    assert done.code == 3
    states = project.states()
    assert list(states.index) == sorted([*FITTED, BOTH])
    row = states.loc[series]
    assert (row["standing"], row["model"]) == ("degraded", "damped_drift (bands widened 1.5 times)")
    assert said in row["reason"]
    assert set(states.index[states["standing"] == "degraded"]) == RESTING[series]
    before, after = whole.table(), project.table()
    untouched = [id for id in states.index if id not in RESTING[series]]
    pd.testing.assert_frame_equal(
        before[before["series"].isin(untouched)].reset_index(drop=True),
        after[after["series"].isin(untouched)].reset_index(drop=True),
        check_exact=True,
    )
    mine = after[after["series"] == series]
    assert set(mine["model"]) == {"damped_drift (bands widened 1.5 times)"}
    certificates = pd.read_csv(project.latest / "certificates.csv").set_index("series")
    assert np.isnan(certificates.loc[series, "coverage_80"])
    assert "degraded" in certificates.loc[series, "note"]
    manifest = json.loads((project.latest / "MANIFEST.json").read_text())
    assert manifest["status"] == "degraded"
    assert any(said in reason for reason in done.reasons)


def test_a_fallback_has_wider_bands_about_the_same_median(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(monkeypatch, OXIDE, raises)
    project.publish()
    wide = project.table().query("series == @OXIDE").set_index(["period", "quantile"])["value"]
    drop_cache(project)
    project.settings(lambda one: one["job"].update(fallback_widening=1.0))
    project.publish()
    plain = project.table().query("series == @OXIDE").set_index(["period", "quantile"])["value"]
    for period in plain.index.get_level_values(0).unique():
        assert wide[period, 0.5] == pytest.approx(plain[period, 0.5], rel=1e-3)
        ratio = np.log(wide[period, 0.9] / wide[period, 0.1]) / np.log(
            plain[period, 0.9] / plain[period, 0.1]
        )
        assert ratio == pytest.approx(1.5, rel=1e-3)


def test_the_rungs_follow_one_another(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        break_(patch, RIGHT, raises, rungs=2)
        project.publish()
    row = project.states().loc[RIGHT]
    assert row["model"] == "naive (bands widened 1.5 times)"
    fault = "ZeroDivisionError: a model's own fault"
    assert row["reason"] == f"the champion drift: {fault}; damped_drift (bands widened 1.5 times): {fault}"


def test_without_a_rung_left_the_first_edition_withholds_and_so_do_aggregates(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(monkeypatch, RIGHT, raises, rungs=3)
    done = project.publish()
    assert done.code == 3
    states = project.states()
    assert states.loc[RIGHT, "standing"] == "withheld"
    assert (states.loc[BOTH, "standing"], states.loc[BOTH, "reason"]) == (
        "withheld",
        "its part right is withheld",
    )
    assert not set(project.table()["series"]) & {RIGHT, BOTH}
    assert states.loc[LEFT, "standing"] == "ok"


def test_an_edition_with_fallbacks_can_be_made_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        break_(patch, MARKET, raises)
        done = project.publish()
    drop_cache(project)
    with monkeypatch.context() as patch:
        break_(patch, RIGHT, raises, rungs=3)
        second = project.publish(again=True)
    for folder in (done.folder, second.folder):
        again = rebuild(project.editions, folder.name)
        assert again.equal, [one for one in again.tables if not one.equal]
    assert set(project.states()["standing"]) == {"ok", "stale", "degraded"}


def test_a_series_that_fell_with_its_market_is_made_again_with_the_same_reason(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        break_(patch, MARKET, raises)
        break_(patch, EV, raises)
        done = project.publish()
    assert project.states().loc[EV, "reason"].count(f"its market {MARKET} is degraded") == 1
    again = rebuild(project.editions, done.folder.name)
    assert again.equal, [one for one in again.tables if not one.equal]


def test_stale_values_are_copied_exactly_with_their_vintage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "p").release()
    first = project.publish().folder
    was = project.table(first)
    _one_month_later(project)
    break_(monkeypatch, RIGHT, raises, rungs=3)
    second = project.publish(**LATER)
    state = project.states().loc[RIGHT]
    assert (state["standing"], state["vintage"], state["model"]) == ("stale", first.name, "drift")
    now = project.table()
    key = ["kind", "period", "quantile", "value", "model"]
    mine = now[now["series"] == RIGHT][key]
    assert "2026-04" not in set(mine["period"])
    assert len(mine.merge(was[was["series"] == RIGHT][key], on=key)) == len(mine) > 500
    assert project.states().loc[BOTH, "standing"] == "degraded"
    both, left = (
        now[(now["series"] == id) & (now["quantile"] == 0.5) & (now["kind"] == "month")]
        for id in (BOTH, LEFT)
    )
    rest = mine[(mine["quantile"] == 0.5) & (mine["kind"] == "month")]["value"].to_numpy()
    np.testing.assert_allclose(both["value"], left["value"].to_numpy() + rest, rtol=0.1)
    _one_month_later(project)
    third = project.publish(**LATER)
    assert third.folder != second.folder
    assert project.states().loc[RIGHT, "vintage"] == first.name


def _one_month_later(project: Project) -> None:
    path = project.data / "observations" / "all.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    months = rows[rows["period"].str.match(r"\d{4}-\d\d$")]
    last = months[months["period"] == months["period"].max()].copy()
    following = Period.parse(str(last["period"].iloc[0])) + 1
    last["period"] = str(following)
    last["available_at"] = (following.end + timedelta(days=10)).isoformat()
    merged = pd.concat([rows, last]).sort_values(["series", "period"])
    merged.to_csv(path, index=False, lineterminator="\n")


def test_the_previous_releases_champion_comes_before_simple_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "p")
    project.models[LEFT] = "seasonal_naive"
    project.release().publish()
    project.models[LEFT] = "drift"
    project.release()
    break_(monkeypatch, LEFT, raises)
    project.publish()
    state = project.states().loc[LEFT]
    assert (state["standing"], state["model"]) == ("degraded", "seasonal_naive (previous release)")


def test_a_withheld_market_withholds_its_part_and_a_critical_series_holds_the_edition(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(monkeypatch, MARKET, raises, rungs=3)
    with pytest.raises(HeldBack, match="critical series ev is withheld: its market market is withheld"):
        project.publish()
    assert not project.editions.joinpath("latest").exists()
    project.settings(lambda one: one.update(critical=[OXIDE]))
    project.publish()
    states = project.states()
    assert set(states.index[states["standing"] == "withheld"]) == {MARKET, EV}


def test_too_few_others_hold_the_edition(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.settings(lambda one: one["job"].update(least_ok=0.9))
    break_(monkeypatch, OXIDE, raises)
    with pytest.raises(HeldBack, match=r"4 of 5 other series are ok, fewer than 90%: oxide"):
        project.publish()


def test_the_balance_is_withheld_with_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path / "p", balance=True).release()
    break_(monkeypatch, OXIDE, raises, rungs=3)

    def look(facts: Any, form: str, beside: Any) -> dict[str, bytes]:
        del beside
        text = f"{sorted(facts.balance)} {facts.status_reasons}"
        return {f"report.{form}": text.encode(), "states.csv": facts.tables["states"].to_csv().encode()}

    done = project.publish(look)
    text = (project.latest / "report.html").read_text()
    assert text.startswith("[]")
    assert "'The balance is withheld: it needs oxide, withheld in this edition.'" in text
    assert any("The balance is withheld" in why for why in done.reasons)


def refusing(id: str, *models: str) -> Gate:
    """A gate that blocks a series while one of some models forecasts it."""

    def gate(view: View) -> Iterator[Found]:
        if view.candidate.states[id].model in models:
            yield Found("block", "grows too fast", id)

    return gate


def test_a_series_that_a_gate_refuses_falls_to_its_next_rung(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GATES, "growth", refusing(RIGHT, "drift", "damped_drift (bands widened 1.5 times)"))
    done = project.publish()
    state = project.states().loc[RIGHT]
    assert (done.code, state["standing"], state["model"]) == (
        3,
        "degraded",
        "naive (bands widened 1.5 times)",
    )
    why = "was refused: gate growth: grows too fast"
    assert state["reason"] == f"drift {why}; damped_drift (bands widened 1.5 times) {why}"
    assert project.states().loc[LEFT, "standing"] == "ok"


def test_a_sum_that_a_gate_refuses_is_withheld(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GATES, "growth", refusing(BOTH, "sum"))
    project.publish()
    state = project.states().loc[BOTH]
    assert (state["standing"], state["reason"]) == ("withheld", "refused: gate growth: grows too fast")
    assert project.states().loc[[LEFT, RIGHT], "standing"].tolist() == ["ok", "ok"]
    assert BOTH not in set(project.table()["series"])
