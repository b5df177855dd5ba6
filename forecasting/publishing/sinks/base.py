"""What every sink is: it takes an edition on disk to somewhere else, as often as it is asked, with one outcome."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from forecasting.errors import ConfigError


@dataclass(frozen=True)
class Delivered:
    """What a delivery did: whether anything changed at the other end, and what lies there now."""

    changed: bool
    detail: str


class Sink(Protocol):
    """A place editions are delivered to.

    ``whole`` sinks take everything below the root at once; the others one edition at a time. ``deliver`` may be
    repeated and changes nothing the second time. It raises :class:`~forecasting.errors.ServiceAway` for what may
    pass (and is tried again), any other :class:`~forecasting.errors.ForecastingError` for what will not.
    """

    @property
    def name(self) -> str: ...

    @property
    def whole(self) -> bool: ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may contain."""

    def deliver(self, folder: Path, root: Path) -> Delivered: ...


def from_environment(sink: str, names: Sequence[str | None]) -> tuple[str | None, ...]:
    """The values of environment variables, None for a name that is None.

    Raises :class:`ConfigError` naming every variable that is not set.
    """
    missing = [name for name in names if name is not None and not os.environ.get(name)]
    if missing:
        raise ConfigError(
            f"sink {sink}: the environment variable {', '.join(missing)} is not set; "
            "set it where the job runs, or remove the sink from publication.yaml"
        )
    return tuple(None if name is None else os.environ[name] for name in names)


def present(names: Sequence[str | None]) -> tuple[str, ...]:
    """The values of those environment variables that are set."""
    return tuple(value for name in names if name and (value := os.environ.get(name)))
