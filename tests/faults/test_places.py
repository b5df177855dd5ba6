"""The same inputs give the same bytes: another clock, time zone, locale, hash seed, folder, umask, home and user."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import small
from tests.faults.figures import count
from tests.servers import missing

pytestmark = pytest.mark.faults

CLOCKS = ("2027-03-31 23:59:50", "2028-02-29 12:00:00", "2036-11-22 00:00:10")
CAPABLE = [f"--{which}-caps=+dac_read_search" for which in ("inh", "ambient")]  # may read the interpreter
AXES: dict[str, tuple[list[str], dict[str, str]]] = {
    **{f"clock {at}": (["faketime", "-f", f"@{at}"], {}) for at in CLOCKS},
    "time zone": ([], {"TZ": "Pacific/Kiritimati"}),
    "another time zone": ([], {"TZ": "America/St_Johns"}),
    "locale": ([], {"LC_ALL": "C", "LANG": "hi_IN.UTF-8", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "encoding": ([], {"PYTHONIOENCODING": "latin-1", "LC_ALL": "POSIX"}),
    "hash seed": ([], {"PYTHONHASHSEED": "1"}),
    "another hash seed": ([], {"PYTHONHASHSEED": "4242424242"}),
    "umask": (["sh", "-c", 'umask 077; exec "$@"', "sh"], {}),
    "home": ([], {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "USER": "nobody"}),
    "folder": ([], {}),
    "user": (
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *CAPABLE],
        {"HOME": "/nonexistent"},
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places") / "p"
    small.build(root)
    return root


@pytest.fixture(scope="module")
def first(project: Path) -> dict[str, bytes]:
    found = bytes_of(project / "data" / "editions" / "latest")
    assert {"MANIFEST.json", "report.html", "report.pdf", "report.xlsx", "inputs.zip"} <= set(found)
    return found


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def possible(before: list[str]) -> None:
    """Skip, in CI too, where this process may not become another user: that is a right, not a package."""
    tried = subprocess.run(
        [*before, sys.executable, "-c", ""], capture_output=True, text=True, check=False, timeout=60
    )
    if tried.returncode != 0:
        count("places", "user", not_possible=1)
        pytest.skip(f"no other user may be put on here: {tried.stderr.strip()}; ANOTHER USER WAS NOT TESTED")


@pytest.mark.parametrize("axis", AXES)
def test_elsewhere_the_same_bytes(project: Path, first: dict[str, bytes], tmp_path: Path, axis: str) -> None:
    before, environment = AXES[axis]
    if before and shutil.which(before[0]) is None:
        missing(
            f"no {before[0]} on this machine: install Debian's package of that name; {axis} WAS NOT TESTED"
        )
    if axis == "user":
        possible(before)
    out = tmp_path / "editions"
    out.mkdir(mode=0o777)
    out.chmod(0o777)
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run(
        [*before, sys.executable, "-m", "forecasting", *small.PUBLISH, "--out", str(out)],
        cwd=project / "experiments" if axis == "folder" else project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    found = bytes_of(out / "latest")
    assert list(found) == list(first)
    assert [name for name in first if found[name] != first[name]] == []
    count("places", axis.replace(" ", "_").replace(":", ""), places=1, files=len(found), differing=0)
