"""Experiments, chosen models and what was chosen when; the only place that imports mlflow.

MLflow takes seconds to import, so nothing here imports it before it is used::

    store = default_store(root)                       # or FORECAST_TRACKING_URI
    run_id = log_experiment(store, record)            # one parent run, one child a model
    register(store, series, recipe, golden, run_id, reason, panel=panel, at=now)
    export_bundle(champions(store, targets), folder)  # what the publisher reads, MLflow away or not
"""

from forecasting.tracking.bundle import Bundle, export_bundle, read_bundle
from forecasting.tracking.champion import Champion
from forecasting.tracking.ledger import Promotion, promotions
from forecasting.tracking.reading import LoggedExperiment, latest_complete, read_experiment
from forecasting.tracking.registry import champions, register
from forecasting.tracking.runs import ExperimentRecord, log_experiment
from forecasting.tracking.store import Store, default_store

__all__ = [
    "Bundle",
    "Champion",
    "ExperimentRecord",
    "LoggedExperiment",
    "Promotion",
    "Store",
    "champions",
    "default_store",
    "export_bundle",
    "latest_complete",
    "log_experiment",
    "promotions",
    "read_bundle",
    "read_experiment",
    "register",
]
