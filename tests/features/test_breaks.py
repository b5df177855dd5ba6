"""Breaks as level shifts: known only from their day on, for the series they touch, and able to repair a fit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecasting.catalogue import Break, Catalogue
from forecasting.data.store import Store
from forecasting.errors import ConfigError
from forecasting.features import BUILDERS, covariates
from forecasting.features.breaks import break_regressors, shifted
from forecasting.periods import Period

FIRST, LAST = Period.parse("2020-01"), Period.parse("2027-12")


def test_a_break_is_a_step_for_the_series_it_touches(store: Store) -> None:
    frame = break_regressors(store.catalogue, ["in.ev.rest"], FIRST, LAST, date(2026, 1, 1))
    assert list(frame) == ["break.rest_without_other_class"]
    step = frame["break.rest_without_other_class"]
    start = Period.parse("2024-03").ordinal
    assert (step.loc[: start - 1] == 0).all()
    assert (step.loc[start:] == 1).all()


def test_a_break_is_unknown_before_its_day(store: Store) -> None:
    assert break_regressors(store.catalogue, ["in.ev.rest"], FIRST, LAST, date(2024, 8, 13)).empty
    assert not break_regressors(store.catalogue, ["in.ev.rest"], FIRST, LAST, date(2024, 8, 14)).empty


def test_a_break_of_a_rival_source_is_no_level_shift(store: Store) -> None:
    assert "vahan_fuel_label_split" in store.catalogue.breaks_of("in.ev.2w")
    assert break_regressors(store.catalogue, ["in.ev.2w"], FIRST, LAST, date(2026, 1, 1)).columns.empty


def test_covariates_offer_breaks_to_the_horizon(store: Store) -> None:
    day = date(2026, 6, 29)
    ids = ["in.magnets.value.85051190", "in.magnets.value.85051110"]
    panel = BUILDERS["magnet_imports"](store.observations, store.catalogue, day, ids, LAST)
    regressors = covariates(store.observations, store.catalogue, day, panel, LAST, ["breaks"])
    assert regressors is not None
    assert regressors.ids == ["break.hs_85051190_step"]
    assert regressors.last == LAST
    assert np.isfinite(regressors.values.to_numpy()).all()


def test_the_registered_step_of_2022_is_in_the_data(store: Store) -> None:
    """A regression on the step alone finds the level the register describes: about twice as high."""
    day = date(2026, 6, 29)
    panel = BUILDERS["magnet_imports"](
        store.observations, store.catalogue, day, ["in.magnets.value.85051190"], LAST
    )
    values = panel.trimmed("in.magnets.value.85051190").dropna()
    step = break_regressors(store.catalogue, panel.ids, panel.first, panel.last, day).loc[values.index]
    design = np.column_stack([np.ones(len(values)), step.to_numpy(), np.arange(len(values)) / 12])
    effect = np.linalg.lstsq(design, np.log(values.to_numpy(dtype=float)), rcond=None)[0][1]
    assert 1.2 < np.exp(effect) < 2.5


def test_a_transition_rises_evenly() -> None:
    two = Break(
        title="t", touches=("x",), what="method", starts="2022-06", ends="2022-07", shift=True,
        known=date(2022, 9, 1), note="n",
    )  # fmt: skip
    assert [shifted(two, Period.parse(f"2022-{m:02}")) for m in (5, 6, 7, 8)] == [0.0, 0.5, 1.0, 1.0]
    assert shifted(two.model_copy(update={"starts": None, "shift": False}), FIRST) == 0.0


@pytest.mark.parametrize(
    ("change", "into", "said"),
    [
        ("touches: [in.ev.rest]", "touches: [in.ev.rset]", "did you mean 'in.ev.rest'"),
        ("families: [vahan_cat]", "families: [vahan_cta]", "did you mean 'vahan_cat'"),
        ("what: definition", "what: defintion", "found 'defintion'"),
        ("ends: 2016-12", "ends: FY2016", "unlike periods"),
        ("known: 2022-09-14", "known: 2022-07-31", "before its end on 2022-07-31 could be known"),
        ("source: hstat_dgcis", "source: hstat_dgci", "did you mean 'hstat_dgcis'"),
    ],
)
def test_a_faulty_register_says_what_is_wrong(data_copy: Path, change: str, into: str, said: str) -> None:
    path = data_copy / "breaks.yaml"
    text = path.read_text()
    assert change in text
    path.write_text(text.replace(change, into, 1))
    with pytest.raises(ConfigError, match=said):
        Catalogue.read(data_copy)
