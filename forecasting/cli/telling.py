"""How commands keep experiments and tell MLflow: through the spool, and with what waits said in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.cli.console import progress, project_root, say

if TYPE_CHECKING:
    from forecasting.api import Project
    from forecasting.data.store import Store
    from forecasting.tracking import Delivery
    from forecasting.tracking import Store as Tracking


def tracking_store() -> Tracking:
    """The project's tracking store."""
    from forecasting.tracking import default_store

    return default_store(project_root())


def release_root() -> Path:
    """Where releases lie: beside the runs, and read by publishing without them."""
    return project_root() / "mlruns" / "releases"


def project(store: Store) -> Project:
    """The project of the working directory, with the data a command was given."""
    from forecasting.api import Project

    return Project(project_root(), store)


def deliver(budget: float | None = None) -> Delivery:
    """Tell MLflow what waits, within the budget of a job or the one given."""
    from forecasting.tracking import deliver as carry_out

    store = tracking_store()
    with progress("tracking") as bar:
        return carry_out(store.patient() if budget is None else store.patient(budget), bar)


def tell(done: Delivery) -> None:
    """Say what went to MLflow and what waits."""
    from forecasting.errors import CannotCreate, CannotWrite, ConfigError, DataError

    store = tracking_store()
    for note in done.notes:
        say(note)
    if done.delivered:
        say(f"logged to {store.shown}: {done.delivered} experiment(s) and champion(s)")
    if done.waiting or done.why is not None:
        why = "" if done.why is None else f" ({str(done.why).splitlines()[-1].strip()})"
        states = {
            CannotWrite: "not writable",
            CannotCreate: "not writable",
            DataError: "damaged",
            ConfigError: "not set up",
        }
        state = next((said for kind, said in states.items() if isinstance(done.why, kind)), "away")
        say(
            f"tracking is {state}{why}: {done.waiting} experiment(s) and champion(s) wait in {store.home / 'spool'}; "
            "the release does not need them, their versions are given by: forecast track sync"
        )
