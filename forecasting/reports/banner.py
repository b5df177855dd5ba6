"""What the banner says, as data: the status of an edition, and every remark once with the series it concerns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """How a series stands (ok, degraded, stale, withheld), the model published, why, and the edition of its values."""

    level: str
    model: str
    reason: str
    vintage: str


@dataclass(frozen=True)
class Remark:
    """One thing to know of several series: what, more of it, and each series by title, link and its own detail."""

    text: str
    more: str
    series: tuple[tuple[str, str, str], ...]
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Banner:
    """The status of the edition: ``level`` picks the colour, words carry the meaning.

    ``reasons`` hold for the whole edition, ``fallen`` are the series without the forecast they should have, ``remarks``
    what else is to be known of single series, told in short by ``summary``.
    """

    level: str
    word: str
    text: str
    reasons: tuple[str, ...]
    fallen: tuple[Remark, ...] = ()
    remarks: tuple[Remark, ...] = ()
    summary: str = ""
