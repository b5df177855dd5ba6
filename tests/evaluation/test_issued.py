"""Forecasts really issued, judged beside what a rival would have said on the same day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.errors import DataError
from forecasting.evaluation.backtest import view
from forecasting.evaluation.experiment import Backtest, Candidate, Experiment
from forecasting.evaluation.issued import issued_losses
from forecasting.models import build
from forecasting.models.naive import Drift

ID = "in.magnets.value.85051110"
TODAY, EARLIER = date(2026, 6, 30), date(2025, 6, 30)
GIVEN = Experiment(
    name="t", about="", features="magnet_imports", series=(ID,), horizon="2027-12", paths=200, seed=1,
    backtest=Backtest(first="2024-12", every=6, steps=6),
    models=(Candidate(model="naive"), Candidate(model="drift"), Candidate(model="seasonal_naive")),
)  # fmt: skip


@pytest.fixture(scope="module")
def edition(store: Store) -> pd.DataFrame:
    panel, _ = view(store, GIVEN, EARLIER, None, GIVEN.end)
    forecast = build("naive", {}).fit(panel.only(ID)).predict(GIVEN.end, paths=200, seed=1)
    table = forecast.quantiles().assign(edition="2025-07-01-abc", as_of=EARLIER.isoformat())
    year = table[table["period"] == "2026-01"].assign(period="FY2026", value=1.0)
    return pd.concat([table, year], ignore_index=True)


def test_both_are_judged_on_what_became_known_after_the_edition(store: Store, edition: pd.DataFrame) -> None:
    found = issued_losses(store, GIVEN, TODAY, edition, {ID: ("naive", "drift")})
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
    own = issued_losses(store, GIVEN, TODAY, edition, {ID: ("as issued", "naive")})
    wide = own.pivot(index="period", columns="model", values="loss")
    assert wide["naive"].mean() == pytest.approx(wide["as issued"].mean(), rel=0.2), (
        "but for revisions to come"
    )


def test_a_rival_is_fitted_once_a_day_and_one_that_breaks_has_no_loss(
    store: Store, edition: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = pd.concat([edition, edition.assign(edition="2025-07-02-def")])
    fits: list[str] = []

    def fit(self: Drift, *given: object) -> Drift:
        del given
        fits.append(type(self).__name__)
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(Drift, "fit", fit)
    found = issued_losses(store, GIVEN, TODAY, both, {ID: ("naive", "drift")})
    assert set(found["model"]) == {"naive"}
    assert set(found["edition"]) == {"2025-07-01-abc", "2025-07-02-def"}
    assert fits == ["Drift"]


def test_nothing_is_judged_before_anything_happened(store: Store, edition: pd.DataFrame) -> None:
    assert issued_losses(store, GIVEN, EARLIER, edition, {ID: ("naive", "drift")}).empty
    assert issued_losses(store, GIVEN, TODAY, edition.iloc[:0], {ID: ("naive", "drift")}).empty
    with pytest.raises(DataError, match="no column value"):
        issued_losses(store, GIVEN, TODAY, edition.drop(columns="value"), {})
