"""What must hold before anything is computed: room on the disk, a sensible clock, and what a key is made of."""

from __future__ import annotations

from collections import namedtuple
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from forecasting.data.store import Store
from forecasting.errors import CannotWrite, HeldBack
from forecasting.publishing import preflight
from forecasting.publishing.preflight import Days, fingerprint, key_of, require_clock, require_space
from forecasting.publishing.release import load
from tests.publishing.small_job import Project

Usage = namedtuple("Usage", "total used free")
TODAY = date(2026, 11, 22)


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: Usage(0, 0, size))


def test_an_edition_must_fit_several_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = tmp_path / "last"
    (last / "deep").mkdir(parents=True)
    (last / "a").write_bytes(b"x" * 1000)
    (last / "deep" / "b").write_bytes(b"x" * 500)
    free(monkeypatch, 4500)
    require_space(tmp_path, last, 3)
    free(monkeypatch, 4499)
    with pytest.raises(CannotWrite) as caught:
        require_space(tmp_path, last, 3)
    assert str(caught.value) == (
        f"{tmp_path}: 4,499 bytes are free, 4,500 are needed (3 times the last edition); free space and run again"
    )


def test_the_first_edition_needs_eight_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 8 * 2**20)
    require_space(tmp_path, None, 1)
    free(monkeypatch, 8 * 2**20 - 1)
    with pytest.raises(CannotWrite, match="8,388,607 bytes are free, 8,388,608 are needed"):
        require_space(tmp_path, None, 1)


@pytest.mark.parametrize(
    ("released", "last", "words"),
    [
        (TODAY, TODAY, ""),
        (date(2026, 11, 23), TODAY, ""),
        (TODAY, None, ""),
        (
            date(2026, 11, 21),
            TODAY,
            "held back: the edition would bear 2026-11-21, before the last one of 2026-11-22; "
            "set the clock right, or give --edition-date and --force-date",
        ),
        (
            date(2026, 11, 24),
            TODAY,
            "held back: the edition would bear 2026-11-24, but today is 2026-11-22; "
            "give another --edition-date, or --force-date",
        ),
    ],
)
def test_the_day_an_edition_bears(released: date, last: date | None, words: str) -> None:
    days = Days(released, TODAY, TODAY)
    require_clock(days, last, 400, forced=True)
    if not words:
        require_clock(days, last, 400, forced=False)
        return
    with pytest.raises(HeldBack) as caught:
        require_clock(days, last, 400, forced=False)
    assert str(caught.value) == words


def test_a_clock_far_ahead_of_everything_dates_no_edition() -> None:
    far = TODAY + timedelta(days=401)
    require_clock(Days(TODAY + timedelta(days=400), far, TODAY), TODAY, 400, forced=False)
    require_clock(Days(far, far, TODAY + timedelta(days=1)), TODAY, 400, forced=False)
    require_clock(Days(far, far, TODAY), TODAY + timedelta(days=1), 400, forced=False)
    require_clock(Days(far, far, TODAY), None, 400, forced=False)
    require_clock(Days(far, far, TODAY), TODAY, 400, forced=True)
    with pytest.raises(HeldBack) as caught:
        require_clock(Days(far, far, TODAY), TODAY, 400, forced=False)
    assert str(caught.value) == (
        "held back: the edition would bear 2027-12-28, more than 400 days after both the last one of 2026-11-22 and "
        "the last figure of 2026-11-22; set the clock right, or, if the day is right, give --force-date "
        "(job.longest_gap_days in publication.yaml)"
    )


def test_the_fingerprint_is_of_names_and_contents_of_inputs_only(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "a.csv").write_text("1")
    (tmp_path / "scenarios" / "b.yaml").write_text("2")
    first = fingerprint(tmp_path)
    (tmp_path / "notes.txt").write_text("no input")
    assert fingerprint(tmp_path) == first
    (tmp_path / "a.csv").write_text("3")
    changed = fingerprint(tmp_path)
    (tmp_path / "a.csv").rename(tmp_path / "c.csv")
    assert len({first, changed, fingerprint(tmp_path)}) == 3


def test_the_key_is_of_what_numbers_follow_from(copy: Project) -> None:
    """Not of what only importing and running go by, nor of comments in the file that says it."""

    def key() -> str:
        return key_of(Store.open(copy.data), date(2026, 4, 10), load(copy.bundles))

    def running(one: dict[str, Any]) -> None:
        one["job"] |= {
            "hooks": {"on_held": ["/bin/true"]},
            "deadline_seconds": 1,
            "free_space": 9,
            "processes": 1,
        }
        one["sinks"] = [{"kind": "site", "name": "site", "folder": "elsewhere"}]

    first = key()
    copy.settings(running)
    (copy.data / "mapping.yaml").write_text("for: importers\n")
    path = copy.data / "publication.yaml"
    path.write_text(f"# a comment\n{path.read_text()}")
    assert key() == first
    found = {first}
    for edit in (
        lambda one: one["job"].update(fit_seconds=21),
        lambda one: one["job"].update(fallbacks=["naive"]),
        lambda one: one["gates"].update(growth={"cap": 4}),
        lambda one: one.update(contact="somebody else"),
    ):
        copy.settings(edit)
        found.add(key())
    with (copy.data / "series.yaml").open("a") as file:
        file.write("# what a file of the catalogue says is held by its bytes\n")
    found.add(key())
    assert len(found) == 6
