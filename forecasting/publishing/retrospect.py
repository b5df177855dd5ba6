"""What a new edition says of the past: what moved since the last one and why, and how earlier ones did.

Both are worked out in processes of their own and cost no edition: what fails is told beside the numbers.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.balance.graph import FILE, Graph
from forecasting.catalogue.running import Job
from forecasting.errors import ForecastingError
from forecasting.frames import Forecast
from forecasting.publishing.attribution import Told, attribute, changes
from forecasting.publishing.candidate import Objection, Previous, Verdict
from forecasting.publishing.champions import Bench
from forecasting.publishing.inputs import Inputs
from forecasting.publishing.isolation import Arrays, Failure, Limits, isolated
from forecasting.publishing.making import Draft
from forecasting.publishing.paths import Fits, joined
from forecasting.publishing.previous import inputs_of
from forecasting.publishing.scorecard import issued, scores, track_record
from forecasting.publishing.scorecard.drift import GATE, alarms, summary

ATTRIBUTION, CHANGES, SCORES, RECORD, SUMMARY = (
    "attribution.parquet", "changes", "scores.parquet", "track_record", "scores",
)  # fmt: skip
ALARM, NOTES = "alarm", "notes"


@dataclass(frozen=True)
class Retrospect:
    """The draft with what drifted among its objections, tables for the report, and files for the edition."""

    draft: Draft
    tables: Mapping[str, pd.DataFrame]
    files: Mapping[str, bytes]


def look_back(
    root: Path, draft: Draft, inputs: Inputs, previous: Previous | None, cache: Path, job: Job
) -> Retrospect:
    """Attribute the move since ``previous`` and score the editions under ``root`` on what is known now.

    ``inputs`` are those of the draft. Moves that cannot be attributed stand as one cause, with the reason as a
    warning.
    """
    work = {SCORES: partial(_scored, root, inputs, cache)}
    if previous is not None:
        work[ATTRIBUTION] = partial(_attributed, draft, inputs, previous, cache)
    found = isolated(work, Limits(job.render_seconds, job.memory_mb, job.processes))
    tables: dict[str, pd.DataFrame] = {}
    files: dict[str, bytes] = {}
    said: list[Objection] = []
    for name, one in found.items():
        if isinstance(one, Failure):
            what = (
                "Past editions could not be scored"
                if name == SCORES
                else "What moved could not be attributed"
            )
            said.append(Objection("retrospect", "warn", f"{what}: {one.text}"))
            continue
        files[name] = one[name].tobytes()
        for table in set(one) & {CHANGES, RECORD, SUMMARY}:
            tables[table] = pd.read_csv(io.BytesIO(one[table].tobytes()), float_precision="round_trip")
        if ALARM in one:
            said.append(Objection("retrospect", "warn", str(one[ALARM])))
        if NOTES in one:
            said += [Objection(GATE, "warn", str(note)) for note in one[NOTES]]
        if name == SCORES:
            scored = pd.read_parquet(io.BytesIO(files[SCORES]))
            said += alarms(scored, inputs.store.catalogue)
    verdict = Verdict((*draft.verdict.objections, *said))
    return Retrospect(replace(draft, verdict=verdict), {k: v for k, v in tables.items() if len(v)}, files)


def _scored(root: Path, inputs: Inputs, cache: Path) -> Arrays:
    notes: list[str] = []
    found = scores(issued(root, notes.append), inputs.store, inputs.as_of, cache, notes.append)
    catalogue = inputs.store.catalogue
    told = {NOTES: np.array(notes)} if notes else {}
    return told | {
        SCORES: _bytes(_parquet(found)),
        RECORD: _bytes(_csv(track_record(found, catalogue))),
        SUMMARY: _bytes(_csv(summary(found))),
    }


def _attributed(draft: Draft, inputs: Inputs, previous: Previous, cache: Path) -> Arrays:
    now = told(draft, inputs)
    catalogue = inputs.store.catalogue
    graph = Graph.read(catalogue) if (catalogue.root / FILE).is_file() else None
    with tempfile.TemporaryDirectory(dir=previous.folder.parent, prefix=".staging-inputs-") as place:
        was = Told(previous.table, previous.balance.get("balance", pd.DataFrame()), None, _fallen(previous))
        before, why = inputs_of(previous.folder, Path(place), previous.as_of)
        if before is not None:
            was = replace(was, inputs=before, paths=kept(before, cache))
        table = attribute(was, now)
    arrays = {
        ATTRIBUTION: _bytes(_parquet(table)),
        CHANGES: _bytes(_csv(changes(table, catalogue, graph))),
    }
    return arrays | ({ALARM: np.array(f"What moved could not be attributed: {why}")} if why else {})


def told(draft: Draft, inputs: Inputs) -> Told:
    """A draft as attribution compares it; its joint paths stand for its inputs where every champion answered."""
    candidate = draft.candidate
    fallen = {id for id, state in candidate.states.items() if state.standing != "ok"}
    balance = candidate.balance.get("balance", pd.DataFrame())
    return Told(candidate.table, balance, inputs, fallen, None if fallen else draft.forecasts)


def _fallen(previous: Previous) -> set[str]:
    states = previous.states
    return set(states.loc[states["standing"] != "ok", "series"]) if len(states) else set()


def kept(inputs: Inputs, cache: Path) -> list[Forecast] | None:
    """The joint forecasts of inputs, when each of their fits was kept by today's code; else None."""
    try:
        bench = Bench.of(inputs.store, inputs.release, inputs.as_of)
        fits = Fits(cache, inputs.store, inputs.release, inputs.as_of)
    except ForecastingError:
        return None
    found = {id: fits.get(id, bench.champion(id)) for id in bench.series}
    whole = {id: one for id, one in found.items() if one is not None}
    return joined(bench, whole) if len(whole) == len(found) else None


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _bytes(content: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(content, dtype=np.uint8)
