"""How commands speak: errors with all their faults, progress bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecasting.errors import ForecastingError, UsageError

if TYPE_CHECKING:
    from datetime import date

FAULTS_PRINTED = 40


def project_root() -> Path:
    """The folder that holds ``data/`` and ``experiments/``: the working directory or the nearest one above it
    that has both, else the checkout this package is installed from."""
    here = Path.cwd()
    checkout = Path(__file__).resolve().parents[2]
    for folder in [here, *here.parents, checkout]:
        if (folder / "data" / "series.yaml").is_file() and (folder / "experiments").is_dir():
            return folder
    return here


DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="A data folder; by default the project's data/.", show_default=False),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Use only what was known on this day (YYYY-MM-DD); by default today.",
        show_default=False,
    ),
]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, help="Processes that fit models side by side.")]


def data_root(option: Path | None) -> Path:
    return option if option is not None else project_root() / "data"


def day(text: str | None, name: str) -> date:
    """A day given on the command line, today by default."""
    from datetime import UTC, date, datetime

    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name} {text!r} is not a day; write it as 2026-03-31") from None


def explain(error: ForecastingError) -> None:
    """Print an error and its faults to standard error."""
    say(f"error: {error.message}")
    for fault in error.faults[:FAULTS_PRINTED]:
        say(f"  {fault}")
    if len(error.faults) > FAULTS_PRINTED:
        say(f"  … and {len(error.faults) - FAULTS_PRINTED} more")


def say(text: str) -> None:
    """A line of progress on standard error; one that is full or closed stops nothing."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def flushed() -> bool:
    """Whether everything printed has been written; what cannot be written any more is given up."""
    whole = True
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
            whole = whole and number == 2
    return whole


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, and at most ten plain lines elsewhere; gives a ``(done, of)`` callback."""
    if not sys.stderr.isatty():
        told = -1

        def tell(done: int, of: int) -> None:
            nonlocal told
            tenth = 10 * done // max(of, 1)
            if tenth > told:
                told = tenth
                say(f"{title}: {done} of {of}")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
