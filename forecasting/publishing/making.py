"""An edition before it is laid out: every series on the highest rung that stands, the balance, and what gates say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import structlog

from forecasting.balance.graph import FILE
from forecasting.balance.tables import open_balance, tables
from forecasting.data.store import Store
from forecasting.errors import HeldBack
from forecasting.evaluation.backtest import Progress, silent
from forecasting.frames import Forecast
from forecasting.publishing.candidate import Candidate, Objection, Previous, State, Verdict
from forecasting.publishing.champions import Bench
from forecasting.publishing.dependents import missing_from_balance, states
from forecasting.publishing.facts import certificates, ordered, tabulate
from forecasting.publishing.gates import RETIRED, judge
from forecasting.publishing.ladder import Ladder, Made
from forecasting.publishing.paths import Fits, joined
from forecasting.publishing.release import Release
from forecasting.publishing.stale import rows_again


@dataclass(frozen=True)
class Draft:
    """What was made: the candidate and its verdict, each fit, the joint paths, and why there is no balance."""

    candidate: Candidate
    verdict: Verdict
    made: Mapping[str, Made]
    forecasts: list[Forecast]
    no_balance: str


def make(
    store: Store,
    release: Release,
    as_of: date,
    released: date,
    cache: Path,
    previous: Previous | None = None,
    before: Release | None = None,
    overrides: Mapping[str, str] | None = None,
    progress: Progress = silent,
    start: Mapping[str, State] | None = None,
    unlike: Mapping[str, str] | None = None,
) -> Draft:
    """Forecast every series of a release, let gates judge, and let what they block fall to its next rung.

    ``previous`` is the last edition and ``before`` the release behind it, from which fallbacks come; ``start`` says how
    series stood in an edition that is made again, so that a fit that failed then is not tried now; ``unlike`` which
    champions may not forecast, and why (:func:`forecasting.publishing.golden.refused`). The verdict may still hold the
    edition back; see :func:`require_publishable`.
    """
    bench = Bench.of(store, release, as_of)
    fits = Fits(cache, store, release, as_of)
    ladder = Ladder(bench, store.catalogue.publication.job, fits, previous, before, progress, start, unlike)
    refused: dict[str, str] = {}
    while True:
        draft = _draft(bench, ladder, refused, released, previous, overrides or {})
        blocked = _blocked(draft)
        if not blocked:
            return draft
        for id, said in blocked.items():
            structlog.get_logger().warning("a gate refused", series=id, gate=said.gate, why=said.text)
        why = {id: f"gate {said.gate}: {said.text}" for id, said in blocked.items()}
        ladder.drop({id: text for id, text in why.items() if id in ladder.made})
        refused |= {id: text for id, text in why.items() if id not in ladder.made}


def _blocked(draft: Draft) -> dict[str, Objection]:
    """The first objection to each series that is still forecast."""
    found: dict[str, Objection] = {}
    for one in sorted(draft.verdict.standing("block"), key=lambda one: one.series):
        state = draft.candidate.states.get(one.series)
        if state is not None and state.standing != "withheld":
            found.setdefault(one.series, one)
    return found


def _draft(
    bench: Bench,
    ladder: Ladder,
    refused: Mapping[str, str],
    released: date,
    previous: Previous | None,
    overrides: Mapping[str, str],
) -> Draft:
    store = bench.store
    catalogue, known = store.catalogue, store.as_of(bench.as_of)
    standing = states({id: one.state for id, one in ladder.made.items()}, catalogue, refused)
    gone = {id for id, state in standing.items() if state.standing == "withheld"}
    stale = {id for id, state in standing.items() if state.standing == "stale"}
    found = {
        id: one.forecast for id, one in ladder.made.items() if one.forecast is not None and id not in gone
    }
    forecasts = [
        left for one in joined(bench, found, frozenset(stale)) if (left := _without(one, gone)) is not None
    ]
    if not forecasts:
        why = "; ".join(f"{id}: {state.reason}" for id, state in standing.items())
        raise HeldBack(f"held back, the last good edition stays: no series could be forecast ({why[:2000]})")
    table = ordered(rows_again(tabulate(forecasts), previous, stale))
    seed = bench.release.experiments[0].seed
    lacking = missing_from_balance(standing, catalogue)
    balance: dict[str, pd.DataFrame] = {}
    no_balance = ""
    if lacking:
        no_balance = f"The balance is withheld: it needs {', '.join(lacking)}, withheld in this edition."
    elif (catalogue.root / FILE).is_file():
        opened = open_balance(catalogue, known, forecasts, seed, released)
        found_tables = tables(opened, catalogue, known, forecasts, released)
        balance = {name: one for name, one in found_tables.items() if len(one.columns)}
    candidate = Candidate(
        table,
        balance,
        certificates(bench.release, ladder.made, standing),
        standing,
        catalogue,
        known,
        bench.as_of,
        released,
        previous,
    )
    return Draft(candidate, judge(candidate, overrides), dict(ladder.made), forecasts, no_balance)


def _without(forecast: Forecast, gone: set[str]) -> Forecast | None:
    left = [id for id in forecast.ids if id not in gone]
    return forecast.only(*left) if left else None


def require_publishable(draft: Draft) -> None:
    """Raise :class:`HeldBack` when a gate holds the edition, a critical series fails, or too few others are ok."""
    publication, found = draft.candidate.catalogue.publication, draft.candidate.states
    holding = _holding(draft)
    lines = [f"{o.gate}: {f'{o.series} ' if o.series else ''}{o.text}" for o in holding]
    if any(o.gate == RETIRED for o in holding):
        lines.insert(
            0,
            f"if series are retired or renamed: --override {RETIRED} --reason TEXT, once; else promote them",
        )
    for id in publication.critical:
        state = found.get(id, State(id, "withheld", "", "no experiment forecasts it"))
        if state.standing not in ("ok", "degraded"):
            lines.append(f"critical series {id} is {state.standing}: {state.reason}")
    others = [state for id, state in found.items() if id not in publication.critical]
    good = sum(state.standing == "ok" for state in others)
    if others and good < publication.job.least_ok * len(others):
        failed = ", ".join(sorted(state.series for state in others if state.standing != "ok"))
        lines.append(
            f"{good} of {len(others)} other series are ok, fewer than {publication.job.least_ok:.0%}: {failed}"
        )
    if lines:
        shown = [*lines[:12], *([f"… and {len(lines) - 12} more"] if len(lines) > 12 else [])]
        raise HeldBack("held back, the last good edition stays:\n  " + "\n  ".join(shown))


def _holding(draft: Draft) -> list[Objection]:
    """What holds the whole edition: a ``block`` as well when no series that can fall is named."""
    states = draft.candidate.states
    return [
        *draft.verdict.standing("hold"),
        *(o for o in draft.verdict.standing("block") if o.series not in states),
    ]
