"""Editions are scored by the formulas of the literature, against the right figure, and chance raises no alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from forecasting.data.outturns import KNOWN, Outturns
from forecasting.data.store import Store, believed
from forecasting.evaluation.metrics import interval_score
from forecasting.frames import LEVELS
from forecasting.periods import Period
from forecasting.publishing import edition, ledger
from forecasting.publishing.inputs import INPUTS
from forecasting.publishing.scorecard import COLUMNS, issued, scores, track_record
from forecasting.publishing.scorecard.drift import ALL, alarms, apart, outside, summary, windows
from forecasting.publishing.scorecard.naive import naive_of
from tests.conftest import TODAY

AS_OF = date(2025, 7, 15)


def bracher(actual: float, quantiles: Sequence[float]) -> float:
    """Bracher et al. (2021), equations 1 and 2, interval by interval."""
    by_level = dict(zip(LEVELS, quantiles, strict=True))
    pairs = [(low, round(1 - low, 4)) for low in LEVELS if low < 0.5]
    total = 0.5 * abs(actual - by_level[0.5])
    for low, high in pairs:
        alpha = 2 * low
        below, above = by_level[low], by_level[high]
        score = above - below
        score += 2 / alpha * max(below - actual, 0.0) + 2 / alpha * max(actual - above, 0.0)
        total += alpha / 2 * score
    return total / (len(pairs) + 0.5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(LEVELS), max_size=len(LEVELS)), st.floats(-2e6, 2e6))
@settings(max_examples=100)
def test_the_score_is_the_weighted_interval_score_of_the_literature(
    values: list[float], actual: float
) -> None:
    quantiles = sorted(values)
    found = interval_score(np.array([actual]), np.array([quantiles]), np.array(LEVELS))[0]
    assert found == pytest.approx(bracher(actual, quantiles), rel=1e-9, abs=1e-6)


def test_the_score_of_many_levels_tends_to_the_crps_of_a_normal_in_closed_form() -> None:
    levels = (np.arange(4000) + 0.5) / 4000
    for actual in (-1.5, 0.0, 0.7):
        closed = actual * (2 * norm.cdf(actual) - 1) + 2 * norm.pdf(actual) - 1 / np.sqrt(np.pi)
        found = interval_score(np.array([actual]), norm.ppf(levels)[None], levels)[0]
        assert found == pytest.approx(closed, abs=1e-3)


def quantile_rows(
    series: str, kind: str, period: str, middle: float, spread: float, unit: str
) -> pd.DataFrame:
    values = middle * np.exp(spread * norm.ppf(LEVELS))
    return pd.DataFrame(
        {
            "series": series, "kind": kind, "period": period, "scenario": "baseline", "quantile": LEVELS,
            "value": values, "unit": unit, "model": "made up",
        }
    )  # fmt: skip


def write(root: Path, id: str, table: pd.DataFrame, as_of: date = AS_OF) -> Path:
    content = table.to_csv(index=False, lineterminator="\n").encode()
    facts = {"as_of": as_of.isoformat(), "released": id[:10], "key": id}
    folder = edition.write(root, id, {"forecasts.csv": content}, facts)
    ledger.record(root, id)
    return folder


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rows = [
        quantile_rows("in.ev.2w", "month", "2025-09", 100_000, 0.1, "vehicles"),
        quantile_rows("in.ev.2w", "month", "2026-01", 50_000, 0.1, "vehicles"),
        quantile_rows("in.ev.2w", "FY", "FY2026", 1_400_000, 0.1, "vehicles"),
        quantile_rows("in.ev.2w", "month", "2030-01", 300_000, 0.1, "vehicles"),
        quantile_rows("in.ev.2w", "month", "2025-05", 90_000, 0.1, "vehicles"),
        quantile_rows("in.magnets.value.85051190", "month", "2026-02", 12.0, 0.2, "USD m"),
    ]
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def scored(table: pd.DataFrame, store: Store, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    root = tmp_path_factory.mktemp("editions")
    write(root, "2025-07-20-aaaaaaaa", table)
    return scores(issued(root), store, TODAY, root / "cache")


def one(table: pd.DataFrame, series: str, period: str) -> pd.Series:
    return table[(table["series"] == series) & (table["period"] == period)].iloc[0]


def test_only_what_became_known_after_the_edition_is_scored(scored: pd.DataFrame) -> None:
    assert list(scored.columns) == list(COLUMNS)
    assert set(scored["period"]) == {"2025-09", "2026-01", "FY2026", "2026-02"}


def test_a_figure_entered_late_is_scored_where_the_edition_did_not_print_it(
    table: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    known = store.as_of(AS_OF).of("in.ev.2w").frame
    files = {
        "forecasts.csv": table.to_csv(index=False).encode(),
        "history.csv": known[known["period"] < "2025-05"].to_csv(index=False).encode(),
    }
    facts = {"as_of": AS_OF.isoformat(), "released": "2025-07-20", "key": "k"}
    edition.write(tmp_path, "2025-07-20-aaaaaaaa", files, facts)
    ledger.record(tmp_path, "2025-07-20-aaaaaaaa")
    found = scores(issued(tmp_path), store, TODAY, tmp_path / "cache")
    assert "2025-05" in set(found["period"])


def test_a_row_holds_error_score_coverage_and_horizon(scored: pd.DataFrame, store: Store) -> None:
    row = one(scored, "in.ev.2w", "2026-01")
    rows = believed(store.observations, store.catalogue, "in.ev.2w")
    actual = float(rows[rows["period"] == "2026-01"]["value"].iloc[0])
    assert row["latest"] == actual
    quantiles = 50_000 * np.exp(0.1 * norm.ppf(LEVELS))
    assert row["error_pct"] == pytest.approx(100 * (50_000 / row["actual"] - 1))
    assert row["absolute_pct"] == abs(row["error_pct"])
    assert row["wis"] == pytest.approx(bracher(row["actual"], list(quantiles)))
    assert row["inside_95"] == float(quantiles[0] <= row["actual"] <= quantiles[-1])
    assert row["months_ahead"] == 6
    assert one(scored, "in.ev.2w", "FY2026")["months_ahead"] == 8
    assert row["naive_wis"] > 0


def test_a_year_is_the_sum_of_the_first_final_figures_of_its_months(
    scored: pd.DataFrame, store: Store
) -> None:
    outturns = Outturns(store.catalogue, store.observations)
    months = [outturns.first("in.ev.2w", month) for month in Period.parse("FY2026").months()]
    assert one(scored, "in.ev.2w", "FY2026")["actual"] == sum(m.value for m in months if m is not None)


def test_a_provisional_figure_is_shown_but_not_yet_counted(scored: pd.DataFrame) -> None:
    row = one(scored, "in.magnets.value.85051190", "2026-02")
    assert row["latest_status"] == "provisional"
    assert np.isnan(row["actual"])
    assert np.isnan(row["wis"])
    assert np.isfinite(row["latest_wis"])
    assert "in.magnets.value.85051190" not in set(summary(scored)["group"])


def test_what_happened_is_what_the_store_believes(store: Store) -> None:
    outturns = Outturns(store.catalogue, store.observations)
    for id in ("in.ev.2w", "in.market.3w", "in.reo", "in.magnets.value.85051190"):
        rows = believed(store.observations, store.catalogue, id, KNOWN)
        for period, value in zip(rows["period"], rows["value"], strict=True):
            found = outturns.latest(id, Period.parse(period))
            assert found is not None, f"{id} {period}"
            assert found.value == value, f"{id} {period}"


def test_superseded_editions_are_scored_and_retracted_ones_are_not(
    table: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    write(tmp_path, "2025-07-20-aaaaaaaa", table)
    write(tmp_path, "2025-07-21-bbbbbbbb", table)
    write(tmp_path, "2025-07-22-cccccccc", table)
    ledger.retract(tmp_path, "2025-07-21-bbbbbbbb", "made up")
    assert [edition.id for edition in issued(tmp_path)] == ["2025-07-20-aaaaaaaa", "2025-07-22-cccccccc"]
    found = scores(issued(tmp_path), store, TODAY, tmp_path / "cache")
    shown = track_record(found, store.catalogue)
    assert set(shown["edition"]) == {"2025-07-22-cccccccc"}, "one row a class of horizon"
    assert shown["period"].tolist() == ["FY2026"]


def test_the_yardstick_follows_from_the_inputs_of_the_edition_and_is_kept(
    table: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    folder = write(tmp_path, "2025-07-20-aaaaaaaa", table)
    found = naive_of(folder, AS_OF, store, tmp_path / "cache")
    assert not (folder / INPUTS).exists()
    again = naive_of(folder, AS_OF, store, tmp_path / "cache")
    assert found.keys() == again.keys()
    np.testing.assert_array_equal(found["in.ev.2w", "FY2026"], again["in.ev.2w", "FY2026"])
    known = believed(store.as_of(AS_OF), store.catalogue, "in.ev.2w").set_index("period")["value"]
    assert found["in.ev.2w", "2025-09"][4] == pytest.approx(known["2024-09"], rel=0.1)
    (kept,) = (tmp_path / "cache").glob("naive-*.csv")
    kept.write_bytes(kept.read_bytes()[:-40])
    np.testing.assert_array_equal(
        naive_of(folder, AS_OF, store, tmp_path / "cache")["in.ev.2w", "FY2026"], found["in.ev.2w", "FY2026"]
    )


def test_a_cache_that_cannot_be_written_only_costs_time(
    table: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    folder = write(tmp_path, "2025-07-20-aaaaaaaa", table)
    (tmp_path / "file").write_text("in the way")
    with structlog.testing.capture_logs() as said:
        found = naive_of(folder, AS_OF, store, tmp_path / "file" / "cache")
    assert ("in.ev.2w", "FY2026") in found
    (told,) = said
    assert (told["event"], told["why"]) == ("a yardstick was not kept", "Not a directory")


def test_nothing_published_is_an_empty_scorecard(store: Store, tmp_path: Path) -> None:
    found = scores(issued(tmp_path), store, TODAY, tmp_path)
    assert found.empty
    assert summary(found).empty
    assert alarms(found, store.catalogue) == []
    assert track_record(found, store.catalogue).empty


def made_up(share: float, count: int, better: float = 1.0) -> pd.DataFrame:
    """Forecasts one month ahead, month by month, so that no two windows overlap."""
    months = [Period.parse("2015-01") + i for i in range(count)]
    held = np.arange(count) < round(share * count)
    naive = np.where(np.arange(count) < round(better * count), 2.0, 0.5)
    return pd.DataFrame(
        {
            "edition": [f"e{i}" for i in range(count)], "as_of": [f"{m + -1}-28" for m in months],
            "series": "in.ev.2w", "kind": "month", "period": [str(m) for m in months], "months_ahead": 1,
            "actual": 10.0, "absolute_pct": 5.0, "wis": 1.0, "naive_wis": naive,
            "inside_50": (np.arange(count) < round(0.5 * count)).astype(float),
            "inside_80": held.astype(float), "inside_95": 1.0,
        }
    )  # fmt: skip


@pytest.mark.parametrize(("share", "said"), [(0.8, ""), (0.5, "too narrow"), (1.0, "too wide")])
def test_coverage_beyond_its_binomial_limits_is_an_alarm(share: float, said: str, store: Store) -> None:
    found = [o for o in alarms(made_up(share, 40), store.catalogue) if "80%" in o.text]
    assert len(found) == bool(said)
    for alarm in found:
        assert said in alarm.text
        assert f"{round(share * 40)} of 40 independent figures" in alarm.text
        assert (alarm.severity, alarm.series) == ("warn", "in.ev.2w")


def test_the_number_of_tests_stands_with_the_alarms(store: Store) -> None:
    found = alarms(made_up(0.0, 40), store.catalogue)
    assert found[-1].series == ""
    assert found[-1].text == "1 of 4 tests of past editions leave their 1% limits, 0.04 by chance"
    assert alarms(made_up(0.8, 40), store.catalogue) == []
    monthly = [id for id, one in store.catalogue.series.items() if str(one.kind) == "month"]
    catalogue = replace(
        store.catalogue, series={f"{n}{id}": store.catalogue.series[id] for n in range(10) for id in monthly}
    )
    tests = 4 * len(catalogue.series)
    many = pd.concat([made_up(0.0, 4).assign(series=id) for id in catalogue.series])
    assert alarms(many, catalogue)[-1].text.endswith(f"their 1% limits, {tests / 100} by chance")
    assert tests > 1000


def test_skill_lost_against_naive_is_an_alarm(store: Store) -> None:
    lost = alarms(made_up(0.8, 40, better=0.2), store.catalogue)
    assert "better than naive on only 8 of 40 independent figures" in lost[0].text
    assert alarms(made_up(0.8, 40, better=0.45), store.catalogue) == []


@given(st.integers(0, 60), st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=60)
def test_an_honest_band_raises_an_alarm_in_at_most_one_of_a_hundred(count: int, nominal: float) -> None:
    raised = np.array([outside(held, count, nominal) != 0 for held in range(count + 1)])
    assert binom.pmf(np.arange(count + 1), count, nominal)[raised].sum() <= 0.01
    assert not raised.all()


def test_overlapping_forecasts_count_once_however_many_editions_there_were(store: Store) -> None:
    months = made_up(0.0, 12)
    late = months.assign(as_of="2014-12-28")
    assert windows(months) == 12
    assert windows(late) == 1
    many = pd.concat([late] * 5)
    assert windows(many) == 1
    assert alarms(many, store.catalogue) == [], "one window proves nothing"
    by = summary(months)
    assert by[by["by"] == ALL]["windows"].tolist() == [12]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), max_size=25))
@settings(max_examples=60)
def test_no_two_chosen_windows_overlap_and_no_choice_is_larger(spans: list[tuple[int, int]]) -> None:
    start = Period.parse("2015-01")
    table = pd.DataFrame(
        [(f"{start + a}-15", str(start + (a + length))) for a, length in spans], columns=["as_of", "period"]
    )
    chosen = [(a, a + length) for a, length in (spans[i] for i in apart(table).index)]
    assert all(before[1] <= after[0] for before, after in pairwise(sorted(chosen)))
    assert all(any(a < end and begin < a + length for begin, end in chosen) for a, length in spans)
