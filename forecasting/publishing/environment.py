"""What a computation ran on: the code, Python and the libraries whose versions can move a number or a byte."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = (
    "jinja2", "matplotlib", "numpy", "pandas", "prophet", "pyarrow", "scikit-learn", "scipy", "statsforecast",
    "statsmodels", "typst", "xlsxwriter",
)  # fmt: skip


def environment() -> dict[str, Any]:
    """The SHA-256 of the package's files, the version of Python, and those of :data:`LIBRARIES`."""
    return {
        "code": package_digest(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


@cache
def package_digest() -> str:
    """The SHA-256 over every file of the package, by name and content; what Python compiled does not count."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def environment_changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two environments, a phrase each.

    >>> was = {"code": "a" * 64, "python": "3.11.7", "libraries": {"numpy": "2.1.0"}}
    >>> environment_changes(was, {**was, "python": "3.12.1", "libraries": {"numpy": "2.2.0"}})
    ['python 3.11.7 then, 3.12.1 now', 'numpy 2.1.0 then, 2.2.0 now']
    """
    pairs = [("the code", str(then.get("code", "unknown"))[:12], str(now.get("code", "unknown"))[:12])]
    pairs.append(("python", str(then.get("python", "unknown")), str(now.get("python", "unknown"))))
    before, after = then.get("libraries", {}), now.get("libraries", {})
    names = sorted({*before, *after})
    pairs += [(name, before.get(name, "unknown"), after.get(name, "none")) for name in names]
    return [f"{name} {was} then, {here} now" for name, was, here in pairs if was != here]
