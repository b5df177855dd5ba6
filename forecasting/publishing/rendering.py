"""The report of an edition, each format made in a process of its own: one that fails is left out, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.catalogue.running import Job
from forecasting.errors import HeldBack
from forecasting.publishing.facts import Facts
from forecasting.publishing.inputs import INPUTS
from forecasting.publishing.isolation import Arrays, Failure, Limits, isolated

Render = Callable[[Facts, str, Sequence[str]], Mapping[str, bytes]]
"""The files of one format (csv, html, pdf or xlsx); the names are those of the formats it may link to."""

OPTIONAL, NEEDED = ("pdf", "xlsx"), ("csv", "html")
_NAMES = {"pdf": "PDF", "xlsx": "workbook", "csv": "data tables", "html": "page"}


@dataclass(frozen=True)
class Rendered:
    """The files of a report, the facts they tell, and what could not be made."""

    files: dict[str, bytes]
    facts: Facts
    failed: dict[str, str]


def rendered(facts: Facts, render: Render, job: Job) -> Rendered:
    """Every format of a report. A missing PDF or workbook is told in the others and degrades the edition.

    Raises :class:`HeldBack` when the page or the data tables cannot be made.
    """
    limits = Limits(job.render_seconds, job.memory_mb, job.processes)
    first = isolated({form: _work(render, facts, form, ()) for form in OPTIONAL}, limits)
    failed = {form: one.text for form, one in first.items() if isinstance(one, Failure)}
    if failed:
        said = tuple(f"The {_NAMES[form]} could not be made: {why}" for form, why in failed.items())
        facts = replace(facts, status="degraded", status_reasons=(*facts.status_reasons, *said))
    files = {name: one for form in first if form not in failed for name, one in _files(first[form]).items()}
    beside = [*sorted(files), "forecasts.csv", INPUTS]
    second = isolated({form: _work(render, facts, form, beside) for form in NEEDED}, limits)
    for form, one in second.items():
        if isinstance(one, Failure):
            raise HeldBack(
                f"held back, the last good edition stays: the {_NAMES[form]} of the report could not be made: "
                f"{one.text}"
            )
        files |= _files(one)
    return Rendered(files, facts, failed)


def _work(render: Render, facts: Facts, form: str, beside: Sequence[str]) -> Callable[[], Arrays]:
    return lambda: {
        name: np.frombuffer(content, dtype=np.uint8) for name, content in render(facts, form, beside).items()
    }


def _files(one: Arrays | Failure) -> dict[str, bytes]:
    assert not isinstance(one, Failure)
    return {name: array.tobytes() for name, array in one.items()}
