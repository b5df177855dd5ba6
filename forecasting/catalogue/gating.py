"""The records of ``publication.yaml`` that gates judge by: calendar, expected dates, orders, thresholds.

Every threshold has a name, a unit, bounds and a default, which stands in for what the file leaves out. Which gates
there are and what each objects to is told in ``docs/gates.md``.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from forecasting.periods import Kind

Severity = Literal["block", "hold", "warn"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReleaseCalendar(_Record):
    """Editions appear once a month on a day; shorter months on their last day."""

    every: Literal["month"] = "month"
    day: int = Field(ge=1, le=31)
    why: str = ""

    def next_release(self, released: date) -> date:
        """The first day of the calendar after a day.

        >>> monthly = ReleaseCalendar(day=31)
        >>> monthly.next_release(date(2026, 11, 22)).isoformat(), monthly.next_release(date(2026, 11, 30)).isoformat()
        ('2026-11-30', '2026-12-31')
        """
        here = self._in(released.year, released.month)
        if here > released:
            return here
        year, month = divmod(released.year * 12 + released.month, 12)
        return self._in(year, month + 1)

    def _in(self, year: int, month: int) -> date:
        return date(year, month, min(self.day, monthrange(year, month)[1]))


class Expectation(_Record):
    """When a source family prints: one figure each period of ``every``, ``lag_days`` days after its end."""

    every: Kind
    lag_days: int = Field(ge=0, le=1000)
    why: str = ""


class ScenarioOrder(_Record):
    """Scenarios in the order in which they raise a node of the balance, lowest first."""

    node: str
    scenarios: tuple[str, ...] = Field(min_length=2)
    why: str


class CeilingGate(_Record):
    """``slack``: share of the ceiling or market by which rounding may exceed it."""

    severity: Severity = "block"
    slack: float = Field(1e-9, ge=0, le=0.01)


class GrowthGate(_Record):
    """Ratios: of a forecast year to the year before (``cap``, ``floor``), of a period to the one before it
    (``step_cap``, its inverse is the floor; or what the figures did in their last two years), of the 97.5 % quantile
    of a year to the last observed one (``upper_cap``).
    """

    severity: Severity = "block"
    cap: float = Field(3.0, gt=1, le=100)
    floor: float = Field(0.2, gt=0, lt=1)
    step_cap: float = Field(4.0, gt=1, le=100)
    upper_cap: float = Field(60.0, gt=1, le=10_000)


class SlipGate(_Record):
    """``factors``: ratios a slip of unit or period makes; ``tolerance``: how near, in powers of ten."""

    severity: Severity = "block"
    factors: tuple[float, ...] = (10.0, 12.0, 100.0, 1e3, 1e5, 1e7)
    tolerance: float = Field(0.15, gt=0, lt=0.3)

    @model_validator(mode="after")
    def _above_one(self) -> SlipGate:
        if low := [factor for factor in self.factors if factor < 5]:
            raise ValueError(f"factor {low[0]:g} is within ordinary growth; name factors of 5 and more")
        return self


class JumpGate(_Record):
    """``allowed``: periods of a series that may lie beyond the previous 95 % band without new data."""

    severity: Severity = "hold"
    allowed: int = Field(0, ge=0, le=1000)


class StartGate(_Record):
    """How far the first forecast may lie from the last figure.

    ``quantile`` of the past one-step changes (log ratios) of the last ``years`` years; with fewer than ``points``
    changes there is no judgement.
    """

    severity: Severity = "block"
    quantile: float = Field(0.99, ge=0.5, le=1)
    years: int = Field(10, ge=1, le=100)
    points: int = Field(8, ge=2, le=1000)


class FlatGate(_Record):
    """``run``: successive periods in which no quantile moves."""

    severity: Severity = "block"
    run: int = Field(4, ge=2, le=120)


class WidthGate(_Record):
    """The 95 % interval: ratios of a year's width to the widest year before it (``shrink`` warns, ``collapse`` has
    the severity), and the least width as a share of the median (``narrowest``).
    """

    severity: Severity = "block"
    shrink: float = Field(0.7, gt=0, le=1)
    collapse: float = Field(0.3, gt=0, le=1)
    narrowest: float = Field(0.02, ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> WidthGate:
        if self.collapse > self.shrink:
            raise ValueError(f"collapse {self.collapse} is above shrink {self.shrink}")
        return self


class FreshnessGate(_Record):
    """Days: ``grace_days`` after a figure was due, ``stale_days`` from the last new figure to the release."""

    severity: Severity = "warn"
    grace_days: int = Field(10, ge=0, le=400)
    stale_days: int = Field(120, ge=1, le=2000)


class RevisionGate(_Record):
    """Shares of the old figure: ``warn_above``, ``hold_above``. Of a figure below ``least`` times the median figure
    of its series, the share is taken of that instead.
    """

    warn_above: float = Field(0.05, gt=0, le=10)
    hold_above: float = Field(0.5, gt=0, le=10)
    least: float = Field(0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> RevisionGate:
        if self.warn_above > self.hold_above:
            raise ValueError(f"warn_above {self.warn_above} is above hold_above {self.hold_above}")
        return self


class CoverageGate(_Record):
    """``confidence``: of the two-sided binomial limits within which realised coverage must lie."""

    severity: Severity = "warn"
    confidence: float = Field(0.9, ge=0.5, lt=1)


class SkillGate(_Record):
    """``worse_by``: the share by which a champion's backtest score may exceed the naive model's."""

    severity: Severity = "warn"
    worse_by: float = Field(0.0, ge=0, le=1)


class SumsGate(_Record):
    """Shares: how far the median of an aggregate may lie from the sum of its parts' medians (``parts``), and that of
    a year from the sum of its months' (``years``); ``slack`` is for rounding where a bound is exact.
    """

    severity: Severity = "hold"
    parts: float = Field(0.3, gt=0, le=1)
    years: float = Field(0.2, gt=0, le=1)
    slack: float = Field(1e-6, ge=0, le=0.01)


class IdentityGate(_Record):
    """``tolerance``: of an identity of the balance, as a share of its largest part."""

    severity: Severity = "hold"
    tolerance: float = Field(1e-9, gt=0, le=1e-3)


class OrderGate(_Record):
    """``tolerance``: of the declared order of scenarios, as a share of the larger value."""

    severity: Severity = "hold"
    tolerance: float = Field(1e-9, ge=0, le=0.1)


class Gates(_Record):
    """The thresholds of every gate that has any, by the name of the gate."""

    ceiling: CeilingGate = CeilingGate()
    growth: GrowthGate = GrowthGate()
    slip: SlipGate = SlipGate()
    jump: JumpGate = JumpGate()
    start: StartGate = StartGate()
    flat: FlatGate = FlatGate()
    width: WidthGate = WidthGate()
    freshness: FreshnessGate = FreshnessGate()
    revision: RevisionGate = RevisionGate()
    coverage: CoverageGate = CoverageGate()
    skill: SkillGate = SkillGate()
    sums: SumsGate = SumsGate()
    identities: IdentityGate = IdentityGate()
    scenarios: OrderGate = OrderGate()
