"""The leaderboard as one HTML page: who forecasts what best, how sure that is, and the charts behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecasting.evaluation.comparison import COLUMN, SET_ORIGINS, SET_SIZE, confidence, losses
from forecasting.evaluation.leaderboard import by_horizon, leaderboard, with_unjudged
from forecasting.frames import Scores
from forecasting.reports.brand import Brand
from forecasting.reports.contest_charts import calibration_chart, difference_chart, horizon_chart
from forecasting.reports.html import dense, environment, policy

MOST = 24  # series with charts on one page; the others stand in the tables
LEVEL = 0.05
NAMES = {"crps": "CRPS", "absolute_error": "absolute error"}


@dataclass(frozen=True)
class Contest:
    """An experiment as its leaderboard shows it: scores, backtest quantiles and the champion in force by series.

    ``forecasts`` are long quantiles with the columns ``model, cutoff, series, period, quantile, value``; ``unjudged``
    gives by series the only model of a file where it stands unjudged.
    """

    name: str
    about: str
    as_of: date
    metric: str
    scores: Scores
    forecasts: pd.DataFrame
    in_force: Mapping[str, str]
    unjudged: Mapping[str, str] = field(default_factory=dict)

    @property
    def column(self) -> str:
        """The heading of the metric that orders the models."""
        return COLUMN[self.metric].upper()


@dataclass(frozen=True)
class _Entry:
    id: str
    anchor: str
    verdict: str
    rows: tuple[dict[str, str], ...]
    failures: tuple[str, ...]
    charts: tuple[Any, ...]


def page(contests: Sequence[Contest], brand: Brand | None = None) -> bytes:
    """The page as bytes, the same for the same contests; it asks for nothing from outside."""
    from markupsafe import Markup

    brand = brand or Brand()
    style = dense(brand.sheet)
    left = MOST
    shown = []
    for contest in contests:
        entries = _entries(contest, left)
        left = max(0, left - sum(bool(entry.charts) for entry in entries))
        shown.append((contest, entries))
    plain = sum(not entry.charts for _, entries in shown for entry in entries)
    text = (
        environment(brand)
        .get_template("leaderboard.html.j2")
        .render(
            contests=shown, brand=brand, style=Markup(style), policy=policy(style, "", brand, font=False),
            plain=plain, most=MOST, set_origins=SET_ORIGINS, set_level=f"{1 - SET_SIZE:.0%}",
        )
    )  # fmt: skip
    return dense(text).encode()


def _entries(contest: Contest, room: int) -> list[_Entry]:
    scores = contest.scores
    board = with_unjudged(leaderboard(scores, contest.metric), contest.unjudged)
    tests = confidence(scores, contest.metric).set_index(["series", "model"])
    steps, shares = by_horizon(scores), _shares(contest)
    found: list[_Entry] = []
    for id, rows in board.groupby("series", sort=True):
        series = str(id)
        mine = tests.loc[[series]] if series in tests.index.get_level_values(0) else tests.iloc[:0]
        there = scores.of(series)
        failed = there[there["failure"] != ""]
        words = tuple(
            f"{text} ({count} times)" for text, count in failed["failure"].value_counts(sort=True).items()
        )
        charts = _charts(contest, series, rows, steps, shares) if len(found) < room else ()
        anchor = re.sub(r"[^a-z0-9]+", "-", f"{contest.name}-{series}".lower())
        cells = tuple(_row(row, mine, contest.in_force.get(series, "")) for row in rows.to_dict("records"))
        found.append(_Entry(series, anchor, _verdict(contest, series, mine), cells, words, charts))
    return found


def _verdict(contest: Contest, series: str, tests: pd.DataFrame) -> str:
    """Who is in force, who is best, and which models cannot be told from the best, each for its reason."""
    champion = contest.in_force.get(series, "")
    if series in contest.unjudged:
        said = [f"In force: {champion}."] if champion else []
        told = f"{contest.unjudged[series]}, the only model of the file, stands unjudged: no origin could judge it."
        return " ".join([*said, told])
    there = champion in set(contest.scores.frame["model"])
    said = [f"In force: {champion}{'' if there else ', which is none of these models'}."] if champion else []
    if tests.empty:
        return " ".join([*said, "Nothing could be compared."])
    tests = tests.droplevel("series")
    best, pairs = str(tests["best"].iloc[0]), int(tests["pairs"].iloc[0])
    others = tests.drop(index=best)
    said.append(f"{best} has the lowest mean {NAMES[contest.metric]} on {pairs} paired origins.")
    if others.empty:
        said.append("No other model could be compared with it.")
    alike = others.index[others["p"] > LEVEL]
    if len(alike):
        said.append(f"Not told from it at {LEVEL:.0%}: {', '.join(alike)}.")
    elif others["p"].notna().any():
        said.append(f"Told from it at {LEVEL:.0%}: {', '.join(others.index[others['p'].notna()])}.")
    for why, rows in others[others["p"].isna()].groupby("untested", sort=True):
        said.append(f"Cannot be told from it, as {why} cannot be tested: {', '.join(rows.index)}.")
    if tests["set_p"].notna().any():
        kept = ", ".join(tests.index[tests["set_p"] > SET_SIZE])
        said.append(f"The {1 - SET_SIZE:.0%} model confidence set holds {kept}.")
    return " ".join(said)


def _row(row: Mapping[Any, Any], tests: pd.DataFrame, champion: str) -> dict[str, str]:
    key = (row["series"], row["model"])
    test = tests.loc[key] if key in tests.index else None

    def told(value: float, form: str) -> str:
        return format(value, form) if np.isfinite(value) else "–"

    return {
        "model": str(row["model"]),
        "in_force": "in force" if row["model"] == champion else "",
        "mase": told(row["mase"], ".3f"),
        "crps": told(row["crps"], ".3f"),
        "path": told(row["path"], ".3f"),
        "behind": "–" if test is None else told(float(test["behind"]), "+.1%"),
        "p": "–" if test is None else told(float(test["p"]), ".3f"),
        "set_p": "–" if test is None else told(float(test["set_p"]), ".2f"),
        **{name: told(row[name], ".0%") for name in ("coverage_50", "coverage_80", "coverage_95")},
        "origins": str(row["origins"]),
        "points": str(row["points"]),
        "failures": str(row["failures"]),
    }


def _charts(
    contest: Contest, series: str, rows: pd.DataFrame, steps: pd.DataFrame, shares: pd.DataFrame
) -> tuple[Any, ...]:
    from markupsafe import Markup

    order = [str(model) for model in rows.loc[rows["crps"].notna(), "model"]]
    if not order:
        return ()
    base = re.sub(r"[^a-z0-9]+", "-", f"{contest.name}-{series}".lower())
    champion = contest.in_force.get(series, "")
    if champion not in order:
        champion = order[0]
    failed = set(rows.loc[rows["failures"] > 0, "model"])
    table = losses(contest.scores, series, "crps", [m for m in order if m not in failed or m == champion])
    drawn = [
        horizon_chart(
            steps[steps["series"] == series], order, f"{base}-horizon", f"Error by horizon, {series}"
        ),
        calibration_chart(
            shares[shares["series"] == series], order, f"{base}-calibration", f"Calibration, {series}"
        ),
    ]
    if champion in table.columns and len(table):
        title = f"Cumulative difference to {champion}, {series}"
        drawn.append(difference_chart(table, champion, order, f"{base}-difference", title))
    return tuple(Markup(one.decode()) for one in drawn)  # made by us: texts inside are escaped there


def _shares(contest: Contest) -> pd.DataFrame:
    """The share of actuals at or below each published quantile, a series and model."""
    key = ["series", "model", "cutoff", "period"]
    actual = contest.scores.frame.loc[contest.scores.frame["failure"] == "", [*key, "actual"]]
    if contest.forecasts.empty or actual.empty:
        return pd.DataFrame(columns=["series", "model", "quantile", "share"])
    both = contest.forecasts.merge(actual, on=key)
    below = both.assign(share=(both["actual"] <= both["value"]).astype(float))
    return below.groupby(["series", "model", "quantile"], sort=True)["share"].mean().reset_index()
