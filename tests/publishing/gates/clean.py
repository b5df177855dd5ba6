"""Clean editions, simulated from the real figures as they were known on real days.

Each series walks on from its last year: the season of that year, a drift, a random walk and noise. Parts stay below
their market and aggregates are sums, path by path; the quantiles follow at the end, as in a real edition.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.catalogue.gating import ScenarioOrder
from forecasting.data.store import Store
from forecasting.frames import LEVELS, Array
from forecasting.periods import Kind, Period
from forecasting.publishing.candidate import Candidate, Previous, State
from forecasting.publishing.gates import LAST, View
from forecasting.publishing.gates.past import Figures
from tests.publishing.gates.test_balance import balance

PATHS = 200
ORDERS = (ScenarioOrder(node="plants", scenarios=("late", "baseline", "soon"), why="made up"),)


@dataclass
class World:
    """The real catalogue and figures, and editions drawn from seeds."""

    store: Store
    _figures: dict[date, Figures] = field(default_factory=dict)
    _clean: dict[tuple[str, date], Candidate] = field(default_factory=dict)

    @cached_property
    def catalogue(self) -> Catalogue:
        whole = self.store.catalogue
        return replace(whole, publication=whole.publication.model_copy(update={"scenario_order": ORDERS}))

    @cached_property
    def leaves(self) -> list[str]:
        """Targets that are no sums, and the markets they are part of."""
        series = self.catalogue.series
        own = [id for id in self.catalogue.targets if not series[id].sum_of]
        markets = {within for id in own if (within := series[id].within)}
        return sorted(markets) + own

    @cached_property
    def aggregates(self) -> list[str]:
        """Aggregates after those they are summed of."""
        series = self.catalogue.series
        return [id for id in series if series[id].sum_of and set(series[id].sum_of) <= {*self.leaves}]

    def figures(self, day: date) -> Figures:
        if day not in self._figures:
            self._figures[day] = Figures(self.store.as_of(day), self.catalogue)
        return self._figures[day]

    def candidate(
        self, seed: int, day: date = date(2026, 6, 29), before: date | None = None, part: str = ""
    ) -> Candidate:
        """An edition released on a day, of the series whose ids hold ``part``; the others are withheld.

        ``before`` is the day of the edition it follows: the same models on the figures of that day, other draws.
        """
        now = self.edition(seed, day, part, draw=0)
        if before is None:
            return now
        then = self.edition(seed, before, part, draw=1)
        previous = Previous(
            "made-up", Path("made-up"), before, before, then.table, pd.DataFrame(), then.balance, then.known
        )
        return replace(now, previous=previous)

    def clean(self, part: str, day: date) -> Candidate:
        """One clean edition of a part that follows another on the same figures, kept; never change its tables."""
        if (part, day) not in self._clean:
            self._clean[part, day] = self.candidate(0, day, day, part)
        return self._clean[part, day]

    def view(self, made: Candidate) -> View:
        """The view of a candidate, with the figures of its days worked out once for all seeds."""
        view = View(made)
        view.__dict__["now"] = self.figures(made.as_of)
        if made.previous is not None:
            view.__dict__["before"] = self.figures(made.previous.as_of)
        return view

    def fresh(self, made: Candidate) -> View:
        """The view of a candidate whose figures are its own, beside an edition of the world."""
        view = self.view(made)
        del view.__dict__["now"]
        return view

    def edition(self, seed: int, day: date, part: str, draw: int) -> Candidate:
        figures, rng = self.figures(day), np.random.default_rng([seed, draw])
        shown = [id for id in self.leaves if part in id and figures.of(id).last is not None]
        drifts = dict(
            zip(self.leaves, np.random.default_rng(seed).normal(0.03, 0.05, len(self.leaves)), strict=True)
        )
        drawn = {id: self._years(figures, id, *self._walk(rng, figures, id, drifts[id])) for id in shown}
        for id in shown:
            market = self.catalogue.series[id].within
            if market in drawn:
                drawn[id] = {
                    key: np.minimum(paths, 0.95 * drawn[market].get(key, np.inf))
                    for key, paths in drawn[id].items()
                }
        for id in self.aggregates:
            parts = [drawn[one] for one in self.catalogue.series[id].sum_of if one in drawn]
            if len(parts) == len(self.catalogue.series[id].sum_of):
                keys = [key for key in parts[0] if all(key in other for other in parts)]
                drawn[id] = {key: np.sum([one[key] for one in parts], axis=0) for key in keys}
        quiet = np.random.default_rng([seed, 2])
        return Candidate(
            table=self._table(drawn),
            balance=_balance(quiet),
            certificates=pd.DataFrame([_certificate(quiet, id) for id in drawn]),
            states={
                id: State(id, "ok", "walk") if id in drawn else State(id, "withheld", "", "not drawn")
                for id in [*self.leaves, *self.aggregates]
            },
            catalogue=self.catalogue,
            known=figures.known,
            as_of=day,
            released=day + timedelta(days=1),
        )

    def _walk(self, rng: np.random.Generator, figures: Figures, id: str, drift: float) -> tuple[int, Array]:
        """The first period and the paths, (periods, paths)."""
        past, kind = figures.of(id), self.catalogue.series[id].kind
        assert past.last is not None
        per, first = kind.per_year, past.last + 1
        steps = np.arange(LAST[kind].ordinal - past.last)
        level = past.level(per)
        recent = {o % per: v for o, v in zip(past.ordinals, past.values, strict=True) if o > past.last - per}
        base = np.array([recent.get((first + step) % per, level) for step in steps])
        fade = 0.7 ** (12 / per * (steps + 1)) if per > 1 else np.zeros(len(steps))
        base = base ** (1 - fade) * past.values[-1] ** fade
        trend = drift * (steps + 1) / per
        walk = rng.normal(0, 0.25 / np.sqrt(per), (len(steps), PATHS)).cumsum(axis=0)
        return first, base[:, None] * np.exp(trend[:, None] + walk + rng.normal(0, 0.1, (len(steps), PATHS)))

    def _years(self, figures: Figures, id: str, first: int, paths: Array) -> dict[tuple[str, str], Array]:
        """The draws of each period, and of each year that months make whole."""
        kind, past = self.catalogue.series[id].kind, figures.of(id)
        found = {(str(kind), str(Period(kind, first + step))): one for step, one in enumerate(paths)}
        for longer in (Kind.FY, Kind.CY) if kind is Kind.MONTH else ():
            for year in range(Period(kind, first).to(longer).ordinal, LAST[longer].ordinal + 1):
                begin = Period(longer, year).months()[0].ordinal
                seen = past.between(begin, first - 1)
                ahead = paths[max(begin - first, 0) : begin + 12 - first]
                if len(seen) + len(ahead) == 12:
                    found[str(longer), str(Period(longer, year))] = ahead.sum(axis=0) + seen.sum()
        return found

    def _table(self, drawn: dict[str, dict[tuple[str, str], Array]]) -> pd.DataFrame:
        keys = [(id, *key) for id, periods in drawn.items() for key in periods]
        values = np.quantile(
            [paths for periods in drawn.values() for paths in periods.values()], LEVELS, axis=1
        ).T
        series, kinds, labels = (np.repeat(column, len(LEVELS)) for column in zip(*keys, strict=True))
        units = {id: self.catalogue.series[id].unit for id in drawn}
        return pd.DataFrame(
            {
                "series": series,
                "kind": kinds,
                "period": labels,
                "scenario": "baseline",
                "quantile": np.tile(LEVELS, len(keys)),
                "value": values.ravel(),
                "unit": [units[id] for id in series],
                "model": "walk",
            }
        )


def _certificate(rng: np.random.Generator, id: str) -> dict[str, object]:
    covered = {f"coverage_{level}": rng.binomial(40, level / 100) / 40 for level in (50, 80, 95)}
    crps = rng.uniform(0.5, 1.0)
    return {"series": id, "origins": 12.0, **covered, "crps": crps, "naive_crps": crps * 1.1, "note": ""}


def _balance(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    demand, plants = rng.uniform(80, 120), rng.uniform(20, 40)

    def nodes(times: float) -> dict[str, float]:
        return {"demand": demand, "plants": times * plants, "gap": demand - times * plants}

    return balance(late=nodes(0.5), baseline=nodes(1.0), soon=nodes(2.0))
