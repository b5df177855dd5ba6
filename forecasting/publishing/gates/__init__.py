"""What an edition must satisfy before anybody sees it.

A gate takes the :class:`~forecasting.publishing.gates.view.View` of a candidate and yields what it objects to. A new
gate is one function, one line in :data:`GATES`, and one record in :mod:`forecasting.catalogue.gating` when it has
thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from forecasting.errors import UsageError, nearest
from forecasting.publishing.candidate import Candidate, Objection, Verdict
from forecasting.publishing.gates.balance import identities, scenarios
from forecasting.publishing.gates.bands import flat, width
from forecasting.publishing.gates.bounds import ceiling
from forecasting.publishing.gates.continuity import growth, jump, retired, slip, start
from forecasting.publishing.gates.evidence import coverage, skill
from forecasting.publishing.gates.freshness import freshness, revision
from forecasting.publishing.gates.shape import LAST, complete, finite, non_negative, ordered
from forecasting.publishing.gates.sums import sums
from forecasting.publishing.gates.view import Found, View
from forecasting.publishing.reasons import said

__all__ = [
    "FIXED",
    "GATES",
    "LAST",
    "RETIRED",
    "Found",
    "Gate",
    "View",
    "judge",
    "judged",
    "require_known",
]

RETIRED = "retired"
Gate = Callable[[View], Iterator[Found]]

GATES: dict[str, Gate] = {
    "finite": finite,
    "ordered": ordered,
    "non_negative": non_negative,
    "complete": complete,
    RETIRED: retired,
    "ceiling": ceiling,
    "growth": growth,
    "slip": slip,
    "jump": jump,
    "start": start,
    "flat": flat,
    "width": width,
    "freshness": freshness,
    "revision": revision,
    "coverage": coverage,
    "skill": skill,
    "sums": sums,
    "identities": identities,
    "scenarios": scenarios,
}
FIXED = frozenset({"finite", "ordered", "non_negative", "complete"})  # no reason makes these publishable


def require_known(overrides: Mapping[str, str]) -> None:
    """Raises :class:`UsageError` for a gate that is not, one that is fixed, or a reason that cannot be printed."""
    for name, reason in overrides.items():
        if name not in GATES:
            raise UsageError(f"--override {name}: there is no such gate; {nearest(name, GATES)}")
        if name in FIXED:
            raise UsageError(f"--override {name}: this gate cannot be overridden; mend the forecast instead")
        if not reason.strip():
            raise UsageError(f"--override {name}: give the reason with --reason; it is published")
        said("--reason", reason)


def judge(candidate: Candidate, overrides: Mapping[str, str]) -> Verdict:
    """The objections of every gate, in the order of :data:`GATES`, then of series and text.

    ``overrides`` gives, by gate, the reason to publish in spite of its objections; see :func:`require_known`.
    """
    return judged(View(candidate), overrides)


def judged(view: View, overrides: Mapping[str, str]) -> Verdict:
    """As :func:`judge`, of a view."""
    require_known(overrides)
    reasons = {name: said("--reason", reason) for name, reason in overrides.items()}
    objections = [
        Objection(name, found.severity, found.text, found.series, reasons.get(name, ""))
        for name, gate in GATES.items()
        for found in sorted(gate(view), key=lambda one: (one.series, one.text, one.severity))
    ]
    return Verdict(tuple(dict.fromkeys(objections)))
