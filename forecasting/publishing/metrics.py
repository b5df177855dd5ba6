"""What a monitor reads: ``metrics.prom`` beside the editions, in Prometheus' text format, replaced whole.

Counters and the time of the last success go on from the file that is there, and so does all that a run which ended
early could not know: how series stand and how many sources are late. Without a file nothing is said of these.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forecasting.errors import ForecastingError
from forecasting.publishing.candidate import Objection, State
from forecasting.publishing.edition import MANIFEST, latest, open_to_readers
from forecasting.publishing.lock import publisher

FILE = "metrics.prom"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
STANDINGS = ("ok", "degraded", "stale", "withheld")
_SUCCESS, _FAILURES = "forecast_last_success_timestamp_seconds", "forecast_gate_failures_total"
_STANDING, _STALE = "forecast_series_status", "forecast_stale_sources"


@dataclass
class Attempt:
    """One run, as far as it got; ``code`` is its exit code, 0 and 3 being successes.

    ``states`` are those of the edition that is public, ``edition`` its folder; empty and None when the run did not get
    so far, as are ``stale_sources``.
    """

    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.monotonic)
    code: int = 1
    states: Mapping[str, State] = field(default_factory=dict)
    objections: tuple[Objection, ...] = ()
    edition: Path | None = None
    stale_sources: int | None = None
    spooled: float = 0.0


def write(root: Path, attempt: Attempt) -> None:
    """Write the metrics of an attempt, holding the lock; raises :class:`OSError` when the file cannot be replaced."""
    from prometheus_client import CollectorRegistry, Counter, Gauge, write_to_textfile

    before = read(root / FILE)
    now = time.time()
    registry = CollectorRegistry()

    def gauge(name: str, about: str, value: float) -> None:
        Gauge(name, about, registry=registry).set(value)

    success = now if attempt.code in (0, 3) else _success(before, now)
    gauge("forecast_last_attempt_timestamp_seconds", "When the last run ended", now)
    gauge(_SUCCESS, "When a run last published or found nothing new; 0 before the first", success)
    gauge("forecast_duration_seconds", "How long the last run took", time.monotonic() - attempt.clock)
    gauge("forecast_last_exit_code", "The exit code of the last run", attempt.code)
    gauge("forecast_spool_depth", "Records waiting for the tracking server", attempt.spooled)
    stale = _stale(before) if attempt.stale_sources is None else attempt.stale_sources
    if stale is not None:
        gauge(_STALE, "Sources whose figures are overdue", stale)
    edition = attempt.edition or latest(root)
    if edition is not None and (manifest := edition / MANIFEST).is_file():
        age = max(0.0, now - manifest.stat().st_mtime)
        gauge("forecast_edition_age_seconds", "The age of the latest edition when the last run ended", age)
    standing = Gauge(_STANDING, "How a series stands", ["series", "status"], registry=registry)
    states = {id: str(state.standing) for id, state in attempt.states.items()} or _standings(before)
    for id, stands in sorted(states.items()):
        for name in STANDINGS:
            standing.labels(id, name).set(stands == name)
    failures = Counter(_FAILURES, "Objections of gates so far", ["gate", "severity"], registry=registry)
    for labels, value in _failures(before).items():
        failures.labels(*labels).inc(value)
    for objection in attempt.objections:
        failures.labels(objection.gate, objection.severity).inc()
    write_to_textfile(str(root / FILE), registry)
    open_to_readers(root / FILE)


def measured(root: Path, attempt: Attempt) -> list[str]:
    """As :func:`write`; gives what failed, a sentence."""
    try:
        write(root, attempt)
    except OSError as error:
        return [f"{root / FILE}: the metrics could not be written ({error.strerror or error})"]
    return []


def measured_alone(root: Path, attempt: Attempt) -> list[str]:
    """As :func:`measured` of a run that does not hold the lock: while another has it, that one's metrics stay."""
    if not root.is_dir():
        return []
    try:
        with publisher(root):
            return measured(root, attempt)
    except ForecastingError as error:
        return [f"{root / FILE}: the metrics were not written ({error.message})"]


def _success(before: Samples, now: float) -> float:
    """When a run last succeeded; 0 for what no run wrote."""
    found = before.get((_SUCCESS, ()), 0.0)
    return found if 0 <= found <= now else 0.0


def _failures(before: Samples) -> dict[tuple[str, str], float]:
    """The counts so far by gate and severity; samples that no run wrote are left out."""
    found = {}
    for (name, labels), value in before.items():
        told = dict(labels)
        if name == _FAILURES and set(told) == {"gate", "severity"} and 0 <= value < math.inf:
            found[told["gate"], told["severity"]] = value
    return found


def _stale(before: Samples) -> float | None:
    found = before.get((_STALE, ()), math.nan)
    return found if 0 <= found < math.inf else None


def _standings(before: Samples) -> dict[str, str]:
    """How each series stood by the file; what no run wrote is left out."""
    told = [dict(labels) for (name, labels), value in before.items() if name == _STANDING and value == 1]
    return {
        one["series"]: one["status"]
        for one in told
        if set(one) == {"series", "status"} and one["status"] in STANDINGS
    }


def read(path: Path) -> Samples:
    """Every sample of a metrics file by name and labels; a missing or damaged file has none."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
            for family in text_string_to_metric_families(path.read_text(encoding="utf-8"))
            for sample in family.samples
        }
    except (OSError, ValueError, KeyError, OverflowError):
        return {}


def sweep(root: Path) -> None:
    """Remove drafts that killed runs left; call it while holding the lock."""
    for draft in root.glob(f"{FILE}.*"):
        draft.unlink(missing_ok=True)
