"""An error of the disk in words: the place, what to do about it, and an exit code."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from forecasting.errors import CannotCreate, CannotWrite, ForecastingError, InputMissing

_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def in_words(
    error: OSError, otherwise: Path | str, inputs: Sequence[Path] = (), outputs: Sequence[Path] = ()
) -> ForecastingError:
    """What to tell of an error; ``otherwise`` is the place of one that names none.

    What may not be read is :class:`InputMissing`: a file that is there and closed to this account, or anything below
    the folders of ``inputs`` and not below those of ``outputs``. What else is forbidden is :class:`CannotCreate`, the
    rest :class:`CannotWrite`.

    >>> said = in_words(OSError(errno.ENOSPC, "No space left on device", "/x"), "/y")
    >>> print(said.exit_code, said)
    74 /x: No space left on device; free space or mend the disk, and run again
    """
    where, why = error.filename or otherwise, error.strerror or error
    if error.errno not in _FORBIDDEN:
        return CannotWrite(f"{where}: {why}; free space or mend the disk, and run again")
    path = Path(os.fsdecode(where)).absolute()
    if (_below(path, inputs) and not _below(path, outputs)) or _closed(path):
        return InputMissing(f"{where}: {why}; let the account that runs this read it")
    return CannotCreate(f"{where}: {why}; let the account that runs this read and write here")


def _below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder.absolute()) for folder in folders)


def _closed(path: Path) -> bool:
    return os.access(path, os.F_OK) and not os.access(path, os.R_OK)
