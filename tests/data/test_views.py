"""What a reader is shown: one series with all its doubts, gaps with known sums, the package, the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.data.gaps import constrain, constraints, gaps
from forecasting.data.package import NAME, text
from forecasting.data.pages import pages
from forecasting.data.store import Store, believed
from forecasting.data.view import look
from forecasting.errors import DataError
from forecasting.frames import Observations
from forecasting.periods import Period
from tests.conftest import ROOT

Cli = Callable[..., tuple[int, str, str]]
DAY = date(2026, 6, 29)


def test_show_prints_everything(cli: Cli, data_folder: Path) -> None:
    code, out, _ = cli("data", "show", "in.ev.3w", "--data", data_folder)
    assert code == 0
    for said in (
        "believed: ",
        "trap: ",
        "rivals: 16 rows beside the believed ones",
        "still to be revised: ",
        "gaps: 2024-08, 2024-12, 2025-07, 2025-08, 2025-09",
        "known sum: 2025-07, 2025-08, 2025-09 together 193,434",
        "break erickshaws_enter_vahan: ",
        "• believed  , rival",
    ):
        assert said in out, said


def test_show_as_of_a_day_says_what_was_known_of_events(cli: Cli, data_folder: Path) -> None:
    _, before, _ = cli("data", "show", "in.ev.2w", "--data", data_folder, "--as-of", "2025-08-06")
    _, after, _ = cli("data", "show", "in.ev.2w", "--data", data_folder, "--as-of", "2025-08-07")
    started = "event pm_edrive_start: PM E-DRIVE starts, up from 2024-10, "
    assert started + "no end known" in before
    assert started + "to 2028-03" in after
    assert "pm_edrive_end" not in after, "its day has not come"


def test_the_page_of_events_says_when_each_end_became_known(store: Store) -> None:
    page = pages(store)["events.md"]
    assert "| 2028-03 (2025-08-07) |" in page
    assert "| 2020-05 (2020-06-01, day not documented) |" in page


def test_show_marks_what_is_carried_forward_and_revised(cli: Cli, data_folder: Path) -> None:
    _, out, _ = cli("data", "show", "in.reo", "--data", data_folder)
    carried = [line for line in out.splitlines() if "carried_forward" in line]
    assert carried
    assert not any(" fit " in line for line in carried)
    _, out, _ = cli("data", "show", "in.magnets.tonnes.fy", "--data", data_folder)
    assert "53,748" in out


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_show_draws_to_a_file(ending: str, cli: Cli, data_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / f"series.{ending}"
    code, _, _ = cli("data", "show", "us.reo", "--data", data_folder, "--plot", path)
    assert code == 0
    head = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(head)


def test_show_says_what_is_wrong(cli: Cli, data_folder: Path, tmp_path: Path) -> None:
    code, _, err = cli("data", "show", "in.ev.buss", "--data", data_folder)
    assert (code, "did you mean 'in.ev.bus'" in err) == (65, True)
    code, _, err = cli("data", "show", "us.reo", "--data", data_folder, "--plot", tmp_path / "a.gif")
    assert (code, ".png" in err) == (2, True)
    code, _, err = cli("data", "show", "us.reo", "--data", data_folder, "--plot", tmp_path / "no" / "a.png")
    assert (code, "cannot write" in err) == (74, True)


def test_every_series_can_be_looked_at(store: Store) -> None:
    known = store.as_of(DAY)
    for id in ("in.ev.total", "in.magnets.value", "in.reimports.metals.tonnes.fy", "price.nd_oxide.month"):
        view = look(known, store.catalogue, id, DAY)
        assert view.rows["believed"].sum() == view.rows["period"].nunique()


def test_a_residual_is_the_total_less_what_is_known(store: Store) -> None:
    found = {
        one.periods: one for one in reversed(constraints(store.observations, store.catalogue, "in.ev.3w"))
    }
    three = found[tuple(Period.parse(f"2025-{month:02d}") for month in (7, 8, 9))]
    assert three.total == 193_434  # CY2025 less the nine other months
    assert 0 < three.slack < 0.02 * three.total
    pair = found[Period.parse("2024-08"), Period.parse("2024-12")]
    assert pair.total == 120_230


def test_a_total_unknown_on_a_day_constrains_nothing(store: Store) -> None:
    before = store.as_of(date(2025, 12, 31))
    assert not any(
        one.year == Period.parse("CY2025") for one in constraints(before, store.catalogue, "in.ev.3w")
    )


def test_gaps_are_never_observations(store: Store) -> None:
    for id in store.catalogue.targets:
        labels = set(believed(store.observations, store.catalogue, id)["period"])
        assert not labels & {str(period) for period in gaps(store.observations, store.catalogue, id)}


def test_draws_are_conditioned_like_a_normal_distribution() -> None:
    """Against the closed form: mean and covariance of a normal vector given its sum."""
    rng = np.random.default_rng(5)
    mean = np.array([100.0, 120.0, 140.0])
    half = np.array([[9.0, 0, 0], [4.0, 8.0, 0], [2.0, 3.0, 7.0]])
    cov = half @ half.T
    draws = mean[:, None] + half @ rng.standard_normal((3, 200_000))
    for slack in (0.0, 12.0):
        held = constrain(draws, 400.0, slack=slack, seed=1)
        ones = np.ones(3)
        gain = cov @ ones / (ones @ cov @ ones + slack**2)
        assert held.mean(axis=1) == pytest.approx(mean + gain * (400.0 - mean.sum()), abs=0.15)
        assert np.cov(held) == pytest.approx(cov - np.outer(gain, cov @ ones), abs=1.5)


@settings(max_examples=40)
@given(
    st.integers(1, 5),
    st.integers(2, 60),
    st.floats(0.5, 1e7),
    st.integers(0, 2**31),
)
def test_constrained_draws_add_up_and_stay_positive(
    periods: int, count: int, total: float, seed: int
) -> None:
    draws = np.random.default_rng(seed).gamma(0.7, 100.0, (periods, count)) + 1e-9
    held = constrain(draws, total)
    assert (held >= 0).all()
    assert held.sum(axis=0) == pytest.approx(np.full(count, total), rel=1e-6)


def test_a_constraint_that_makes_no_sense_is_refused() -> None:
    draws = np.ones((2, 5))
    for total, slack in ((0.0, 0.0), (-5.0, 0.0), (float("nan"), 0.0), (5.0, -1.0)):
        with pytest.raises(DataError, match="constrains nothing"):
            constrain(draws, total, slack=slack)
    with pytest.raises(DataError, match="not negative"):
        constrain(-draws, 5.0)
    with pytest.raises(DataError, match="nought everywhere"):
        constrain(draws * 0, 5.0)


def test_the_package_is_valid_and_up_to_date(store: Store, data_folder: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    assert (data_folder / NAME).read_text(encoding="utf-8") == text(store.catalogue)
    report = frictionless.validate(str(data_folder / NAME))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])[:5]
    assert report.stats["tasks"] == len(list((data_folder / "observations").glob("*.csv")))


def test_the_package_finds_a_broken_table(data_copy: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    path = data_copy / "observations" / "prices.csv"
    path.write_text(path.read_text().replace(",actual,", ",actuel,", 1))
    assert not frictionless.validate(str(data_copy / NAME)).valid


def test_the_pages_are_up_to_date_and_name_every_series(store: Store) -> None:
    made = pages(store)
    for name, content in made.items():
        assert (ROOT / "docs" / "data" / name).read_text(encoding="utf-8") == content, (
            "run: forecast data docs"
        )
    whole = "\n".join(made.values())
    for id, entry in store.catalogue.series.items():
        if entry.group:
            assert f"\n## {id}\n" in whole
    for trap in store.catalogue.series["in.ev.2w"].traps:
        assert trap in made["ev_sales.md"]


def test_the_commands_that_write_files_know_when_nothing_changed(
    cli: Cli, data_copy: Path, tmp_path: Path
) -> None:
    assert cli("data", "docs", "--data", data_copy, "--to", tmp_path / "pages")[0] == 0
    code, out, _ = cli("data", "docs", "--data", data_copy, "--to", tmp_path / "pages", "--check")
    assert (code, "up to date" in out) == (0, True)
    (tmp_path / "pages" / "prices.md").write_text("old")
    code, _, err = cli("data", "docs", "--data", data_copy, "--to", tmp_path / "pages", "--check")
    assert (code, "run: forecast data docs" in err) == (65, True)
    path = data_copy / "observations" / "prices.csv"
    path.write_text(path.read_text() + "\n")
    code, _, err = cli("data", "package", "--data", data_copy, "--check")
    assert (code, "run: forecast data package" in err) == (65, True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(days=st.integers(0, 4500), noise=st.integers(0, 2**31))
def test_nothing_after_the_cutoff_changes_an_as_of_panel(store: Store, days: int, noise: int) -> None:
    """Mangle, drop and add rows that became known later: what was known on the day stays the same."""
    import pandas as pd

    from forecasting.data.carried import marked
    from forecasting.features.panels import believed_panel

    day = date.fromordinal(date(2014, 3, 1).toordinal() + days)
    ids = ["in.ev.2w", "in.ev.3w", "in.magnets.value.85051190"]
    known = store.observations.of(*ids)
    if known.as_of(day).frame.empty:
        return
    expected = believed_panel(known.as_of(day), store.catalogue, [ids[0]]).digest()
    rng = np.random.default_rng(noise)
    frame = known.frame
    later = frame["available_at"] > pd.Timestamp(day)
    mangled = frame.assign(value=frame["value"].where(~later, rng.uniform(0, 1e6, len(frame)).round()))
    mangled = mangled[~later | (rng.uniform(size=len(frame)) < 0.7)]
    extra = frame.sample(20, random_state=int(noise % 2**31)).assign(
        available_at=pd.Timestamp(day) + pd.Timedelta(days=1), source="fada_sum_of_parts"
    )
    again = marked(pd.concat([mangled, extra], ignore_index=True), store.catalogue)
    panel = believed_panel(Observations(again).as_of(day), store.catalogue, [ids[0]])
    assert panel.digest() == expected
