"""The formats of a report: optional ones are left out and told, needed ones hold the edition."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from forecasting.catalogue.running import Job
from forecasting.errors import DataError, HeldBack
from forecasting.publishing.rendering import rendered

JOB = Job(render_seconds=20, processes=2)


@dataclass(frozen=True)
class Told:
    """What a renderer looks at in the place of all facts."""

    status: str = "normal"
    status_reasons: tuple[str, ...] = ()


def render(facts: Any, form: str, beside: Sequence[str]) -> Mapping[str, bytes]:
    words = "|".join([facts.status, *facts.status_reasons, *beside])
    return {f"report.{form}": words.encode(), **({"deep/table.csv": b"1"} if form == "csv" else {})}


def broken(*forms: str) -> Any:
    def made(facts: Any, form: str, beside: Sequence[str]) -> Mapping[str, bytes]:
        if form in forms:
            raise DataError(f"no {form} today")
        return render(facts, form, beside)

    return made


def facts() -> Any:
    return Told()


def test_every_format_and_the_page_knows_the_files_beside_it() -> None:
    found = rendered(facts(), render, JOB)
    assert found.files == {
        "report.pdf": b"normal", "report.xlsx": b"normal", "deep/table.csv": b"1",
        "report.csv": b"normal|report.pdf|report.xlsx|forecasts.csv|inputs.zip",
        "report.html": b"normal|report.pdf|report.xlsx|forecasts.csv|inputs.zip",
    }  # fmt: skip
    assert (found.failed, found.facts) == ({}, Told())


def test_what_could_not_be_made_is_named_in_the_others() -> None:
    found = rendered(Told(status_reasons=("first",)), broken("pdf", "xlsx"), JOB)  # type: ignore[arg-type]
    reasons = (
        "first", "The PDF could not be made: no pdf today", "The workbook could not be made: no xlsx today",
    )  # fmt: skip
    assert found.failed == {"pdf": "no pdf today", "xlsx": "no xlsx today"}
    assert found.facts == Told("degraded", reasons)
    assert (
        found.files["report.html"] == "|".join(["degraded", *reasons, "forecasts.csv", "inputs.zip"]).encode()
    )
    assert set(found.files) == {"report.csv", "report.html", "deep/table.csv"}
    one = rendered(facts(), broken("pdf"), JOB)
    assert set(one.files) == {"report.csv", "report.html", "report.xlsx", "deep/table.csv"}


@pytest.mark.parametrize(("form", "name"), [("csv", "data tables"), ("html", "page")])
def test_without_tables_or_page_there_is_no_edition(form: str, name: str) -> None:
    with pytest.raises(HeldBack) as caught:
        rendered(facts(), broken(form), JOB)
    assert str(caught.value) == (
        f"held back, the last good edition stays: the {name} of the report could not be made: no {form} today"
    )


def test_each_format_has_a_process_of_its_own() -> None:
    def told(_: Any, form: str, __: Sequence[str]) -> Mapping[str, bytes]:
        return {form: str(os.getpid()).encode()}

    found = rendered(facts(), told, JOB)
    assert len({*found.files.values(), str(os.getpid()).encode()}) == 5
