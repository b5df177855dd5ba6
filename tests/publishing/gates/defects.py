"""Seeded defects of a clean candidate, each with the gates that must object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.frames import LEVELS
from forecasting.publishing.candidate import Candidate
from tests.publishing.gates.clean import World
from tests.publishing.gates.spoiling import (
    DAY,
    Change,
    above_market,
    balance_cell,
    crossing,
    doubled,
    early_release,
    empty_certificate,
    from_a_period,
    headline,
    jumped,
    low_ceiling,
    no_balance,
    observed,
    one,
    one_level,
    one_period,
    periods_of,
    ramp,
    relabelled,
    restated,
    set_to,
    shifted,
    squeezed,
    stuck,
    swapped_scenarios,
    table_of,
    tomorrow,
    uncertified,
    uneven_sum,
    unit_slip,
    withheld_part,
    withheld_shown,
    without,
    wrong_unit,
    years_swapped,
)


@dataclass(frozen=True)
class Defect:
    """A class of defects; ``sure`` where not one may pass."""

    gates: frozenset[str]
    change: Change
    sure: bool = False
    parts: tuple[str, ...] = ("w", "magnets")

    def make(self, world: World, seed: int) -> Candidate:
        """A clean candidate that follows a clean edition on the same figures, spoilt by a seed."""
        clean = world.clean(self.parts[seed % len(self.parts)], DAY)
        return self.change(clean, np.random.default_rng(seed))


def defect(gates: str, change: Change, sure: bool = False) -> Defect:
    return Defect(frozenset(gates.split()), change, sure)


DEFECTS: dict[str, Defect] = {
    "negative": defect("non_negative", set_to(-1.0), sure=True),
    "slightly negative": defect("non_negative", set_to(-1e-9), sure=True),
    "not a number": defect("finite", set_to(float("nan")), sure=True),
    "infinite": defect("finite", set_to(float("inf")), sure=True),
    "crossing": defect("ordered", table_of(crossing), sure=True),
    "level missing": defect(
        "ordered", without(lambda t, _i, _m, r: t["quantile"] == r.choice(LEVELS)), sure=True
    ),
    "row doubled": defect("ordered", table_of(doubled), sure=True),
    "strange level": defect("ordered", relabelled("quantile", 0.33)),  # type: ignore[arg-type]
    "series missing": defect("complete retired", without(lambda _t, _i, _m, _r: True), sure=True),
    "horizon cut": defect(
        "complete", without(lambda t, i, m, r: t["period"] > r.choice(periods_of(t, i, m)[:-1]))
    ),
    "period missing": defect(
        "complete", without(lambda t, i, m, r: t["period"] == r.choice(periods_of(t, i, m)[1:]))
    ),
    "strange series": defect(
        "complete",
        table_of(lambda t, m, r: t.assign(series=t["series"].where(t["series"] != one(m, r), "in.nobody"))),
    ),
    "strange period": defect("complete", relabelled("period", "2030-13")),
    "wrong kind": defect("complete", relabelled("kind", "quarter")),
    "withheld part": defect("complete", withheld_part),
    "withheld and shown": defect("complete", withheld_shown),
    "unit slip": defect("slip", table_of(unit_slip), sure=True),
    "slip from a period on": defect("slip growth", table_of(from_a_period), sure=True),
    "slip in one period": defect("slip growth", table_of(one_period), sure=True),
    "slip in one level": defect("slip", table_of(one_level), sure=True),
    "unit label": defect("slip", table_of(wrong_unit)),
    "above its market": Defect(frozenset({"ceiling"}), table_of(above_market), parts=("w",)),
    "above its ceiling": defect("ceiling", low_ceiling),
    "explosion": defect("growth", ramp(6.0)),
    "collapse": defect("growth", ramp(0.1)),
    "jump": defect("jump", table_of(jumped)),
    "stuck": defect("flat", table_of(stuck)),
    "bands are lines": defect("width", squeezed(0.001)),
    "bands close": defect("width", squeezed(0.02, late=True)),
    "bands too sure": defect("width", squeezed(0.2)),
    "a year late": defect("start", shifted(1)),
    "a year early": defect("start complete", shifted(-1)),
    "fiscal years swell": defect("sums", table_of(years_swapped)),
    "sum too large": defect("sums", uneven_sum(1.5, 3.0)),
    "sum too small": defect("sums", uneven_sum(0.2, 0.6)),
    "identity broken": defect("identities", balance_cell("mean", lambda value: value * 1.001)),
    "balance not a number": defect("identities", balance_cell("median", lambda _: float("nan"))),
    "balance crossing": defect("identities", balance_cell("low_95", lambda value: value + 100)),
    "probability above one": defect("identities", balance_cell("p_positive", lambda _: 1.2)),
    "headline differs": defect("identities", headline),
    "balance gone": defect("identities", no_balance),
    "scenarios swapped": defect("scenarios", swapped_scenarios),
    "history restated": defect("revision", observed(restated)),
    "data of tomorrow": defect("freshness", observed(tomorrow)),
    "released before its data": defect("freshness", early_release),
    "no certificate": defect("coverage", uncertified),
    "empty certificate": defect("coverage", empty_certificate),
}
