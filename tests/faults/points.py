"""Every place where a publish changes the disk: recorded once with strace, then broken one at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults import small, warm

CALLS = (
    "write", "pwrite64", "writev", "openat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "symlink",
    "symlinkat", "link", "linkat", "unlink", "unlinkat", "rmdir", "fsync", "fdatasync", "ftruncate", "chmod",
    "fchmod", "fchmodat", "utimensat", "copy_file_range", "sendfile",
)  # fmt: skip
_LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)$")
_ERRORS = {
    "write": ("ENOSPC", "EIO", "EFBIG"),
    "pwrite64": ("ENOSPC", "EIO", "EFBIG"),
    "openat": ("ENOSPC", "EIO"),
    "mkdir": ("ENOSPC", "EIO"),
    "rename": ("ENOSPC", "EIO"),
    "symlink": ("ENOSPC", "EIO"),
    "fsync": ("ENOSPC", "EIO"),
    "ftruncate": ("ENOSPC", "EIO", "EFBIG"),
    "chmod": ("EIO",),
    "unlink": ("EIO",),
    "unlinkat": ("EIO",),
    "rmdir": ("EIO",),
}


@dataclass(frozen=True)
class Point:
    """The ``number``-th call of a kind, which touches ``what``."""

    call: str
    number: int
    what: str

    def kill(self) -> list[str]:
        """strace's options that kill the process at this point."""
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:signal=KILL:when={self.number}"]

    def fail(self, error: str) -> list[str]:
        """strace's options that make this call fail."""
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:error={error}:when={self.number}"]

    @property
    def errors(self) -> tuple[str, ...]:
        return _ERRORS.get(self.call, ("EIO",))


def record(root: Path) -> list[Point]:
    """The points of a clean publish of a project, in order."""
    ended = warm.run([*small.PUBLISH, "--again"], root, ["-e", f"trace={','.join(CALLS)}"])
    assert ended.code == 0, ended.err
    return list(points(ended.trace, root))


def points(trace: str, root: Path) -> Iterator[Point]:
    """The calls of a trace that write below a folder or to its standard output."""
    counted: Counter[str] = Counter()
    for line in trace.splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        call, rest = found.groups()
        counted[call] += 1
        reads = call == "openat" and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", rest)
        if str(root) in rest and not reads:
            yield Point(call, counted[call], rest[:200])
