"""Every place where a publish changes the disk: recorded once with strace, then broken one at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults import warm

CALLS = (
    "write", "pwrite64", "writev", "openat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "symlink",
    "symlinkat", "link", "linkat", "unlink", "unlinkat", "rmdir", "fsync", "fdatasync", "ftruncate", "chmod",
    "fchmod", "fchmodat", "utimensat", "copy_file_range", "sendfile",
)  # fmt: skip
_LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)$")
_VARIES = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}|tmp-\w{8}|inputs-\w{8}|[0-9a-f]{64}|(?<=[-.])\d+")
_ERRORS = {
    "write": ("ENOSPC", "EIO", "EFBIG"),
    "pwrite64": ("ENOSPC", "EIO", "EFBIG"),
    "ftruncate": ("EIO", "EFBIG"),
    "openat": ("ENOSPC", "EIO"),
    "mkdir": ("ENOSPC", "EIO"),
    "rename": ("ENOSPC", "EIO"),
    "symlink": ("ENOSPC", "EIO"),
    "fsync": ("ENOSPC", "EIO"),
}


@dataclass(frozen=True)
class Point:
    """The ``number``-th call of a kind, which touches ``what``."""

    call: str
    number: int
    what: str

    def __repr__(self) -> str:
        return f"{self.call} {self.number} of {self.what[-300:]}"

    def kill(self) -> list[str]:
        """strace's options that kill the process at this point."""
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:signal=KILL:when={self.number}"]

    def fail(self, error: str) -> list[str]:
        """strace's options that make this call fail."""
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:error={error}:when={self.number}"]

    @property
    def errors(self) -> tuple[str, ...]:
        return _ERRORS.get(self.call, ("EIO",))

    def met(self, trace: str) -> bool:
        """Whether a trace was broken here, or ends here: the same call on the same file."""
        lines = _calls(trace)
        broken = [line for line in lines if "(INJECTED)" in line] or lines[-1:]
        return len(broken) == 1 and self._here(broken[0])

    def beside(self, number: int, trace: str) -> int:
        """The number to break next, after a trace in which the call of this number was not the point."""
        found = [n for n, line in enumerate(_calls(trace), 1) if self._here(line)]
        return min(found, key=lambda n: abs(n - number), default=number + 1)

    def _here(self, line: str) -> bool:
        return _file(line) == _file(f"{self.call}({self.what}")


def record(root: Path, arguments: Sequence[str]) -> list[Point]:
    """The points of a clean publish of a project, in order."""
    ended = warm.run(arguments, root, ["-e", f"trace={','.join(CALLS)}"])
    assert ended.code == 0, ended.err
    return list(points(ended.trace, root))


def points(trace: str, root: Path) -> Iterator[Point]:
    """The calls of a trace that write below a folder, or to the standard streams, which lead to files there."""
    counted: Counter[str] = Counter()
    for line in trace.splitlines():
        found = _LINE.match(line)
        if not found:
            continue
        call, rest = found.groups()
        counted[call] += 1
        reads = call == "openat" and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", rest)
        if str(root) in rest and not reads:
            yield Point(call, counted[call], rest)


def _calls(trace: str) -> list[str]:
    return [line for line in trace.splitlines() if _LINE.match(line)]


def _file(line: str) -> tuple[str, str]:
    """A call and the file it touches, without what differs from run to run; a tree is removed in any order."""
    found = _LINE.match(line)
    assert found is not None
    call, rest = found.groups()
    named = re.search(r'"([^"]+)"', rest) or re.search(r"<([^>]*)>", rest)
    return call, "" if call == "unlinkat" or named is None else _VARIES.sub("#", named.group(1))
