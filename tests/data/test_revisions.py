"""Revisions learnt from vintages: on made-up vintages with a known size, and on the project's own."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.data.revisions import Size, jump_off, learn, widen
from forecasting.data.store import Store
from forecasting.data.vintages import age_of, revisions_seen
from forecasting.errors import DataError
from forecasting.frames import Forecast, Observations
from forecasting.periods import Kind, Period


def made_up(sd: float, mean: float, months: int, seed: int = 7) -> Observations:
    """First prints of a market and what they were restated to a year later, with a known revision."""
    rng = np.random.default_rng(seed)
    first = Period.parse("2022-12")
    rows = []
    for i in range(months):
        month = first + i
        value = float(np.round(1_500_000 + 1000 * i))
        later = value * float(np.exp(mean + sd * rng.standard_normal()))
        base = {
            "period": str(month),
            "series": "in.market.2w",
            "unit": "vehicles",
            "status": "actual",
            "note": "",
        }
        rows.append(
            {**base, "value": value, "source": "arisag_fada_snapshot", "available_at": (month + 1).start}
        )
        rows.append(
            {
                **base,
                "value": later,
                "source": "arisag_fada_snapshot.restated",
                "available_at": (month + 13).start,
            }
        )
    frame = pd.DataFrame(rows)
    return Observations(frame.assign(available_at=pd.to_datetime(frame["available_at"])))


def test_a_known_revision_size_is_found(store: Store) -> None:
    learnt = learn(made_up(0.03, 0.02, 200), store.catalogue)
    size = learnt.of(Kind.MONTH, "vehicles", "fada", "in.market.2w", 1)
    assert size.pairs == 200
    assert size.sd == pytest.approx(0.03, rel=0.15)
    assert size.mean == pytest.approx(0.02, abs=0.005)


def test_few_pairs_are_drawn_to_the_rest_and_to_no_bias(store: Store) -> None:
    learnt = learn(made_up(0.03, 0.02, 3), store.catalogue)
    row = learnt.table[(learnt.table["series"] == "in.market.2w") & (learnt.table["age"] == 1)].iloc[0]
    assert 0 < abs(row["mean"]) < abs(row["raw_mean"])


def test_a_figure_older_than_every_revision_is_final(store: Store) -> None:
    learnt = learn(made_up(0.03, 0.02, 60), store.catalogue)
    assert learnt.of(Kind.MONTH, "vehicles", "fada", "in.market.2w", 24) == Size(0.0, 0.0, 0)


def test_what_was_never_seen_takes_the_size_of_its_kind(store: Store) -> None:
    learnt = learn(made_up(0.03, 0.02, 60), store.catalogue)
    size = learnt.of(Kind.MONTH, "USD m", "dgcis", "in.magnets.value.85051190", 1)
    assert (size.mean, size.pairs) == (0.0, 60)
    assert size.sd > 0.02


def test_nothing_after_the_cutoff_is_learnt_from(store: Store) -> None:
    day = date(2024, 6, 30)
    known = learn(store.as_of(day), store.catalogue)
    everything = learn(store.observations, store.catalogue)
    assert len(known.pairs) < len(everything.pairs)
    later = store.observations.frame["available_at"] > pd.Timestamp(day)
    mangled = store.observations.frame.assign(
        value=store.observations.frame["value"].where(~later, store.observations.frame["value"] * 17)
    )
    again = learn(Observations(mangled).as_of(day), store.catalogue)
    pd.testing.assert_frame_equal(known.table, again.table)


def test_the_projects_vintages_show_known_facts(store: Store) -> None:
    """Late registrations raise cars by 4-6 %; USGS's first estimates move far more than those a year old."""
    learnt = learn(store.observations, store.catalogue)
    cars = learnt.of(Kind.MONTH, "vehicles", "fada", "in.ev.pv", 1)
    assert 0.02 < cars.mean < 0.06
    fresh = learnt.of(Kind.CY, "t REO", "usgs", "au.reo", 0)
    old = learnt.of(Kind.CY, "t REO", "usgs", "au.reo", 1)
    assert fresh.sd > 10 * old.sd > 0


def test_the_coverage_of_two_states_is_no_revision(store: Store) -> None:
    pairs = revisions_seen(store.observations, store.catalogue)
    markets = pairs[(pairs["family"] == "fada") & (pairs["series"] == "in.market.2w")]
    assert markets["period"].min() >= "2022-11"


def test_every_published_series_has_a_jump_off(store: Store) -> None:
    day = date(2026, 6, 29)
    known = store.as_of(day)
    sizes = jump_off(learn(known, store.catalogue), known, store.catalogue, store.catalogue.targets, day)
    parts = [id for id in store.catalogue.targets if not store.catalogue.series[id].sum_of]
    assert set(parts) <= set(sizes)
    assert sizes["in.ev.pv"].sd > 0


def forecast_of(paths: np.ndarray) -> Forecast:
    ids = tuple("abcdefgh"[: len(paths)])
    return Forecast(ids, Period.parse("2025-01"), paths, dict.fromkeys(ids, "vehicles"))


def test_widening_keeps_the_centre_and_adds_the_size() -> None:
    rng = np.random.default_rng(0)
    paths = np.exp(rng.normal(5.0, 0.03, (1, 4, 20_000)))
    wide = widen(forecast_of(paths), {"a": Size(0.02, 0.04, 30)}, seed=3)
    spread = np.log(wide.paths[0]).std(axis=1)
    assert spread == pytest.approx(np.full(4, np.sqrt(0.03**2 + 0.02**2 + 0.04**2)), rel=0.03)
    assert np.median(wide.paths[0], axis=1) == pytest.approx(np.median(paths[0], axis=1), rel=0.005)
    moved = widen(forecast_of(paths), {"a": Size(0.02, 0.04, 30)}, seed=3, recentre=True)
    assert np.median(moved.paths[0]) == pytest.approx(np.median(paths[0]) * np.exp(0.02), rel=0.005)


def test_widening_fades_with_memory_and_is_the_same_for_a_seed() -> None:
    flat = forecast_of(np.full((2, 3, 5000), 100.0))
    wide = widen(flat, {"a": Size(0.0, 0.1, 9)}, seed=1, memory=0.5)
    assert np.log(wide.paths[0] / 100).std(axis=1) == pytest.approx([0.1, 0.05, 0.025], rel=0.05)
    assert (wide.paths[1] == 100.0).all()
    assert (widen(flat, {"a": Size(0.0, 0.1, 9)}, seed=1, memory=0.5).paths == wide.paths).all()
    with pytest.raises(DataError, match="memory"):
        widen(flat, {}, seed=1, memory=1.5)


@settings(max_examples=25)
@given(
    st.floats(0, 0.5),
    st.integers(0, 2**31),
    st.lists(st.floats(0, 1e9), min_size=2, max_size=6),
)
def test_widening_never_makes_a_negative_or_moves_a_zero(sd: float, seed: int, values: list[float]) -> None:
    paths = np.array(values, dtype=float)[None, None, :]
    wide = widen(forecast_of(paths), {"a": Size(0.0, sd, 5)}, seed=seed).paths
    assert (wide >= 0).all()
    assert (wide[paths == 0] == 0).all()


@pytest.mark.parametrize(
    ("label", "day", "age"),
    [
        ("2025-03", "2025-03-31", 0),
        ("2025-03", "2025-04-30", 1),
        ("FY2025", "2025-04-15", 0),
        ("CY2023", "2026-01-31", 2),
    ],
)
def test_age_counts_whole_periods(label: str, day: str, age: int) -> None:
    assert age_of(Period.parse(label), pd.Timestamp(day)) == age
