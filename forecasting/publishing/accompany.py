"""What stands beside the numbers of an edition: reasons, notes, the tables of its history, and its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.publishing import ledger
from forecasting.publishing.candidate import Objection, Previous
from forecasting.publishing.environment import environment
from forecasting.publishing.facts import note
from forecasting.publishing.making import Draft
from forecasting.publishing.rendering import Rendered

FRESHNESS, RETROSPECT = "freshness", "retrospect"
DEGRADING = (FRESHNESS, RETROSPECT)


@dataclass(frozen=True)
class Beside:
    """Reasons for the whole edition, notes by series, those that degrade it, and tables for the report."""

    reasons: tuple[str, ...]
    notes: Mapping[str, str]
    weak: tuple[str, ...]
    degraded: bool
    tables: Mapping[str, pd.DataFrame]


def beside(root: Path, draft: Draft) -> Beside:
    """What readers must know beside the numbers.

    An edition is degraded by a series that is not ok, a missing balance, a gate somebody overrode, overdue data, and
    a look back that failed; other warnings are told and degrade nothing.
    """
    verdict, states = draft.verdict, draft.candidate.states
    overridden = [o for o in verdict.objections if o.overridden]
    warned = list(verdict.standing("warn"))
    reasons = [
        *([draft.no_balance] if draft.no_balance else []),
        *dict.fromkeys(f"Gate {o.gate} was overridden ({_said(o)}): {o.overridden}" for o in overridden),
        *(_sentence(o.text) for o in warned if not o.series),
    ]
    notes = {id: note(state) for id, state in sorted(states.items()) if state.standing != "ok"}
    for one in warned:
        if one.series:
            notes[one.series] = "; ".join(filter(None, [notes.get(one.series, ""), one.text]))
    weak = by_text(
        [
            *((id, note(state)) for id, state in sorted(states.items()) if state.standing != "ok"),
            *((o.series, o.text) for o in warned if o.gate in DEGRADING and o.series),
        ]
    )
    aged = any(o.gate in DEGRADING for o in warned)
    degraded = bool(weak or aged or overridden or draft.no_balance)
    tables = {"remarks": _remarks([*overridden, *warned])}
    if len(errata := ledger.errata(root)):
        tables["errata"] = errata
    return Beside(tuple(reasons), notes, tuple(weak), degraded, tables)


def by_text(found: Iterable[tuple[str, str]]) -> list[str]:
    """Texts on series, those that read alike in one line.

    >>> by_text([("a", "vahan is late"), ("b", "withheld"), ("c", "vahan is late")])
    ['a, c: vahan is late', 'b: withheld']
    """
    alike: dict[str, list[str]] = {}
    for series, text in found:
        alike.setdefault(text, []).append(series)
    return [f"{', '.join(ids)}: {text}" for text, ids in alike.items()]


def _remarks(objections: Iterable[Objection]) -> pd.DataFrame:
    """Columns ``series, gate, text, overridden``: what was published in spite of an objection."""
    rows = [(o.series, o.gate, o.text, o.overridden) for o in objections]
    return pd.DataFrame(rows, columns=["series", "gate", "text", "overridden"])


def _said(objection: Objection) -> str:
    return f"{objection.series} {objection.text}".strip()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def manifest(
    key: str, report: Rendered, draft: Draft, observations: str, previous: Previous | None
) -> dict[str, Any]:
    """What a manifest says beside the hashes of the files."""
    candidate = draft.candidate
    return {
        "key": key,
        "previous": previous.edition if previous else "",
        "as_of": candidate.as_of.isoformat(),
        "released": candidate.released.isoformat(),
        "status": report.facts.status,
        "status_reasons": list(report.facts.status_reasons),
        "observations_sha256": observations,
        "environment": environment(),
        "series": {id: state.standing for id, state in sorted(candidate.states.items())},
        "gates": [asdict(objection) for objection in draft.verdict.objections],
        "not_rendered": dict(sorted(report.failed.items())),
    }
