"""The answer in sentences: the gap, how surely something is lacking, the year it closes, what moved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from forecasting.reports.format import Numbers, chance_text, unit_short
from forecasting.reports.language import Words
from forecasting.reports.words import verbal

Row = Mapping[str, Any]


def says(
    row: Row, numbers: Numbers, words: Words, gaps: Sequence[str] = ("home", "market")
) -> tuple[str, ...]:
    """What one headline row of the scenarios says, most important first."""
    lines = [_gap(row, gap, numbers, words) for gap in gaps]
    lines.append(_closing(row, words))
    needed = float(row["needed_80_market"])
    if needed > 0:
        lines.append(words.say("says.needed", when=str(row["period"]), needed=numbers.forecast(needed)))
    return tuple(lines)


def _gap(row: Row, gap: str, numbers: Numbers, words: Words) -> str:
    median = float(row[f"gap_{gap}_median"])
    chance = float(row[f"p_shortage_{gap}"])
    return words.say(
        f"says.{gap}.{'lack' if median > 0 else 'spare'}",
        when=str(row["period"]),
        median=numbers.forecast(abs(median)),
        low=numbers.forecast(float(row[f"gap_{gap}_low_80"])),
        high=numbers.forecast(float(row[f"gap_{gap}_high_80"])),
        verbal=words[verbal(chance)],
        p=words.percent(chance_text(chance)),
    )


def year_or_none(value: object) -> str:
    """A year as it stands in the table; empty when the gap never closes.

    >>> year_or_none("FY2029"), year_or_none(""), year_or_none(float("nan"))
    ('FY2029', '', '')
    """
    return value if isinstance(value, str) else ""


def _closing(row: Row, words: Words) -> str:
    stays, once, sure = (
        year_or_none(row[f"{name}_market"]) for name in ("stays_closed_p50", "closes_p50", "closes_p80")
    )
    if not stays:
        said = words.say("says.once", year=once) if once else ""
        return words.say("says.never", when=str(row["period"]), once=said)
    how = words.say("says.sure", year=sure) if sure else words["says.unsure"]
    return words.say("says.closes", year=stays, sure=how)


def moved(changes: pd.DataFrame, numbers: Numbers, words: Words, most: int = 6) -> tuple[str, ...]:
    """What moved since the last edition and why, in the order of the table; each sentence names every cause, the
    largest first."""
    if not len(changes):
        return (words["says.nochange"],)
    return tuple(
        _change("says.change", group, numbers, words)
        for _, group in list(changes.groupby(["about", "period"], sort=False))[:most]
    )


def moved_gaps(
    changes: pd.DataFrame, nodes: Mapping[str, str], scenario: str, numbers: Numbers, words: Words
) -> tuple[str, ...]:
    """What moved the gaps of one scenario since the last edition; ``nodes`` are their ids by ``home`` and ``market``.

    A gap that did not move, or of which the last edition said nothing, has no sentence.
    """
    found = []
    for gap, node in nodes.items():
        group = changes[changes["about"] == f"{scenario}.{node}"]
        if len(group):
            found.append(_change(f"says.moved.{gap}", group, numbers, words))
    return tuple(found)


def _change(key: str, group: pd.DataFrame, numbers: Numbers, words: Words) -> str:
    first = group.iloc[0]
    before, after = float(first["before"]), float(first["after"])
    amounts = sorted(
        ((str(row["cause"]), float(row["amount"])) for row in group.to_dict("records")),
        key=lambda one: -abs(one[1]),
    )
    return words.say(
        key,
        title=str(first["title"]),
        when=str(first["period"]),
        after=numbers.forecast(after),
        before=numbers.forecast(before),
        unit=unit_short(str(first["unit"])),
        amount=numbers.signed(after - before),
        causes=", ".join(
            f"{words.get(f'cause.{cause}', cause)} {numbers.signed(amount)}" for cause, amount in amounts
        ),
    )
