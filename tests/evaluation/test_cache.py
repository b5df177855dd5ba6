"""What fits are keyed by is the code that runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SCRIPT = """
from pathlib import Path
from forecasting.evaluation import cache, fits
naive = Path("forecasting/models/naive.py")
naive.write_text(naive.read_text() + "EDITED = True\\n")
print(cache.code_digest(), fits.fit_digest())
print(cache.code_digest.__wrapped__(), fits.fit_digest.__wrapped__())
"""


def test_a_file_edited_after_the_code_was_read_says_nothing_about_what_runs(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "forecasting", tmp_path / "forecasting", ignore=ignored)
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True
    )
    read, edited = (line.split() for line in ran.stdout.splitlines())
    assert read[0] != edited[0]
    assert len({*read, *edited}) == 3, "the digest of a fit follows that of the models, as it was read"
