"""What a run says while it works: JSON lines with a run id for machines, plain lines for people; no secrets."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

from forecasting.catalogue.redaction import HIDDEN, redacted
from forecasting.errors import ForecastingError

_SECRET = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|API_?KEY|ACCESS_?KEY)", re.IGNORECASE)
_SHORTEST = 6  # characters of a value worth hiding; shorter ones would hide parts of ordinary words


class Logs:
    """Log lines on standard error; ``json`` for one JSON object a line."""

    def __init__(self, json: bool) -> None:
        import uuid

        import structlog

        self.json = json
        self.run = uuid.uuid4().hex
        shown: Any = structlog.processors.JSONRenderer(sort_keys=True) if json else _plain
        stamps: list[Any] = [structlog.processors.TimeStamper(fmt="iso", utc=True)] if json else []
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                *stamps,
                _without_secrets,
                shown,
            ],
            logger_factory=_Stderr,
            cache_logger_on_first_use=False,
        )
        structlog.contextvars.clear_contextvars()
        if json:
            structlog.contextvars.bind_contextvars(run=self.run)
        self._log = structlog.get_logger()

    def say(self, event: str, **facts: Any) -> None:
        """A step of the run; people are told by the progress bar and the outcome instead."""
        if self.json:
            self._log.info(event, **facts)

    def progress(self, title: str) -> Any:
        """A ``(done, of)`` callback that logs every step."""
        return lambda done, of: self.say(title, done=done, of=of)

    def failed(self, error: Exception) -> int:
        """An error with all its faults, a bug with its traceback; gives the exit code."""
        kind = type(error).__name__
        if isinstance(error, ForecastingError):
            faults = [str(fault) for fault in error.faults]
            self._log.error(error.message, kind=kind, exit_code=error.exit_code, faults=faults)
            return error.exit_code
        code = 74 if isinstance(error, OSError) else 1
        what = str(error) if code == 74 else f"bug: {kind}: {error}"
        self._log.error(what, kind=kind, exit_code=code, traceback=traceback.format_tb(error.__traceback__))
        return code


class _Stderr:
    """Writes lines; a full or closed standard error does not stop a run."""

    def __init__(self, *names: object) -> None:
        del names

    def msg(self, line: str) -> None:
        try:
            print(line, file=sys.stderr, flush=True)
        except (OSError, ValueError):
            return

    log = debug = info = warning = warn = error = critical = exception = fatal = msg


def _plain(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
    del logger, name
    level, said = event.pop("level", "info"), event.pop("event", "")
    told = ", ".join(f"{key} {value}" for key, value in event.items())
    return f"{level}: {said}{f' ({told})' if told else ''}"


def _without_secrets(logger: Any, name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    del logger, name
    secrets = [v for k, v in os.environ.items() if _SECRET.search(k) and len(v) >= _SHORTEST]
    return {key: _hidden(value, secrets) for key, value in event.items()}


def _hidden(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return redacted(value, secrets)
    if isinstance(value, list | tuple):
        return [_hidden(one, secrets) for one in value]
    if isinstance(value, dict):
        return {
            key: HIDDEN if _SECRET.search(str(key)) else _hidden(one, secrets) for key, one in value.items()
        }
    return value
