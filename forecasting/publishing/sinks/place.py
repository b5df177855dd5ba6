"""Which folder a site may take: a new one, an empty one, or one that holds an earlier site and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from forecasting.errors import ConfigError
from forecasting.publishing.edition import LATEST, MANIFEST

PARTS = frozenset({"index.html", "feed.xml", "latest.json", "chart.svg", "hub", "latest"})
_DELIVERED = re.compile(r"\..+-[0-9a-f]{16}")


def inside_edition(place: Path) -> Path | None:
    """The edition whose folder a place is or lies in, by its real path."""
    real = place.resolve()
    return next((up for up in (real, *real.parents) if (up / MANIFEST).is_file()), None)


def objection(place: Path) -> str:
    """Why a site must not be put where a place is, in words that follow its name; empty when it may.

    It may where nothing lies, and replace an empty folder or a site; what anybody else put there is not removed.
    """
    if edition := inside_edition(place):
        return f"belongs to the edition {edition}"
    if not place.exists():
        return ""
    if not place.is_dir():
        return "is a file"
    names = sorted(path.name for path in place.iterdir())
    editions = [name for name in names if (place / name / MANIFEST).is_file()]
    foreign = [name for name in names if name not in PARTS and name not in editions]
    if not foreign and ("index.html" not in names or not (editions or "feed.xml" in names)):
        foreign = names
    more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
    return f"is no site of editions (it holds {', '.join(foreign[:3])}{more})" if foreign else ""


def require_place(sink: str, place: Path, root: Path, others: Mapping[str, Path]) -> None:
    """Raise :class:`ConfigError` unless a sink may swap sites at a place; ``others`` are those of other sinks.

    A folder of somebody's own, a link no delivery made and whatever belongs to the editions below ``root`` stay.
    """
    if why := _taken(place, root, others):
        raise ConfigError(f"sink {sink}: {place} {why}; name another folder in publication.yaml")


def _taken(place: Path, root: Path, others: Mapping[str, Path]) -> str:
    real = place.parent.resolve() / place.name
    for name, other in others.items():
        theirs = other.parent.resolve() / other.name
        if real.is_relative_to(theirs) or theirs.is_relative_to(real):
            return f"and {other}, the folder of sink {name}, are one or lie in each other"
    if real == root.resolve() / LATEST:
        return "is where the pointer to the latest edition lies"
    if place.is_symlink():
        if delivered(place):
            return ""
        return f"is a link to {place.readlink()}, which no delivery made (remove it to deliver here)"
    aside = put_aside(place)
    if place.exists() and aside.exists():
        return f"is a folder, and {aside} holds the one put aside before (remove either to deliver here)"
    return objection(place)


def delivered(place: Path) -> bool:
    """Whether a place is the link a delivery made."""
    target = place.readlink() if place.is_symlink() else Path()
    return target.parent == Path() and bool(_DELIVERED.fullmatch(target.name))


def put_aside(place: Path) -> Path:
    """Where a folder that lies at the place of a site goes before the first delivery."""
    return place.with_name(f".{place.name}-before")
