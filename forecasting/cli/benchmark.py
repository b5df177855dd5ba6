"""``forecast benchmark``: accuracy, coverage and speed of models on competition series."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from forecasting.cli.console import progress, say
from forecasting.cli.writing import creatable, write


def benchmark(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of Parquet files of series.")],
    models: Annotated[
        str, typer.Option("--models", help="Names, separated by commas; scum is statsforecast's median.")
    ] = "auto,scum",
    out: Annotated[
        Path, typer.Option("--out", help="A JSON file; the scores of every series go beside it as Parquet.")
    ] = Path("benchmark.json"),
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first series of each file.")
    ] = None,
) -> None:
    """Forecast the test part of every series and score it by file and model.

    Files have the columns unique_id, step, ds, y and split (train or test). OWA is against Naive2; seconds
    leave out imports and warming up. A series a model refuses or fails on counts as a failure.
    """
    import json

    from forecasting.errors import UsageError
    from forecasting.evaluation import benchmark as bench
    from forecasting.evaluation.competition import read

    names = list(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    bench.check(names)
    beside = out.with_suffix(".parquet")
    if beside == out:
        raise UsageError(f"--out {out}: the scores of every series go there; name a .json file beside it")
    collections = read(folder, say, limit)
    with suppress(OSError):  # what is in the way of the folder is in the way of the files
        out.parent.mkdir(parents=True, exist_ok=True)
    for path in (out, beside):
        creatable(path)
    with progress("series") as tell:
        summary, scores = bench.run(collections, names, tell)
    typer.echo(f"{'file':20} {'model':16} {'n':>5} {'OWA':>7} {'MASE':>7} {'95 %':>6} {'80 %':>6} {'s':>8}")
    for row in summary:
        shown = [f"{row[k]:{w}.3f}" if row[k] is not None else "-".rjust(int(w)) for k, w in _SHOWN]
        failed = f"  {row['failures']} failed" if row["failures"] else ""
        typer.echo(f"{row['file']:20} {row['model']:16} {row['n']:>5} {' '.join(shown)}{failed}")
    write(out, (json.dumps(summary, indent=2, allow_nan=False) + "\n").encode())
    write(beside, scores.to_parquet(index=False))


_SHOWN = (("owa", "7"), ("mase", "7"), ("coverage_95", "6"), ("coverage_80", "6"), ("seconds", "8"))
