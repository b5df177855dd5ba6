"""The metrics file: every sample of an attempt, and what goes on from the file before."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from forecasting.publishing import metrics
from forecasting.publishing.candidate import Objection, State
from forecasting.publishing.metrics import FILE, Attempt, read, sweep, write

STATES = {"a": State("a", "ok", "ets"), "b": State("b", "stale", "ets", "late", "e")}
FLAT = Objection("flat", "warn", "no quantile moves", "a")


def told(root: Path) -> dict[str, float]:
    found = read(root / FILE)
    return {f"{name}{dict(labels) or ''}": value for (name, labels), value in found.items()}


def edition(root: Path, age: float) -> Path:
    folder = root / "2026-11-22-aaaaaaaa"
    folder.mkdir()
    (folder / "MANIFEST.json").write_text("{}")
    os.utime(folder / "MANIFEST.json", (time.time() - age,) * 2)
    return folder


def test_every_sample_of_an_attempt(tmp_path: Path) -> None:
    attempt = Attempt(
        code=3,
        states=STATES,
        objections=(FLAT, FLAT),
        edition=edition(tmp_path, 100),
        stale_sources=2,
        spooled=5,
    )
    attempt.clock -= 700
    write(tmp_path, attempt)
    found = told(tmp_path)
    now = time.time()
    assert found.pop("forecast_last_attempt_timestamp_seconds") == pytest.approx(now, abs=60)
    assert found.pop("forecast_last_success_timestamp_seconds") == pytest.approx(now, abs=60)
    assert found.pop("forecast_edition_age_seconds") == pytest.approx(100, abs=60)
    assert found.pop("forecast_duration_seconds") == pytest.approx(700, abs=60)
    found.pop("forecast_gate_failures_created{'gate': 'flat', 'severity': 'warn'}", None)
    assert found == {
        "forecast_last_exit_code": 3, "forecast_spool_depth": 5, "forecast_stale_sources": 2,
        "forecast_series_status{'series': 'a', 'status': 'ok'}": 1,
        "forecast_series_status{'series': 'a', 'status': 'degraded'}": 0,
        "forecast_series_status{'series': 'a', 'status': 'stale'}": 0,
        "forecast_series_status{'series': 'a', 'status': 'withheld'}": 0,
        "forecast_series_status{'series': 'b', 'status': 'ok'}": 0,
        "forecast_series_status{'series': 'b', 'status': 'degraded'}": 0,
        "forecast_series_status{'series': 'b', 'status': 'stale'}": 1,
        "forecast_series_status{'series': 'b', 'status': 'withheld'}": 0,
        "forecast_gate_failures_total{'gate': 'flat', 'severity': 'warn'}": 2,
    }  # fmt: skip


def test_the_help_of_every_metric_says_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, Attempt(edition=edition(tmp_path, 1), states=STATES, objections=(FLAT,), stale_sources=0))
    lines = (tmp_path / FILE).read_text().splitlines()
    helped = dict(
        line.split(" ", 3)[2:] for line in lines if line.startswith("# HELP") and "_created" not in line
    )
    assert helped == {
        "forecast_last_attempt_timestamp_seconds": "When the last run ended",
        "forecast_last_success_timestamp_seconds": "When a run last published or found nothing new; 0 before the first",
        "forecast_duration_seconds": "How long the last run took",
        "forecast_last_exit_code": "The exit code of the last run",
        "forecast_spool_depth": "Records waiting for the tracking server",
        "forecast_stale_sources": "Sources whose figures are overdue",
        "forecast_edition_age_seconds": "The age of the latest edition when the last run ended",
        "forecast_series_status": "How a series stands",
        "forecast_gate_failures_total": "Objections of gates so far",
    }


@pytest.mark.parametrize(("code", "success"), [(0, True), (3, True), (1, False), (4, False), (75, False)])
def test_only_what_published_or_found_nothing_new_is_a_success(
    tmp_path: Path, code: int, success: bool
) -> None:
    write(tmp_path, Attempt(code=code))
    found = told(tmp_path)
    assert (found["forecast_last_success_timestamp_seconds"] > 0) == success
    assert "forecast_edition_age_seconds" not in found


def test_counters_and_the_last_success_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, Attempt(code=0, objections=(FLAT,)))
    first = told(tmp_path)["forecast_last_success_timestamp_seconds"]
    later = time.time() + 500
    monkeypatch.setattr(metrics.time, "time", lambda: later)
    width = Objection("width", "hold", "too narrow", "b")
    write(tmp_path, Attempt(code=4, objections=(FLAT, width)))
    found = told(tmp_path)
    assert found["forecast_last_success_timestamp_seconds"] == first
    assert found["forecast_last_attempt_timestamp_seconds"] == pytest.approx(later)
    assert found["forecast_gate_failures_total{'gate': 'flat', 'severity': 'warn'}"] == 2
    assert found["forecast_gate_failures_total{'gate': 'width', 'severity': 'hold'}"] == 1


def test_what_a_run_that_ended_early_cannot_know_goes_on(tmp_path: Path) -> None:
    """Else an alert on it would be cleared by the very run that broke."""
    folder = edition(tmp_path, 100)
    write(tmp_path, Attempt(code=3, states=STATES, edition=folder, stale_sources=2))
    (tmp_path / "latest").symlink_to(folder.name)
    write(tmp_path, Attempt(code=78))
    found = told(tmp_path)
    assert found["forecast_stale_sources"] == 2
    assert found["forecast_edition_age_seconds"] == pytest.approx(100, abs=60)
    standing = {name: value for name, value in found.items() if name.startswith("forecast_series_status")}
    assert [name for name, value in standing.items() if value == 1] == [
        "forecast_series_status{'series': 'a', 'status': 'ok'}",
        "forecast_series_status{'series': 'b', 'status': 'stale'}",
    ]
    assert len(standing) == 8
    write(tmp_path, Attempt(code=0, states={"b": State("b", "ok", "ets")}, stale_sources=0))
    found = told(tmp_path)
    assert found["forecast_stale_sources"] == 0
    assert not any("'a'" in name for name in found if name.startswith("forecast_series_status"))


def test_without_a_file_nothing_is_said_of_what_is_not_known(tmp_path: Path) -> None:
    write(tmp_path, Attempt(code=66))
    assert not {"forecast_stale_sources", "forecast_edition_age_seconds"} & set(told(tmp_path))


def test_a_monitor_may_read_the_file_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path, Attempt(code=0))
    finally:
        os.umask(before)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644


def test_an_edition_written_in_the_future_has_no_age(tmp_path: Path) -> None:
    write(tmp_path, Attempt(edition=edition(tmp_path, -1000)))
    assert told(tmp_path)["forecast_edition_age_seconds"] == 0


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"\xff\xfe",
        b"forecast_x{\n",
        b"# HELP x y\n# TYPE x gauge\nx " + b"9" * 400 + b"\n",
        b"# TYPE a counter\na b c d e\n",
    ],
)
def test_a_missing_or_damaged_file_has_no_samples(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    assert read(tmp_path / FILE) == {}
    write(tmp_path, Attempt(code=0))
    assert told(tmp_path)["forecast_last_exit_code"] == 0


def test_no_flipped_bit_of_a_counter_breaks_the_next_run(tmp_path: Path) -> None:
    write(tmp_path, Attempt(code=0, objections=(FLAT,)))
    content = (tmp_path / FILE).read_bytes()
    start = content.index(b"forecast_gate_failures_total{")
    for place in range(start, content.index(b"\n", start)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            (tmp_path / FILE).write_bytes(flipped)
            write(tmp_path, Attempt(code=4))
            assert told(tmp_path)["forecast_last_exit_code"] == 4


@pytest.mark.parametrize(
    "sample",
    [
        'forecast_gate_failures_total{gate="flat"} 2.0',
        'forecast_gate_failures_total{gate="flat",severitx="warn"} 2.0',
        'forecast_gate_failures_total{gate="flat",severity="warn"} -2.0',
        'forecast_gate_failures_total{gate="flat",severity="warn"} NaN',
        'forecast_gate_failures_total{gate="flat",severity="warn"} +Inf',
        "forecast_last_success_timestamp_seconds NaN",
        "forecast_last_success_timestamp_seconds -1.0",
        "forecast_last_success_timestamp_seconds 9e99",
        "forecast_stale_sources -1.0",
        "forecast_stale_sources +Inf",
        'forecast_series_status{series="a"} 1.0',
        'forecast_series_status{series="a",status="fine"} 1.0',
        'forecast_series_status{series="a",status="ok"} 2.0',
    ],
)
def test_samples_no_run_wrote_do_not_go_on(tmp_path: Path, sample: str) -> None:
    (tmp_path / FILE).write_text(f"{sample}\n")
    write(tmp_path, Attempt(code=4))
    found = told(tmp_path)
    assert found["forecast_last_success_timestamp_seconds"] == 0
    assert not any(name.startswith(("forecast_gate", "forecast_s")) for name in found if "sp" not in name)


def test_drafts_of_killed_runs_are_swept(tmp_path: Path) -> None:
    write(tmp_path, Attempt())
    (tmp_path / f"{FILE}.12.34").write_text("half")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
