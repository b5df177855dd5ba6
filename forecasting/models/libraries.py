"""The libraries whose versions can move a forecast."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "coreforecast", "numpy", "pandas", "prophet", "scikit-learn", "scipy", "statsforecast", "statsmodels"
)  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """Python's and each library's version as installed; a library that is not installed is left out.

    >>> sorted(versions())[:2]
    ['coreforecast', 'numpy']
    """
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
