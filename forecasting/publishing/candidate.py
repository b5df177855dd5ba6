"""What gates judge: an edition about to be published, beside the one it would follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.frames import Observations

Severity = Literal["block", "hold", "warn"]
Standing = Literal["ok", "degraded", "stale", "withheld"]


@dataclass(frozen=True)
class Previous:
    """The last good edition: its id, folder, tables, the observations it knew, and its two dates.

    ``table`` has the columns of ``forecasts.csv``; ``states`` those of ``states.csv``; ``balance`` the tables of
    its balance folder by name.
    """

    edition: str
    folder: Path
    released: date
    as_of: date
    table: pd.DataFrame
    states: pd.DataFrame
    balance: Mapping[str, pd.DataFrame]
    known: Observations


@dataclass(frozen=True)
class State:
    """How a series stands in an edition.

    ``ok``: its champion's forecast. ``degraded``: a named fallback's. ``stale``: the values of an earlier
    edition, whose id is the ``vintage``. ``withheld``: none, nor any aggregate it is part of. ``reason`` says why it
    is not ok.
    """

    series: str
    standing: Standing
    model: str
    reason: str = ""
    vintage: str = ""


def states_of(folder: Path) -> dict[str, State]:
    """The states of an edition; none for one from before editions told them."""
    path = folder / "states.csv"
    if not path.is_file():
        return {}
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    return {row["series"]: State(**{str(name): cell for name, cell in row.items()}) for row in rows}


@dataclass(frozen=True)
class Candidate:
    """An edition about to be published.

    ``table`` has one row a series, period and quantile (columns of ``forecasts.csv``), ``certificates`` one row a
    series, ``balance`` the balance's tables by name; ``known`` are the observations as of ``as_of``, ``released``
    is the date the edition bears, ``previous`` the last good edition or None for the first.
    """

    table: pd.DataFrame
    balance: Mapping[str, pd.DataFrame]
    certificates: pd.DataFrame
    states: Mapping[str, State]
    catalogue: Catalogue
    known: Observations
    as_of: date
    released: date
    previous: Previous | None = None


@dataclass(frozen=True)
class Objection:
    """What a gate has against a candidate; ``series`` is empty when it concerns the whole edition.

    ``block`` rejects the forecast of one series, which falls to its next fallback; ``hold`` keeps the whole edition
    back; ``warn`` is published beside the numbers. ``overridden`` is the reason somebody gave to publish anyway.
    """

    gate: str
    severity: Severity
    text: str
    series: str = ""
    overridden: str = ""


@dataclass(frozen=True)
class Verdict:
    """The objections of all gates, those overridden included."""

    objections: tuple[Objection, ...] = field(default=())

    def standing(self, severity: Severity) -> tuple[Objection, ...]:
        """The objections of a severity nobody overrode."""
        return tuple(o for o in self.objections if o.severity == severity and not o.overridden)
