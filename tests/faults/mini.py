"""A made-up project that publishes in half a second of a processor: five series, a sum, the whole command line.

Its report is made for real once; later publishes of the process take it from memory, in place of the processes that
render and look back. What the publisher itself does and writes is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from forecasting.publishing import rendering, retrospect
from forecasting.publishing.isolation import Arrays, Failure, Limits, isolated
from forecasting.publishing.scratch import scratch
from tests.faults import warm
from tests.publishing.small_job import Project

DAY = "2026-04-20"  # when its figures were fresh
PUBLISH = ("publish", "--as-of", DAY, "--edition-date", DAY)
AGAIN = (*PUBLISH, "--again")


def build(root: Path, edit: Callable[[dict[str, Any]], None] = lambda _: None) -> Path:
    """Make the project and its first edition below a new folder; ``edit`` changes ``publication.yaml``."""

    def lenient(content: dict[str, Any]) -> None:
        content["gates"]["freshness"] = {"severity": "warn", "grace_days": 400, "stale_days": 2000}
        content["job"]["fit_seconds"] = 60
        edit(content)

    project = Project(root).settings(lenient).release()
    (root / "experiments").mkdir()
    (root / "mlruns").mkdir()
    project.bundles.rename(root / "mlruns" / "releases")
    warm.preload()
    with pytest.MonkeyPatch.context() as patch:
        dated(patch)
        done = warm.run(PUBLISH, root)
    assert done.code == 0, done.err
    return root


def dated(patch: pytest.MonkeyPatch) -> None:
    """Let it be the day of the figures, so that none is overdue."""
    patch.setattr("forecasting.cli.publish.day", lambda text, _: date.fromisoformat(text or DAY))


@dataclass
class Remembered:
    """The report of the project in the working folder, made once; ``before`` is called whenever it is asked for
    again."""

    kept: dict[tuple[str, ...], dict[str, Arrays | Failure]]
    before: Callable[[], object] = bool

    def __call__(
        self, work: Mapping[str, Callable[[], Arrays]], limits: Limits
    ) -> dict[str, Arrays | Failure]:
        key = (str(Path.cwd()), *work)
        if key not in self.kept:
            self.kept[key] = isolated(work, limits)
        else:
            self.before()
            with scratch():
                pass
        return self.kept[key]


def remember(root: Path, patch: pytest.MonkeyPatch) -> Remembered:
    """Let this process and its forks take the report of a project from memory."""
    from forecasting.cli.app import run

    made = Remembered({})
    for module in (rendering, retrospect):
        patch.setattr(module, "isolated", made)
    dated(patch)
    patch.chdir(root)
    assert run(AGAIN) == 0
    assert len(made.kept) == 3
    return made
