"""Experiments, chosen models and what was chosen when; the only place that imports mlflow.

MLflow takes seconds to import, so nothing here imports it before it is used::

    store = default_store(root).patient()             # or FORECAST_TRACKING_URI; 30 s of waiting in all
    key = keep_experiment(store, record)              # one parent run, one child a model: spooled
    trained = Trained(Champion.of(series, recipe, golden, panel=panel, run_key=key), panel)
    line = append(store, now, series, "promoted", trained.champion.digest, reason)
    keep_champion(store, trained, line)
    export_bundle({series: trained}, folder)          # what the publisher reads, MLflow away or not
    deliver(store)                                    # what cannot be delivered waits
"""

from forecasting.tracking.bundle import Bundle, export_bundle, make_current, read_bundle, sweep, write_bundle
from forecasting.tracking.champion import Champion, Trained
from forecasting.tracking.delivery import Delivery, deliver, keep_champion, keep_dropped, keep_experiment
from forecasting.tracking.ledger import Book, Promotion, append, disputed, promotions, writing
from forecasting.tracking.reading import LoggedExperiment, latest_complete, read_experiment
from forecasting.tracking.record import ExperimentRecord
from forecasting.tracking.registry import champions, register
from forecasting.tracking.runs import log_experiment
from forecasting.tracking.spool import Spool
from forecasting.tracking.store import Store, default_store

__all__ = [
    "Book",
    "Bundle",
    "Champion",
    "Delivery",
    "ExperimentRecord",
    "LoggedExperiment",
    "Promotion",
    "Spool",
    "Store",
    "Trained",
    "append",
    "champions",
    "default_store",
    "deliver",
    "disputed",
    "export_bundle",
    "keep_champion",
    "keep_dropped",
    "keep_experiment",
    "latest_complete",
    "log_experiment",
    "make_current",
    "promotions",
    "read_bundle",
    "read_experiment",
    "register",
    "sweep",
    "write_bundle",
    "writing",
]
