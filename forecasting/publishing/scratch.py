"""Where a run and everything it starts put temporary files: one private folder, gone with the run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch(within: Path | None = None) -> Iterator[Path]:
    """A private folder that is the place for temporary files of this process and its children.

    Below an editions folder its name marks it as staging, so that the next run sweeps what a killed one left.
    """
    folder = Path(tempfile.mkdtemp(prefix=".staging-tmp-", dir=within))
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable
        shutil.rmtree(folder, ignore_errors=True)
