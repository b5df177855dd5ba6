"""Files that commands write where the command line says."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import typer


def creatable(path: Path) -> None:
    """Make sure before long work that a file can be written, and leave nothing behind.

    Raises :class:`~forecasting.errors.CannotCreate` as :func:`write` does.
    """
    path = path.resolve()
    new = not path.exists()
    with _opened(path, "ab"):
        pass
    if new:
        path.unlink()


def write(path: Path, content: bytes) -> None:
    """Write a file and say so on standard output.

    Raises :class:`~forecasting.errors.CannotCreate` where there can be no such file.
    """
    with _opened(path, "wb") as file:
        file.write(content)
    typer.echo(path)


def _opened(path: Path, mode: str) -> IO[bytes]:
    from forecasting.errors import CannotCreate

    try:
        return path.open(mode)
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be written ({error.strerror}); name another file") from None
