"""Dated policy events, and what was known of them on a day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, model_validator

from forecasting.catalogue.records import SourceId, Strict
from forecasting.periods import Kind, Period

Day = date  # records have fields of the name `date`


class Effect(Strict):
    """The size of an event's effect as a range of fractions of the level it touches."""

    low: float
    central: float
    high: float
    unit: Literal["fraction"] = "fraction"


class KnownEnd(Strict):
    """The last month of an event, or None for no end in sight, as known from a day on.

    Without a day an end counts as known from the day after it: whoever saw the event over by then saw no future.
    """

    end: str | None
    known: date | None = None
    source: SourceId | None = None
    note: str = ""

    @property
    def since(self) -> date:
        """The day from which this end counts as known."""
        if self.known is not None or self.end is None:
            return self.known or date.min
        return Period.parse(self.end).end + timedelta(days=1)

    @model_validator(mode="after")
    def _dated(self) -> KnownEnd:
        if self.end is not None:
            _month(self.end)
        elif self.known is None:
            raise ValueError(
                "an end that is null needs the day it became known; leave it out or give `known`"
            )
        return self


class Event(Strict):
    """A dated policy event: what it touches, in which direction, from when, and how surely.

    ``known`` is the day from which the record, with its start, could be written, where that is not its ``date``.
    ``ends`` are its ends in the order they became known, the last being today's; ``end: 2024-03`` is short for one
    end whose day is not documented.

    >>> event = Event(title="t", date=date(2024, 10, 1), touches=("x",), direction="up", start="2024-10",
    ...               ends=({"known": date(2025, 8, 7), "end": "2028-03"},), source="s")
    >>> event.end, event.as_of(date(2025, 8, 6)).end, event.as_of(date(2024, 9, 30))
    ('2028-03', None, None)
    """

    title: str
    date: Day
    precision: Literal["day", "month", "approx_month", "year", "reported", "scheduled", "unknown"] = "day"
    known: Day | None = None
    touches: tuple[str, ...]
    direction: Literal["up", "down", "none"]
    start: str
    ramp_months: int = Field(default=0, ge=0)
    ends: tuple[KnownEnd, ...] = ()
    effect: Effect | None = None
    probability: float = Field(default=1.0, ge=0, le=1)
    source: SourceId
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _one_end(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "end" not in given:
            return given
        if "ends" in given:
            raise ValueError("`end` and `ends` say the same; keep `ends`")
        rest = {key: value for key, value in given.items() if key != "end"}
        return rest if given["end"] is None else {**rest, "ends": [{"end": given["end"]}]}

    @model_validator(mode="after")
    def _ordered(self) -> Event:
        start = _month(self.start)
        for one in self.ends:
            if one.end is not None and Period.parse(one.end) < start:
                raise ValueError(f"it ends in {one.end}, before it starts in {self.start}")
        days = [one.since for one in self.ends]
        if any(later <= sooner for sooner, later in pairwise(days)):
            told = ", ".join(map(str, days))
            raise ValueError(f"ends became known on {told}; put them in the order they became known")
        return self

    @property
    def end(self) -> str | None:
        """The last month, as known last; None when no end is known."""
        return self.ends[-1].end if self.ends else None

    @property
    def since(self) -> Day:
        """The day from which the event counts as known: ``known``, or the last day its ``date`` can mean.

        >>> covid = Event(title="t", date=date(2020, 4, 1), precision="month", touches=("x",), direction="down",
        ...               start="2020-04", source="s")
        >>> covid.since
        datetime.date(2020, 4, 30)
        """
        if self.known is not None:
            return self.known
        month = Period.month(self.date.year, self.date.month)
        match self.precision:
            case "month" | "approx_month":
                return month.end
            case "year":
                return (month + 11).end
        return self.date

    def as_of(self, day: Day) -> Event | None:
        """The event as it was known on a day; None before anything was known of it."""
        if day < self.since:
            return None
        return self.model_copy(update={"ends": tuple(one for one in self.ends if one.since <= day)})

    def moved(self, start: str | None, ramp_months: int | None, end: str | None) -> Event:
        """The event with another start, ramp or end; None leaves each as it is."""
        changed: dict[str, Any] = {"start": start, "ramp_months": ramp_months}
        if end is not None:
            changed["ends"] = (KnownEnd(end=end),)
        return self.model_copy(update={key: value for key, value in changed.items() if value is not None})


def _month(label: str) -> Period:
    period = Period.parse(label)
    if period.kind is not Kind.MONTH:
        raise ValueError(f"{label} is not a month")
    return period
