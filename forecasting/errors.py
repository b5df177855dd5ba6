"""Every error this package raises on purpose, and the exit code each one ends with.

::

    ForecastingError                1   a bug, unless a subclass says otherwise
    ├── UsageError                  2   the command line asks for something impossible
    ├── HeldBack                    4   gates held the edition back; the last good one stays
    ├── DataError                  65   the data contract is broken
    │   ├── NothingKnown                no observation that a model may fit, or none yet on that day
    │   ├── PeriodError                 unlike periods meet, or a label is not a period
    │   ├── UnitError                   unlike units meet
    │   └── Refusal                     a model declines a series, by name and with its reason
    ├── InputMissing               66   a file or folder that must be there is not
    ├── ServiceAway                69   a server does not answer
    ├── CannotCreate               73   an output cannot be created
    ├── CannotWrite                74   an output cannot be written to its end
    ├── Locked                     75   another publisher is at work; try later
    ├── OutOfTime                  75   the deadline passed before anything was published; try later
    └── ConfigError                78   a configuration file is wrong

A :class:`Fault` says where, what was found, and what to do. Errors that come from files carry all the
faults of that file, not the first one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where it is, what was found there, and what to do about it.

    >>> print(Fault("ev.csv:3", "value '53,748' has a thousands separator", "write 53748"))
    ev.csv:3: value '53,748' has a thousands separator; write 53748
    """

    where: str
    found: str
    do: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; {self.do}"


class ForecastingError(Exception):
    """The root of the tree; carries its faults and the exit code of its kind.

    >>> DataError("a fault", [Fault("a:1", "no unit", "add one")]).faults[0].where
    'a:1'
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        self.faults = list(faults)
        self.message = message
        super().__init__("\n".join([message, *(f"  {fault}" for fault in self.faults)]))


class UsageError(ForecastingError):
    exit_code = 2


class HeldBack(ForecastingError):
    exit_code = 4


class DataError(ForecastingError):
    exit_code = 65


class NothingKnown(DataError):
    """No observation that a model may fit was known; at an early origin that is no fault."""


class PeriodError(DataError, ValueError):
    pass


class UnitError(DataError, ValueError):
    pass


class Refusal(DataError):
    """A model declines a series; the message starts with the model's name.

    ``series`` has the words by series where they are of these alone, and the rest of a panel could be fitted.
    """

    def __init__(
        self, message: str, faults: Iterable[Fault] = (), series: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, faults)
        self.series = dict(series or {})

    @classmethod
    def of(cls, series: Mapping[str, str]) -> Self:
        """Of some series of a panel, each with its words."""
        return cls("; ".join(series.values()), series=series)


class InputMissing(ForecastingError):
    exit_code = 66


class ServiceAway(ForecastingError):
    exit_code = 69


class CannotCreate(ForecastingError):
    exit_code = 73


class CannotWrite(ForecastingError):
    exit_code = 74


class Locked(ForecastingError):
    exit_code = 75


class OutOfTime(ForecastingError):
    exit_code = 75


class ConfigError(ForecastingError):
    exit_code = 78


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice for a misspelt name: the nearest known one, or the list when nothing is near.

    >>> nearest("prophett", ["prophet", "ets"])
    "did you mean 'prophet'?"
    >>> nearest("zzz", ["prophet", "ets"])
    'use one of: ets, prophet'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    shown = ", ".join(names[:12]) + (f" … ({len(names)} in all)" if len(names) > 12 else "")
    return f"use one of: {shown}"
