"""Forecasts really issued, judged beside what a rival would have said on the same day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import view
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.experiment import Backtest, Candidate, Experiment
from forecasting.evaluation.issued import issued_losses
from forecasting.evaluation.promotion import spelt
from forecasting.models import build
from forecasting.models.naive import Drift

ID = "in.magnets.value.85051110"
TODAY, EARLIER = date(2026, 6, 30), date(2025, 6, 30)
GIVEN = Experiment(
    name="t", about="", features="magnet_imports", series=(ID,), horizon="2027-12", paths=200, seed=1,
    backtest=Backtest(first="2024-12", every=6, steps=6),
    models=(
        Candidate(model="naive"), Candidate(model="drift"), Candidate(model="seasonal_naive"),
        Candidate(model="naive", label="again"),
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def edition(store: Store) -> pd.DataFrame:
    panel, _ = view(store, GIVEN, EARLIER, None, GIVEN.end)
    forecast = build("naive", {}).fit(panel.only(ID)).predict(GIVEN.end, paths=200, seed=1)
    table = forecast.quantiles().assign(
        edition="2025-07-01-abc", as_of=EARLIER.isoformat(), recipe=spelt("naive", {"link": "auto"})
    )
    year = table[table["period"] == "2026-01"].assign(period="FY2026", value=1.0)
    return pd.concat([table, year], ignore_index=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("fits"))


def test_both_are_judged_on_what_became_known_after_the_edition(
    store: Store, edition: pd.DataFrame, cache: Cache
) -> None:
    found = issued_losses(store, GIVEN, TODAY, edition, {ID: ("naive", "drift")}, cache)
    then, _ = view(store, GIVEN, EARLIER, None, GIVEN.end)
    now, _ = view(store, GIVEN, TODAY, None, GIVEN.end)
    months = [str(then.trimmed(ID).index[-1])]
    assert set(found["model"]) == {"naive", "drift"}
    assert found.groupby("model").size().nunique() == 1
    assert 6 <= found["period"].nunique() <= 14, months
    assert not found["period"].str.startswith("FY").any()
    assert found["period"].max() <= str(now.last)
    assert np.isfinite(found["loss"]).all()
    assert (found["loss"] >= 0).all()
    own = issued_losses(store, GIVEN, TODAY, edition, {ID: ("naive", "again")}, cache)
    wide = own.pivot(index="period", columns="model", values="loss")
    assert wide["naive"].mean() == pytest.approx(wide["again"].mean(), rel=0.2), "but for revisions to come"


def test_only_what_the_champion_itself_said_is_its_forecast(
    store: Store, edition: pd.DataFrame, cache: Cache
) -> None:
    """A issued editions, B was promoted, C challenges: nothing was issued by B yet."""
    others = [
        edition.assign(recipe=said) for said in ("", spelt("drift", {}), spelt("naive", {"link": "log"}))
    ]
    for table in others:
        assert issued_losses(store, GIVEN, TODAY, table, {ID: ("naive", "seasonal_naive")}, cache).empty
    since = edition.assign(edition="2025-08-01-def", as_of="2025-07-31")
    both = pd.concat([*others, since], ignore_index=True)
    found = issued_losses(store, GIVEN, TODAY, both, {ID: ("naive", "seasonal_naive")}, cache)
    assert set(found["edition"]) == {"2025-08-01-def"}


def test_a_rival_is_fitted_once_for_ever_and_one_that_breaks_has_no_loss(
    store: Store, edition: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = pd.concat([edition, edition.assign(edition="2025-07-02-def")])
    fits: list[str] = []

    def fit(self: Drift, *given: object) -> Drift:
        del given
        fits.append(type(self).__name__)
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(Drift, "fit", fit)
    for day in (date(2026, 5, 31), TODAY, TODAY):
        found = issued_losses(store, GIVEN, day, both, {ID: ("naive", "drift")}, Cache(tmp_path))
        assert set(found["model"]) == {"naive"}
        assert set(found["edition"]) == {"2025-07-01-abc", "2025-07-02-def"}
        assert fits == ["Drift"]


def test_nothing_is_judged_before_anything_happened(
    store: Store, edition: pd.DataFrame, cache: Cache
) -> None:
    assert issued_losses(store, GIVEN, EARLIER, edition, {ID: ("naive", "drift")}, cache).empty
    assert issued_losses(store, GIVEN, TODAY, edition.iloc[:0], {ID: ("naive", "drift")}, cache).empty
    with pytest.raises(DataError, match="no column value"):
        issued_losses(store, GIVEN, TODAY, edition.drop(columns="value"), {}, cache)
