"""What a node of the supply–demand graph may be: one record a kind, as it stands in ``data/balance.yaml``.

Every node gives one value a fiscal year and draw, in one unit. An input is the id of another node or the name
of an assumption; ``1 + x`` and ``1 - x`` of a share are understood where factors are multiplied.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from forecasting.catalogue import Identifier, Strict

_ONE = re.compile(r"1 ([+-]) (\S+)")
Input = Annotated[str, StringConstraints(pattern=r"^(1 [+-] )?[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=120)]


def split(term: str) -> tuple[str, str]:
    """The sign and the name in a factor: ``""`` for a plain name, ``+`` or ``-`` for ``1 + x`` and ``1 - x``.

    >>> split("1 - pm_share_e2w"), split("ev.2w")
    (('-', 'pm_share_e2w'), ('', 'ev.2w'))
    """
    match = _ONE.fullmatch(term)
    return (match[1], match[2]) if match else ("", term)


class Range(Strict):
    """A range from low to high with a central value, drawn from a triangle."""

    low: float
    central: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low <= self.central <= self.high:
            raise ValueError(f"low {self.low} <= central {self.central} <= high {self.high} does not hold")
        return self


class _Node(Strict):
    """What all kinds share: ``side`` says which part of the balance, ``report`` whether it is in its tables.

    ``events`` are the dated events that move the node, each with the fraction of its level that is gained
    or lost (the direction stands with the event); ``share`` asks that every value lies between 0 and 1.
    """

    title: str
    unit: str
    side: Literal["demand", "supply", "gap", "factor", "driver"]
    report: bool = False
    share: bool = False
    events: dict[Identifier, Range] = Field(default_factory=dict)
    note: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The nodes and assumptions it is made from, in order."""
        return ()


class SeriesNode(_Node):
    """Paths of a series by fiscal year: what was observed, then what the champions forecast.

    ``yearly`` names a fiscal-year series for years whose months are not all there; ``calendar`` a
    calendar-year one to be bridged (nine months of the year before, three of the year itself), as ``flow`` or
    as year-end ``level``. ``after`` names an assumption for years the forecasts do not reach.
    """

    kind: Literal["series"]
    series: Identifier
    yearly: tuple[Identifier, ...] = ()
    calendar: Identifier | None = None
    calendar_is: Literal["flow", "level"] = "flow"
    after: Identifier | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.after,) if self.after else ()


class AssumptionNode(_Node):
    """An assumption, constant over the years but for events."""

    kind: Literal["assumption"]
    of: Identifier

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.of,)


class GrowthNode(_Node):
    """An assumption that holds in year ``at`` and grows by the fraction ``rate`` a year."""

    kind: Literal["growth"]
    base: Identifier
    rate: Identifier
    at: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.base, self.rate)


class ProductNode(_Node):
    """Factors multiplied (``of``) and divided by (``per``); their units must give the node's."""

    kind: Literal["product"]
    of: tuple[Input, ...]
    per: tuple[Input, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(split(term)[1] for term in (*self.of, *self.per))


class SumNode(_Node):
    """Inputs of one unit added, those of ``minus`` taken away."""

    kind: Literal["sum"]
    of: tuple[Identifier, ...]
    minus: tuple[Identifier, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return (*self.of, *self.minus)


class LeastNode(_Node):
    """The smallest of inputs of one unit."""

    kind: Literal["least"]
    of: tuple[Identifier, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.of


class PlantNode(_Node):
    """Output of plants that an award sets off: nothing before award + ``delay`` + ``gestation``, then a ramp.

    ``capacity`` × ``built`` × ``utilisation`` × the mean over the year's months of the ramp, which climbs
    straight from nothing to full in ``ramp`` months. Without the award there is no output.
    """

    kind: Literal["plant"]
    award: Identifier
    capacity: Identifier
    delay: Identifier
    ramp: Identifier
    built: Identifier
    utilisation: Identifier
    gestation: Identifier | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        waiting = (self.delay, self.gestation) if self.gestation else (self.delay,)
        return (self.capacity, *waiting, self.ramp, self.built, self.utilisation)


class RetiredNode(_Node):
    """Units of a series node that reach the end of their life in the year, by Weibull survival.

    A unit registered in a year is taken to start in its middle; the series' own years before the graph's
    first count too. ``scale`` is in years, ``shape`` has no unit.
    """

    kind: Literal["retired"]
    of: Identifier
    scale: Identifier
    shape: Identifier

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.of, self.scale, self.shape)


class DrawdownNode(_Node):
    """What is taken from a stock: what is wanted, as far as the stock and the year's inflow reach.

    Of an inflow that is not wanted the share ``keep`` is stored. The stock is known at the end of ``at``;
    before, only the inflow can be taken.
    """

    kind: Literal["drawdown"]
    inflow: Identifier
    want: Identifier
    initial: Identifier
    keep: Identifier
    at: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.inflow, self.want, self.initial, self.keep)


class StockNode(_Node):
    """A stock at year-end: ``initial`` at the end of ``at``, plus inflow, less outflows; unknown before."""

    kind: Literal["stock"]
    initial: Identifier
    at: str
    inflow: Identifier
    outflow: tuple[Identifier, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.initial, self.inflow, *self.outflow)


Node = Annotated[
    SeriesNode
    | AssumptionNode
    | GrowthNode
    | ProductNode
    | SumNode
    | LeastNode
    | PlantNode
    | RetiredNode
    | DrawdownNode
    | StockNode,
    Field(discriminator="kind"),
]
