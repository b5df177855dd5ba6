"""A run from its lock to its hooks: nothing changed, the clock is wrong, a format fails, the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from forecasting.errors import CannotWrite, ConfigError, DataError, HeldBack, Locked, OutOfTime, UsageError
from forecasting.publishing import edition, job, ledger, metrics, preflight
from forecasting.publishing.facts import Facts
from forecasting.publishing.lock import publisher
from tests.publishing.small_job import LEFT, RIGHT, TODAY, Project, plain, sample
from tests.publishing.small_world import MARKET, OXIDE


def names(project: Project) -> list[str]:
    return sorted(path.name for path in project.editions.iterdir())


def test_an_edition_holds_states_inputs_and_what_it_stands_on(published: Project) -> None:
    manifest = edition.verify(published.latest)
    listed = {entry["path"] for entry in manifest["files"]}
    assert {"states.csv", "inputs.zip", "forecasts.csv", "forecasts.parquet", "report.html"} <= listed
    assert set(manifest["series"].values()) == {"ok"}
    assert (manifest["previous"], manifest["status"], manifest["not_rendered"]) == ("", "normal", {})
    assert len(manifest["environment"]["code"]) == 64
    assert published.latest.name.startswith(f"{TODAY.isoformat()}-")
    (line,) = ledger.read(published.editions)
    assert (line.event, line.edition) == ("published", published.latest.name)


def test_nothing_new_changes_nothing_but_the_metrics(copy: Project) -> None:
    before = {path: path.stat().st_mtime_ns for path in copy.editions.rglob("*") if path.name != metrics.FILE}
    audit = (copy.editions / "audit.jsonl").read_bytes()
    first = sample(copy, "forecast_last_attempt_timestamp_seconds")
    done = copy.publish(known_on=date(2026, 4, 21), released=date(2026, 4, 21), today=date(2026, 4, 21))
    assert (done.new, done.code, done.folder) == (False, 0, copy.latest)
    after = {path: path.stat().st_mtime_ns for path in copy.editions.rglob("*") if path.name != metrics.FILE}
    assert before == after
    assert (copy.editions / "audit.jsonl").read_bytes() == audit
    second = sample(copy, "forecast_last_attempt_timestamp_seconds")
    assert first is not None
    assert second is not None
    assert second > first
    assert sample(copy, "forecast_last_success_timestamp_seconds") == pytest.approx(second, abs=60)
    assert sample(copy, "forecast_last_exit_code") == 0
    assert sample(copy, "forecast_series_status", series=OXIDE, status="ok") == 1


def test_data_that_grew_stale_are_said_though_nothing_is_published(copy: Project) -> None:
    late = date(2026, 9, 1)
    done = copy.publish(known_on=late, released=late, today=late)
    assert (done.new, done.code) == (False, 3)
    assert any("no figure became known after 2026-04-10" in why for why in done.reasons)
    assert sample(copy, "forecast_stale_sources") == 5, "every book"
    assert sample(copy, "forecast_last_exit_code") == 3
    assert copy.publish(again=True, known_on=late, released=late, today=late).code == 3
    assert sample(copy, "forecast_stale_sources") == 5
    told = copy.publish(known_on=late, released=late, today=late)
    assert (told.new, told.code, told.reasons) == (False, 0, ())
    assert sample(copy, "forecast_stale_sources") == 5
    later = date(2026, 11, 1)
    done = copy.publish(known_on=later, released=later, today=later)
    assert (done.new, done.code) == (False, 3)
    assert any("ev: ev should have printed 2026-08" in why for why in done.reasons), done.reasons


def test_one_late_source_of_many_series_counts_once(copy: Project) -> None:
    path = copy.data / "sources.yaml"
    text = path.read_text()
    series = (copy.data / "series.yaml").read_text()
    for id in (LEFT, RIGHT, MARKET):
        text = text.replace(f"family: {id}\n", "family: ev\n")
        series = series.replace(f"sources:\n    - {id}\n", "sources:\n    - ev\n")
    path.write_text(text)
    (copy.data / "series.yaml").write_text(series)
    late = date(2026, 9, 1)
    copy.publish(known_on=late, released=late, today=late)
    assert sample(copy, "forecast_stale_sources") == 2, "one for four series, and oxide's"


def test_again_makes_an_edition_of_the_same_numbers(copy: Project) -> None:
    first = copy.latest
    done = copy.publish(again=True)
    assert done.new
    assert done.folder != first
    assert (first / "forecasts.csv").read_bytes() == (done.folder / "forecasts.csv").read_bytes()
    assert edition.read_manifest(done.folder)["previous"] == first.name


@pytest.mark.parametrize(
    ("released", "said"),
    [
        (date(2026, 4, 19), "before the last one of 2026-04-20"),
        (date(2026, 4, 22), "but today is 2026-04-20"),
    ],
)
def test_a_wrong_clock_dates_no_edition(released: date, said: str, copy: Project) -> None:
    with pytest.raises(HeldBack, match=said):
        copy.publish(again=True, released=released)
    assert ledger.read(copy.editions)[-1].event == "held"
    assert sample(copy, "forecast_last_exit_code") == 4
    assert copy.publish(again=True, released=released, force_date=True).new


def test_a_clock_far_ahead_dates_no_edition(copy: Project) -> None:
    far = date(2036, 1, 1)
    with pytest.raises(
        HeldBack, match="more than 400 days after both the last one of 2026-04-20 and the last"
    ):
        copy.publish(again=True, known_on=far, today=far, released=far)
    assert copy.publish(again=True).new, "the next run, by a right clock, is not late"


def test_the_day_is_the_one_the_run_was_given_not_the_machines(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow clock or another time zone neither refuses a row nor makes the last edition's inputs unreadable."""

    class Early(date):
        @classmethod
        def today(cls) -> Early:
            return cls(2026, 1, 1)

    for module in ("forecasting.data.store", "forecasting.publishing.attribution.mixed"):
        monkeypatch.setattr(f"{module}.date", Early)
    with capture_logs() as said:
        done = copy.publish(again=True)
    assert (done.new, done.reasons, said) == (True, (), [])
    with pytest.raises(DataError) as caught:
        copy.publish(again=True, today=date(2026, 4, 9))
    assert "available_at 2026-04-10 is in the future" in str(caught.value)


def test_a_second_publisher_is_locked_out_and_writes_nothing(copy: Project) -> None:
    before = (copy.editions / metrics.FILE).read_bytes()
    with publisher(copy.editions), pytest.raises(Locked):
        copy.publish()
    assert (copy.editions / metrics.FILE).read_bytes() == before


def test_data_that_change_while_they_are_read_are_not_published(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints = iter("ab")
    monkeypatch.setattr(job, "fingerprint", lambda _: next(prints))
    with pytest.raises(Locked, match="changed while it was read"):
        copy.publish()


def test_a_full_disk_stops_before_anything_is_computed(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(copy.root)._replace(free=10)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(CannotWrite, match="10 bytes are free"):
        copy.publish(again=True)


def slow(facts: Facts, form: str, beside: Sequence[str]) -> dict[str, bytes]:
    time.sleep(600)
    return dict(plain(facts, form, beside))


def test_past_the_deadline_nothing_is_published_and_nothing_left_running(copy: Project) -> None:
    before = names(copy)
    with pytest.raises(OutOfTime, match="not ready after 4 s") as caught:
        copy.publish(slow, again=True, deadline=4.0)
    assert caught.value.exit_code == 75
    assert names(copy) == before
    assert sample(copy, "forecast_last_exit_code") == 75


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_a_format_that_fails_is_left_out_and_told(form: str, copy: Project) -> None:
    def render(facts: Facts, wanted: str, beside: Sequence[str]) -> dict[str, bytes]:
        if wanted == form:
            raise DataError("the engine failed")
        return dict(plain(facts, wanted, beside))

    done = copy.publish(render, again=True)
    assert done.code == 3
    files = {path.name for path in done.folder.iterdir()}
    assert f"report.{form}" not in files
    assert {"report.html", "forecasts.csv", "states.csv"} <= files
    manifest = edition.verify(done.folder)
    assert manifest["not_rendered"] == {form: "the engine failed"}
    assert manifest["status"] == "degraded"
    page = (done.folder / "report.html").read_text()
    assert "could not be made: the engine failed" in page
    assert f"report.{form}" not in page


def test_without_a_page_the_last_edition_stays(copy: Project) -> None:
    first = copy.latest

    def render(facts: Facts, wanted: str, beside: Sequence[str]) -> dict[str, bytes]:
        if wanted == "html":
            os.abort()
        return dict(plain(facts, wanted, beside))

    with pytest.raises(
        HeldBack, match="the page of the report could not be made: its process was killed by SIGABRT"
    ):
        copy.publish(render, again=True)
    assert copy.latest == first


def test_an_override_is_recorded_and_shown(tmp_path: Path) -> None:
    project = Project(tmp_path / "p").release()
    project.settings(lambda one: one["gates"].update(flat={"severity": "hold", "run": 2}))
    project.settings(lambda one: one["gates"].update(freshness={"severity": "hold", "grace_days": 0}))
    with pytest.raises(HeldBack, match="freshness: oxide"):
        project.publish()
    with pytest.raises(UsageError, match="there is no such gate"):
        project.publish(overrides={"freshnes": "because"})
    done = project.publish(overrides={"freshness": "the book is late this year", "sums": "nothing to excuse"})
    assert done.code == 3
    gates = edition.read_manifest(done.folder)["gates"]
    assert {one["overridden"] for one in gates if one["gate"] == "freshness"} == {
        "the book is late this year"
    }
    assert "the book is late this year" in (done.folder / "report.html").read_text()
    lines = ledger.read(project.editions)
    assert [line.event for line in lines] == ["held", "published", "overridden"]
    assert lines[2].facts == {"gate": "freshness", "reason": "the book is late this year"}
    failures = sample(project, "forecast_gate_failures_total", gate="freshness", severity="hold")
    assert (failures or 0) >= 2


def test_what_a_killed_run_left_is_swept_and_a_finished_edition_adopted(copy: Project) -> None:
    first = copy.latest
    second = copy.publish(again=True).folder
    edition.point(copy.editions, first.name)
    audit = copy.editions / "audit.jsonl"
    audit.write_bytes(b"".join(audit.read_bytes().splitlines(keepends=True)[:1]))
    for litter in (".staging-x-1", ".staging-tmp-y"):
        (copy.editions / litter).mkdir()
    (copy.editions / ".latest-1").symlink_to("nowhere")
    (copy.editions / f"{metrics.FILE}.1.2").write_text("half")
    (copy.cache / ".fit-999999999.npz").write_text("half")
    done = copy.publish()
    assert (done.new, done.folder) == (False, second)
    assert [line.edition for line in ledger.read(copy.editions)] == [first.name, second.name]
    assert set(names(copy)) == {".lock", "audit.jsonl", "latest", metrics.FILE, first.name, second.name}
    assert not list(copy.cache.glob(".*"))


def test_the_same_inputs_give_the_same_bytes_with_every_model_fitted_anew(
    published: Project, copy: Project
) -> None:
    shutil.rmtree(copy.editions)
    shutil.rmtree(copy.cache)
    again = copy.publish().folder
    assert again.name == published.latest.name
    for path in published.latest.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_a_run_that_cannot_begin_is_measured_too(copy: Project) -> None:
    copy.settings(lambda one: one["job"].update(fit_secnds=3))
    with pytest.raises(ConfigError, match="fit_secnds"):
        copy.publish()
    assert sample(copy, "forecast_last_exit_code") == 78
    assert (sample(copy, "forecast_last_success_timestamp_seconds") or 0) > 0


@pytest.mark.parametrize(("named", "where"), [("/some/file", "/some/file"), (None, "ROOT")])
def test_an_error_of_the_disk_has_a_place_and_advice(
    named: str | None, where: str, copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO), named)

    monkeypatch.setattr(job, "fingerprint", full)
    with pytest.raises(CannotWrite) as caught:
        copy.publish(again=True)
    said = str(caught.value).replace(str(copy.editions), "ROOT")
    assert said == f"{where}: Input/output error; free space or mend the disk, and run again"
    assert sample(copy, "forecast_last_exit_code") == 74


def test_litter_that_cannot_be_put_in_order_is_named(copy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(job.paths, "sweep", full)
    with pytest.raises(CannotWrite) as caught:
        copy.publish()
    assert str(caught.value) == (
        f"{copy.editions}: what a killed run left cannot be put in order (No space left on device); "
        "free space and run again"
    )


def test_the_audit_file_says_why_an_edition_was_held_back(copy: Project) -> None:
    with pytest.raises(HeldBack) as held:
        copy.publish(again=True, released=date(2026, 4, 22))
    assert ledger.read(copy.editions)[-1].facts == {"why": held.value.message}
    assert copy.publish(spooled=7.0).code == 0
    assert sample(copy, "forecast_spool_depth") == 7
    assert copy.publish().code == 0
    assert sample(copy, "forecast_spool_depth") == 0
