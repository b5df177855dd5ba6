"""What an outcome says of itself: the digest of what models saw, and the naive error champions are held against."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from forecasting.data.store import Store
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.outcome import carry_out
from forecasting.frames import Observations
from forecasting.publishing.promotion import record

CUT = date(2026, 6, 30)
ID = "in.ev.2w"
MARKET = "in.market.2w"
GIVEN: dict[str, Any] = {
    "name": "t", "about": "", "features": "ev_sales", "horizon": "2027-12", "paths": 60, "seed": 1, "series": [ID],
    "backtest": {"first": "2025-09", "every": 6, "steps": 3}, "models": [{"model": "naive"}],
}  # fmt: skip


def digest(store: Store, folder: Path, **changes: Any) -> str:
    outcome = carry_out(store, Experiment.model_validate({**GIVEN, **changes}), CUT, Cache(folder))
    return record(outcome, folder / "no.lock", {}).data_digest


def changed(store: Store, series: str, before: str = "9999") -> Store:
    """The store with the figures of a series doubled, up to a period."""
    frame = store.observations.frame.copy()
    frame.loc[(frame["series"] == series) & (frame["period"].astype(str) < before), "value"] *= 2
    return Store(store.catalogue, Observations(frame))


def test_the_digest_of_the_data_is_of_all_that_models_could_see(store: Store, tmp_path: Path) -> None:
    assert store.catalogue.series[ID].within == MARKET
    driven = {"covariates": ["events", {"series": "in.ev.3w", "transform": "none"}]}
    event = next(iter(store.catalogue.touching(ID)))
    events = {
        **store.catalogue.events,
        event: store.catalogue.events[event].model_copy(update={"ramp_months": 40}),
    }
    other = Store(replace(store.catalogue, events=events), store.observations)
    found = [
        digest(store, tmp_path),
        digest(changed(store, ID), tmp_path),
        digest(changed(store, MARKET), tmp_path),
        digest(store, tmp_path, **driven),
        digest(changed(store, "in.ev.3w"), tmp_path, **driven),
        digest(other, tmp_path, **driven),
        digest(store, tmp_path, backtest={"first": "2025-03", "every": 6, "steps": 3}),
    ]
    assert len(set(found)) == len(found)
    assert digest(store, tmp_path, name="another", paths=70) == found[0]
    assert digest(changed(store, "in.magnets.value.85051110"), tmp_path) == found[0], "nobody looked at it"


def test_a_record_names_the_locked_requirements_by_their_digest(store: Store, tmp_path: Path) -> None:
    outcome = carry_out(store, Experiment.model_validate(GIVEN), CUT, Cache(tmp_path))
    lock = tmp_path / "requirements.lock"
    assert record(outcome, lock, {}).lock_digest == "", "none is there"
    lock.write_bytes(b"numpy==2.3.0\n")
    assert record(outcome, lock, {}).lock_digest == sha256(b"numpy==2.3.0\n").hexdigest()


@pytest.mark.parametrize(("model", "counts"), [("naive", True), ("drift", False)])
def test_the_naive_error_is_that_of_a_naive_model_whatever_its_label(
    store: Store, tmp_path: Path, model: str, counts: bool
) -> None:
    models = [{"model": model, "label": "naive" if model == "drift" else "last_value"}]
    outcome = carry_out(store, Experiment.model_validate({**GIVEN, "models": models}), CUT, Cache(tmp_path))
    assert ("naive_crps" in outcome.winners[ID].record) == counts


def test_the_board_is_in_the_order_of_the_experiments_metric(store: Store, tmp_path: Path) -> None:
    given = GIVEN | {"features": "prices", "series": ["price.nd_oxide.month"]}
    given |= {"models": [{"model": model} for model in ("naive", "damped_drift", "drift")]}
    for metric, column in (("crps", "crps"), ("absolute_error", "mase")):
        one = Experiment.model_validate({**given, "metric": metric})
        board = carry_out(store, one, CUT, Cache(tmp_path)).board
        assert board[column].is_monotonic_increasing
    assert not board["crps"].is_monotonic_increasing, "choose models that the two metrics order differently"
