"""What every importer shares: the rows it reads, what it leaves out and why, and names that must be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from forecasting.catalogue import Status
from forecasting.data.importers.reading import Raw, number_of
from forecasting.errors import DataError, Fault, nearest


@dataclass(frozen=True)
class Figure:
    """One figure as a publisher prints it, in the unit of our series.

    ``known`` is the day the file itself says it became known; None where the source or the importing person must say.
    """

    series: str
    period: str
    value: float
    source: str
    status: Status = "actual"
    note: str = ""
    known: date | None = None


@dataclass
class Reading:
    """The figures of a file, what was left out (reason: how often), and every fault met on the way."""

    raw: Raw
    figures: list[Figure] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def known(self, where: str, what: str, name: str, names: Mapping[str, str | None]) -> str | None:
        """Our name for a publisher's name; None, counted, when it is known and left out.

        A name nobody decided about is a fault with the nearest known one.
        """
        if name not in names:
            self.faults.append(
                Fault(f"{self.raw.name}{where}", f"unknown {what} {name!r}", nearest(name, names))
            )
            return None
        if names[name] is None:
            self.left_out[f"{what} {name}"] += 1
        return names[name]

    def number(
        self, where: str, text: str | float | int | bool | None, *, floor: float | None = 0.0
    ) -> float | None:
        """The number of a field; a fault when it is none or below the floor, None when unknown."""
        try:
            value = number_of(text)
        except ValueError as error:
            self.faults.append(
                Fault(f"{self.raw.name}{where}", str(error), "mend the file or leave the row out")
            )
            return None
        if value is not None and floor is not None and value < floor:
            found = f"{text!r} is below {floor:g}"
            self.faults.append(
                Fault(f"{self.raw.name}{where}", found, "a quantity cannot be negative: check the file")
            )
            return None
        return value

    def done(self) -> Reading:
        """The reading, if it has no fault; one :class:`DataError` with all of them otherwise."""
        if self.faults:
            raise DataError(f"{self.raw.name}: {len(self.faults)} fault(s), nothing is imported", self.faults)
        if not self.figures and not self.left_out:
            raise self.raw.refuse("no figure was found", "name the importer this file is for")
        seen: dict[tuple[str, str, str, date | None], float] = {}
        for one in self.figures:
            key = (one.series, one.period, one.source, one.known)
            if seen.setdefault(key, one.value) != one.value:
                found = f"{one.series} {one.period} stands twice, {seen[key]:g} and {one.value:g}"
                self.faults.append(Fault(self.raw.name, found, "keep one"))
        if self.faults:
            raise DataError(f"{self.raw.name}: {len(self.faults)} fault(s), nothing is imported", self.faults)
        return self


Read = Callable[[Raw], Reading]


@dataclass(frozen=True)
class Importer:
    """One format: what it is, whose, the source its figures belong to unless another is named, and how to read it.

    ``sources`` are the default source ids; ``real`` says whether it was built from a real file of the publisher or
    from the published format alone.
    """

    title: str
    read: Read
    sources: tuple[str, ...]
    real: bool = True
