"""Data as fresh as their sources' calendar promises, and no older figure silently another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from forecasting.data.expected import Due, due
from forecasting.periods import Period
from forecasting.publishing.gates.view import Found, View


def freshness(view: View) -> Iterator[Found]:
    """No figure is overdue by its source's calendar, no edition long after the last figure, none from the future."""
    candidate, limit = view.candidate, view.limits.freshness
    if candidate.as_of > candidate.released:
        text = f"the data are as of {candidate.as_of}, after the release on {candidate.released}"
        yield Found("hold", text)
    late = candidate.known.frame["available_at"].astype("datetime64[ns]").dt.date > candidate.as_of
    if late.any():
        first = candidate.known.frame[late].sort_values(["available_at", "series"]).iloc[0]
        known_on = f"{first['available_at']:%Y-%m-%d}"
        text = f"a figure of {first['period']} became known on {known_on}, after {candidate.as_of}"
        yield Found("hold", text, str(first["series"]))
    age = (candidate.released - candidate.as_of).days
    if age > limit.stale_days:
        text = (
            f"no figure became known after {candidate.as_of}, {age} days before the release; "
            f"the limit is {limit.stale_days}"
        )
        yield Found(limit.severity, text)
    for one in overdue(view):
        text = (
            f"{one.family} should have printed {one.expected} by {one.on}; the last figure that "
            f"models may fit is of {one.last}, {one.late} period(s) behind; {one.following} was "
            f"due on {one.next_on}; {limit.grace_days} days of grace have passed"
        )
        yield Found(limit.severity, text, one.series)


def overdue(view: View) -> list[Due]:
    """The series of an edition whose source is late on its day, after the days of grace."""
    candidate = view.candidate
    judged = candidate.released - timedelta(days=view.limits.freshness.grace_days)
    found = []
    for series in sorted(view.present & set(view.catalogue.series)):
        past = view.now.of(series)
        if past.last is None or not past.source:
            continue
        newest = Period(view.catalogue.series[series].kind, past.last)
        expected = due(view.catalogue, series, newest, past.source, judged)
        if expected.late:
            found.append(expected)
    return found


def revision(view: View) -> Iterator[Found]:
    """No figure the previous edition stood on has gone or moved by more than a share."""
    limit = view.limits.revision
    if view.before is None:
        return
    series = {id for shown in view.present for id in view.related(shown)}
    for id in sorted(series):
        now, then = view.now.of(id), view.before.of(id)
        gone = np.setdiff1d(then.ordinals, now.ordinals)
        kind = view.catalogue.series[id].kind
        if len(gone):
            yield Found("hold", f"{len(gone)} figure(s) have gone, first {Period(kind, int(gone[0]))}", id)
        ordinals, mine, theirs = np.intersect1d(now.ordinals, then.ordinals, return_indices=True)
        if not len(ordinals):
            continue
        old, new = then.values[theirs], now.values[mine]
        base = np.maximum(np.abs(old), limit.least * float(np.median(np.abs(old))))
        moved = np.divide(np.abs(new - old), base, out=np.where(new == old, 0.0, np.inf), where=base > 0)
        worst = int(np.argmax(moved))
        if moved[worst] > limit.warn_above:
            held = moved[worst] > limit.hold_above
            text = (
                f"{(moved > limit.warn_above).sum()} figure(s) were revised by more than {limit.warn_above:.0%}, "
                f"most {Period(kind, int(ordinals[worst]))}: from {old[worst]:g} to {new[worst]:g}, "
                f"{moved[worst]:.1%}; {limit.hold_above:.0%} holds"
            )
            yield Found("hold" if held else "warn", text, id)
