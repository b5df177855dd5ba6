"""The commands, put together; errors become messages and exit codes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from forecasting import __version__
from forecasting.cli import (
    balance,
    benchmark,
    comparison,
    data,
    delivery,
    drift,
    editions,
    experiments,
    leaderboard,
    planning,
    promotion,
    publish,
    report,
    score,
    track,
    why,
)
from forecasting.cli.console import explain, project_root, say
from forecasting.errors import ForecastingError

app = typer.Typer(
    name="forecast",
    help="Forecast India's rare-earth and magnet supply and demand through 2030, and say how sure it is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 done or unchanged, 1 a bug, 2 usage, 3 published but partly degraded, 4 held back, "
        "65 data broken, 66 input missing, 69 a service is away, 73/74 cannot write, 75 locked, "
        "78 bad configuration."
    ),
)
app.add_typer(data.app, name="data")
editions.app.command("diff")(comparison.diff)
editions.app.command("rebuild")(comparison.rebuild)
app.add_typer(track.app, name="track")
app.add_typer(editions.app, name="editions")
app.command("run")(experiments.run)
app.command("promote")(promotion.promote)
app.command("schema", hidden=True)(planning.schema)
app.command("drift")(drift.drift)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("balance")(balance.balance)
app.command("benchmark")(benchmark.benchmark)
app.command("publish")(publish.publish)
app.command("deliver")(delivery.deliver)
app.command("report")(report.report)
app.command("score")(score.score)
app.command("why")(why.why)
app.command("make", hidden=True)(publish.main_job)
app.command("ui")(experiments.ui)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    del debug
    if version:
        typer.echo(f"forecast {__version__}")
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line and return its exit code; messages go to standard error."""
    debug = "--debug" in arguments
    command: Any = typer.main.get_command(app)
    try:
        command.main(list(arguments), prog_name="forecast")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except ForecastingError as error:
        if debug:
            raise
        explain(error)
        return error.exit_code
    except OSError as error:
        if debug:
            raise
        from forecasting.publishing.disk import in_words

        data = project_root() / "data"
        told = in_words(error, "the output", (data,), (data / "editions",))
        explain(told)
        return told.exit_code
    except Exception as error:
        if debug:
            raise
        say(f"bug: {type(error).__name__}: {error}\nrun again with --debug and report the traceback")
        return 1
    return 0
