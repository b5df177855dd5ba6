"""Months, quarters, Indian fiscal years and calendar years as types that never mix by accident.

An Indian fiscal year runs from April to March and is named by the year it ends in: FY2025 is April 2024
to March 2025. Comparing, subtracting or ordering periods of unlike kinds raises
:class:`~forecasting.errors.PeriodError`; the bridge between kinds is the months a period holds
(:meth:`Period.months`, :meth:`Period.to`).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from forecasting.errors import PeriodError


class Kind(StrEnum):
    """The kinds of period; the value is what stands in files."""

    MONTH = "month"
    QUARTER = "quarter"
    FY = "FY"
    CY = "CY"

    @property
    def per_year(self) -> int:
        """Periods in a year, which is also the seasonal length.

        >>> Kind.MONTH.per_year, Kind.FY.per_year
        (12, 1)
        """
        return {Kind.MONTH: 12, Kind.QUARTER: 4, Kind.FY: 1, Kind.CY: 1}[self]


_PATTERNS = {
    Kind.MONTH: re.compile(r"(\d{4})-(0[1-9]|1[0-2])"),
    Kind.QUARTER: re.compile(r"(\d{4})-Q([1-4])"),
    Kind.FY: re.compile(r"FY(\d{4})"),
    Kind.CY: re.compile(r"CY(\d{4})"),
}


@dataclass(frozen=True)
class Period:
    """One month, quarter, fiscal year or calendar year: a kind and its running number.

    >>> Period.parse("FY2025").start, Period.parse("FY2025").end
    (datetime.date(2024, 4, 1), datetime.date(2025, 3, 31))
    >>> Period.parse("2024-12") + 1
    Period('2025-01')
    >>> Period.parse("CY2024") < Period.parse("FY2025")
    Traceback (most recent call last):
    ...
    forecasting.errors.PeriodError: CY2024 and FY2025 are unlike periods; name a bridge, for example Period.to
    """

    kind: Kind
    ordinal: int

    @classmethod
    def parse(cls, label: str) -> Period:
        """The period a label names: ``2025-03``, ``2025-Q1``, ``FY2025`` or ``CY2024``.

        Raises :class:`~forecasting.errors.PeriodError` for anything else.
        """
        for kind, pattern in _PATTERNS.items():
            match = pattern.fullmatch(label)
            if match:
                year, part = int(match[1]), int(match[2]) if pattern.groups == 2 else 1
                return cls(kind, year * kind.per_year + part - 1)
        raise PeriodError(
            f"{label!r} is not a period; write a month as 2025-03, a quarter as 2025-Q1, "
            "a fiscal year as FY2025 or a calendar year as CY2024"
        )

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        return cls(Kind.MONTH, year * 12 + month - 1)

    @classmethod
    def containing(cls, day: date, kind: Kind) -> Period:
        """The period of a kind that holds a day.

        >>> Period.containing(date(2025, 3, 31), Kind.FY)
        Period('FY2025')
        """
        return cls.month(day.year, day.month).to(kind)

    @property
    def year(self) -> int:
        """The year in the label."""
        return self.ordinal // self.kind.per_year

    @property
    def part(self) -> int:
        """Position inside the year, counted from 1 (the month number for months)."""
        return self.ordinal % self.kind.per_year + 1

    @property
    def _first_month(self) -> int:
        match self.kind:
            case Kind.MONTH:
                return self.ordinal
            case Kind.QUARTER:
                return self.ordinal * 3
            case Kind.FY:
                return (self.ordinal - 1) * 12 + 3
            case Kind.CY:
                return self.ordinal * 12

    def months(self) -> list[Period]:
        """The months it holds, in order.

        >>> [str(month) for month in Period.parse("2024-Q4").months()]
        ['2024-10', '2024-11', '2024-12']
        """
        first, count = self._first_month, 12 // self.kind.per_year
        return [Period(Kind.MONTH, first + i) for i in range(count)]

    def to(self, kind: Kind) -> Period:
        """The period of a longer (or the same) kind that this one lies in.

        >>> Period.parse("2025-03").to(Kind.FY), Period.parse("2025-04").to(Kind.FY)
        (Period('FY2025'), Period('FY2026'))
        """
        month = self._first_month
        number = {
            Kind.MONTH: month,
            Kind.QUARTER: month // 3,
            Kind.FY: (month - 3) // 12 + 1,
            Kind.CY: month // 12,
        }[kind]
        longer = Period(kind, number)
        if self.months()[-1] not in longer.months():
            raise PeriodError(f"{self} does not lie inside one {kind} period")
        return longer

    @property
    def start(self) -> date:
        return date(self._first_month // 12, self._first_month % 12 + 1, 1)

    @property
    def end(self) -> date:
        last = self.months()[-1].ordinal
        year, month = last // 12, last % 12 + 1
        return date(year, month, calendar.monthrange(year, month)[1])

    def _like(self, other: object) -> Period:
        if not isinstance(other, Period):
            raise PeriodError(f"{self} is a period and {other!r} is not")
        if other.kind is not self.kind:
            raise PeriodError(f"{self} and {other} are unlike periods; name a bridge, for example Period.to")
        return other

    def __add__(self, steps: int) -> Period:
        return Period(self.kind, self.ordinal + steps)

    def __sub__(self, other: Period) -> int:
        """Steps from another period of the same kind to this one."""
        return self.ordinal - self._like(other).ordinal

    def __lt__(self, other: Period) -> bool:
        return self.ordinal < self._like(other).ordinal

    def __le__(self, other: Period) -> bool:
        return self.ordinal <= self._like(other).ordinal

    def __gt__(self, other: Period) -> bool:
        return self.ordinal > self._like(other).ordinal

    def __ge__(self, other: Period) -> bool:
        return self.ordinal >= self._like(other).ordinal

    def __str__(self) -> str:
        match self.kind:
            case Kind.MONTH:
                return f"{self.year:04d}-{self.part:02d}"
            case Kind.QUARTER:
                return f"{self.year:04d}-Q{self.part}"
            case _:
                return f"{self.kind}{self.year:04d}"

    def __repr__(self) -> str:
        return f"Period({str(self)!r})"


def span(first: Period, last: Period) -> Iterator[Period]:
    """Every period from the first to the last, both included.

    >>> [str(p) for p in span(Period.parse("FY2024"), Period.parse("FY2026"))]
    ['FY2024', 'FY2025', 'FY2026']
    """
    return (first + i for i in range(last - first + 1))
