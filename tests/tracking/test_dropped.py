"""A series that lost its champion loses the alias in MLflow too."""

from __future__ import annotations

from datetime import timedelta

from forecasting.tracking import (
    ExperimentRecord,
    Spool,
    Store,
    append,
    deliver,
    keep_champion,
    keep_dropped,
    keep_experiment,
)
from tests.tracking.conftest import NOW, trained

EV = "in.ev.2w"


def alias(store: Store) -> str | None:
    """The digest of the champion in force in MLflow."""
    from mlflow.exceptions import MlflowException

    try:
        return str(store.client().get_model_version_by_alias(EV, "champion").tags["forecasting.digest"])
    except MlflowException:
        return None


def test_a_series_that_was_dropped_has_no_champion_unless_one_was_decided_since(
    store: Store, record: ExperimentRecord
) -> None:
    day = timedelta(days=1)
    keep_dropped(store, append(store, NOW - day, EV, "dropped", "", "never had one"))
    one = trained(EV, run_key=keep_experiment(store, record))
    keep_champion(store, one, append(store, NOW, EV, "first", one.champion.digest, "lowest crps"))
    keep_dropped(store, append(store, NOW + day, EV, "dropped", "", "no experiment forecasts it"))
    kinds = [entry.kind for entry in Spool(store).pending()]
    assert kinds == ["dropped", "experiment", "champion", "dropped"]
    assert deliver(store).delivered == 4
    assert alias(store) is None
    assert len(store.client().search_model_versions(f"name = '{EV}'")) == 1, "its versions stay"
    keep_champion(
        store, one, append(store, NOW + 3 * day, EV, "first", one.champion.digest, "it begins again")
    )
    deliver(store)
    assert alias(store) == one.champion.digest
    keep_dropped(store, append(store, NOW + 2 * day, EV, "dropped", "", "told late"))
    deliver(store)
    assert alias(store) == one.champion.digest
