"""Carried-forward figures by rule: what is found, what is not, and nothing that looks ahead."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.data.carried import NOTE, marked, repeated
from forecasting.data.store import Store
from forecasting.periods import Period


def rows(
    values: list[float], first: str = "CY2010", source: str = "ei_sr_2026", series: str = "au.reo"
) -> pd.DataFrame:
    periods = [Period.parse(first) + i for i in range(len(values))]
    return pd.DataFrame(
        {
            "period": [str(p) for p in periods],
            "series": series,
            "value": values,
            "unit": "t REO",
            "source": source,
            "status": "actual",
            "available_at": pd.to_datetime([p.end + timedelta(days=180) for p in periods]),
            "note": "",
        }
    )


def test_the_third_identical_year_is_carried_forward(store: Store) -> None:
    frame = marked(rows([5.0, 7.0, 7.0, 7.0, 7.0, 8.0, 8.0]), store.catalogue)
    assert frame["status"].tolist() == ["actual"] * 3 + ["carried_forward"] * 2 + ["actual"] * 2
    assert frame["note"].iloc[4] == f"{NOTE}: the same number in the 3 periods before"


def test_zeros_gaps_and_small_months_are_no_repetition(store: Store) -> None:
    assert (repeated(rows([0.0] * 6), store.catalogue) == 0).all()
    broken = rows([7.0] * 5).drop(index=[1, 3])
    assert (repeated(broken, store.catalogue) == 0).all()
    months = rows([12.0] * 9, "2020-01", "vahan_cat_0124", "in.ev.bus")
    assert (repeated(months, store.catalogue) == 0).all()
    busy = rows([1201.0] * 9, "2020-01", "vahan_cat_0124", "in.ev.2w")
    assert (repeated(busy, store.catalogue) > 0).tolist() == [False] * 5 + [True] * 4


def test_unlike_families_do_not_make_a_run(store: Store) -> None:
    frame = pd.concat([rows([7.0, 7.0]), rows([7.0, 7.0], "CY2012", "usgs_mcs_2024")], ignore_index=True)
    assert (repeated(frame, store.catalogue) == 0).all()


def test_the_projects_repetitions_are_labelled(store: Store) -> None:
    frame = store.observations.of("ru.reo").frame
    chosen = frame[frame["note"].str.startswith(NOTE)]
    assert {"CY2020", "CY2021", "CY2022"} <= set(chosen["period"])
    assert set(chosen["status"]) == {"carried_forward"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.sampled_from([3.0, 4.0, 5.0]), min_size=4, max_size=14), cut=st.integers(1, 12))
def test_what_comes_later_never_changes_a_label(store: Store, values: list[float], cut: int) -> None:
    whole = rows(values)
    known = whole.iloc[: min(cut, len(whole))]
    pd.testing.assert_series_equal(
        marked(whole, store.catalogue)["status"].iloc[: len(known)], marked(known, store.catalogue)["status"]
    )
