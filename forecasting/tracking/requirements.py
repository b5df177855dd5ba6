"""What a registered model needs to answer: this package and all it depends on, pinned as they are installed."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from forecasting.models.libraries import LIBRARIES

PACKAGE = "forecasting"


@cache
def requirements() -> tuple[str, ...]:
    """Lines of a requirements file for this platform, in the order of their names.

    Read from what is installed, which the lock put there; nothing is imported or run. A library that is not
    installed is left out, and the package itself has no version where it is run from its sources alone.

    >>> [line.split("==")[0] for line in requirements() if line.startswith(("numpy", "statsmodels"))]
    ['numpy', 'statsmodels']
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {PACKAGE: PACKAGE}
    waiting = [Requirement(name) for name in (PACKAGE, *LIBRARIES)]
    asked: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name, extras = canonicalize_name(one.name), frozenset(one.extras)
        installed = None if (name, extras) in asked else _installed(name)
        asked.add((name, extras))
        if installed is None:
            continue
        found[name] = f"{name}=={installed.version}"
        needed = map(Requirement, installed.requires or ())
        waiting += [
            need
            for need in needed
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        ]
    return tuple(found[name] for name in sorted(found))


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
