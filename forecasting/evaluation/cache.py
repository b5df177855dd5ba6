"""Backtest results kept by content: the same data slice, recipe and origin are never fitted twice."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from forecasting.frames import Array


@cache
def code_digest() -> str:
    """SHA-256 over the sources of the models and the versions of the libraries below them."""
    from importlib.metadata import version

    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted((root / "models").rglob("*")):
        if path.suffix in (".py", ".json", ".npz") and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    for library in ("numpy", "scipy", "statsmodels", "prophet", "scikit-learn", "statsforecast"):
        digest.update(f"{library}=={version(library)}".encode())
    return digest.hexdigest()


def key_of(**parts: Any) -> str:
    """The content address of one fit: everything it depends on, and the code."""
    text = json.dumps({**parts, "code": code_digest()}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """A folder of results by key; a result is a quantile table or the words of a refusal.

    Writes go through a temporary file and a rename, so a killed run leaves whole results only; a damaged file
    reads as absent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Array | str | None:
        path = self.folder / key[:2] / f"{key}.npz"
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as kept:
                return str(kept["refusal"]) if "refusal" in kept else kept["quantiles"].astype(float)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def put(self, key: str, result: Array | str) -> None:
        path = self.folder / key[:2] / f"{key}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{key}-{os.getpid()}.npz")
        if isinstance(result, str):
            np.savez_compressed(temporary, refusal=np.array(result))
        else:
            np.savez_compressed(temporary, quantiles=result)
        temporary.replace(path)
