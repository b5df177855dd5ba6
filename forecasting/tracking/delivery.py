"""Telling MLflow: everything goes through the spool, and what cannot be delivered now waits in it.

A job keeps what it found (:func:`keep_experiment`, :func:`keep_champion`), then delivers. Entries are delivered in
order and one process at a time; each is looked up by its key before anything is made, so an entry that was delivered in
part, or whole by a process killed before it could say so, is completed and never doubled.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecasting.errors import ForecastingError
from forecasting.tracking.champion import Trained
from forecasting.tracking.ledger import Promotion
from forecasting.tracking.record import ExperimentRecord, write_record
from forecasting.tracking.registry import register, withdraw
from forecasting.tracking.runs import log_files, parent_run
from forecasting.tracking.spool import Entry, Spool
from forecasting.tracking.store import Store

CARD = "card.json"


@dataclass(frozen=True)
class Delivery:
    """What came of a delivery: how many entries went, how many wait, and why; ``notes`` for the reader.

    ``why`` is what tracking raised, whatever it was; nought may wait when it is the spool that cannot be read.
    """

    delivered: int
    waiting: int
    why: ForecastingError | None = None
    notes: tuple[str, ...] = ()


def keep_experiment(store: Store, record: ExperimentRecord) -> str:
    """Spool an experiment; gives its key, which its parent run will bear in the tag ``forecasting.key``."""
    with tempfile.TemporaryDirectory(prefix="experiment-") as name:
        key = write_record(record, Path(name))

        def write(folder: Path) -> None:
            shutil.copytree(name, folder, dirs_exist_ok=True)

        Spool(store).put(key, "experiment", record.name, write)
    return key


def keep_champion(store: Store, trained: Trained, promotion: Promotion, spool: Spool | None = None) -> None:
    """Spool the champion that a line of the ledger put in force; for many in a row, give one spool for all."""

    def write(folder: Path) -> None:
        trained.write(folder)
        card = {
            **trained.champion.card,
            "series": trained.champion.series,
            "at": promotion.at,
            "reason": promotion.reason,
            "ledger": promotion.number,
        }
        text = json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        (folder / CARD).write_text(text, encoding="utf-8")

    (spool or Spool(store)).put(promotion.number, "champion", trained.champion.series, write)


def keep_dropped(store: Store, promotion: Promotion, spool: Spool | None = None) -> None:
    """Spool that a line of the ledger took a series its champion."""

    def write(folder: Path) -> None:
        card = {"series": promotion.series, "at": promotion.at}
        (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")

    (spool or Spool(store)).put(promotion.number, "dropped", promotion.series, write)


def deliver(store: Store, tell: Callable[[int, int], None] | None = None) -> Delivery:
    """Deliver what waits in the spool, as far as the store's patience goes.

    Tracking that is away, damaged or full raises nothing: a job goes on, and ``why`` says what to mend. ``tell`` is
    called with the number of entries done and of all.
    """
    spool, notes = Spool(store), []
    done, entries = 0, list[Entry]()
    try:
        entries = spool.pending()
        if not entries:
            return Delivery(0, 0)
        with store.lock("deliver"):
            entries = spool.pending()  # another process may have delivered meanwhile
            for done, entry in enumerate(entries):
                if tell is not None:
                    tell(done, len(entries))
                note = _deliver(store, entry)
                notes += [note] if note else []
                spool.done(entry.key)
            done = len(entries)
    except ForecastingError as error:
        if store.patience is not None:
            store.patience.open(error)
        return Delivery(done, len(entries) - done, error, tuple(notes))
    if tell is not None:
        tell(done, done)
    return Delivery(done, len(spool.pending()), None, tuple(notes))


def _deliver(store: Store, entry: Entry) -> str:
    folder = entry.verified()
    if entry.kind == "experiment":
        log_files(store, folder)
        return ""
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    if entry.kind == "dropped":
        withdraw(store, card["series"], at=datetime.fromisoformat(card["at"]))
        return ""
    trained = Trained.read(card["series"], folder, card)
    run = parent_run(store, card["experiment"], card["run_key"])
    at = datetime.fromisoformat(card["at"])
    version, moved = register(store, trained, run, card["reason"], at=at, ledger=card["ledger"])
    if moved:
        return ""
    return f"{entry.name}: version {version} is kept, a champion promoted after {card['at']} stays in force"
