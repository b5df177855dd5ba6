"""What a monitor reads: ``metrics.prom`` beside the editions, in Prometheus' text format, replaced whole.

Counters and the times of the last attempt and success go on from the file that is there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forecasting.publishing.candidate import Objection, State

FILE = "metrics.prom"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
STANDINGS = ("ok", "degraded", "stale", "withheld")
_SUCCESS, _FAILURES = "forecast_last_success_timestamp_seconds", "forecast_gate_failures_total"


@dataclass
class Attempt:
    """One run, as far as it got; ``code`` is its exit code, 0 and 3 being successes."""

    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.monotonic)
    code: int = 1
    states: Mapping[str, State] = field(default_factory=dict)
    objections: tuple[Objection, ...] = ()
    edition: Path | None = None
    stale_sources: int = 0
    spooled: float = 0.0


def write(root: Path, attempt: Attempt) -> None:
    """Write the metrics of an attempt; raises :class:`OSError` when the file cannot be replaced."""
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
    gauge("forecast_stale_sources", "Sources whose figures are overdue", attempt.stale_sources)
    if attempt.edition is not None and (manifest := attempt.edition / "MANIFEST.json").is_file():
        age = max(0.0, now - manifest.stat().st_mtime)
        gauge("forecast_edition_age_seconds", "The age of the latest edition when the last run ended", age)
    standing = Gauge("forecast_series_status", "How a series stands", ["series", "status"], registry=registry)
    for id, state in sorted(attempt.states.items()):
        for name in STANDINGS:
            standing.labels(id, name).set(state.standing == name)
    failures = Counter(_FAILURES, "Objections of gates so far", ["gate", "severity"], registry=registry)
    for labels, value in _failures(before).items():
        failures.labels(*labels).inc(value)
    for objection in attempt.objections:
        failures.labels(objection.gate, objection.severity).inc()
    write_to_textfile(str(root / FILE), registry)


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
