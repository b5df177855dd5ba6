"""Numbers become text here and nowhere else, so that every rendering shows the same digits.

Observed values keep what their source printed, down to a sensible decimal; forecasts are rounded to three
significant digits because more would pretend to a precision no forecast has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Literal

from forecasting.errors import DataError
from forecasting.periods import Kind, Period

Grouping = Literal["international", "indian"]
MISSING = "–"
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Unit in files -> (short, for columns and axes; long, for sentences).
UNIT_WORDS: dict[str, tuple[str, str]] = {
    "1": ("ratio", ""),
    "percent": ("%", "%"),
    "vehicles": ("vehicles", "vehicles"),
    "units": ("appliances", "appliances"),
    "MW": ("MW", "MW"),
    "months": ("months", "months"),
    "years": ("years", "years"),
    "t REO": ("t REO", "t of rare-earth oxide"),
    "t NdPr oxide": ("t NdPr oxide", "t of NdPr oxide"),
    "t NdPr": ("t NdPr metal", "t of NdPr metal"),
    "t Nd": ("t Nd metal", "t of neodymium metal"),
    "t Nd oxide": ("t Nd oxide", "t of neodymium oxide"),
    "t Dy": ("t Dy metal", "t of dysprosium metal"),
    "t Dy oxide": ("t Dy oxide", "t of dysprosium oxide"),
    "t REE": ("t REE", "t of rare-earth elements"),
    "t magnet": ("t magnet", "t of magnet"),
    "kg magnet": ("kg magnet", "kg of magnet"),
    "t gross": ("t gross", "t gross weight"),
    "t": ("t", "t"),
    "kg": ("kg", "kg"),
    "USD m": ("US$ million", "million US$"),
    "USD": ("US$", "US$"),
    "INR crore": ("₹ crore", "crore ₹"),
    "USD/kg": ("US$/kg", "US$/kg"),
    "CNY/kg": ("CN¥/kg", "CN¥/kg"),
}
NOT_SUMMABLE = frozenset({"1", "percent", "MW", "USD/kg", "CNY/kg"})


def unit_short(unit: str) -> str:
    """The unit as a column head; products of units fall back to what stands in the file.

    >>> unit_short("t Nd"), unit_short("kg magnet / vehicles")
    ('t Nd metal', 'kg magnet / vehicles')
    """
    return UNIT_WORDS.get(unit, (unit, unit))[0]


@dataclass(frozen=True)
class Numbers:
    """How numbers are written: groups of three, or the Indian lakh and crore groups.

    >>> Numbers().forecast(1234567.8), Numbers("indian").forecast(1234567.8)
    ('1,230,000', '12,30,000')
    >>> Numbers().observed(53748.0), Numbers().observed(12.345), Numbers().forecast(-0.01234)
    ('53,748', '12.3', '−0.0123')
    """

    grouping: Grouping = "international"

    def observed(self, value: float | None) -> str:
        """An observation: whole from 100 up, three significant digits below, whole numbers as they are."""
        if value is None or math.isnan(value):
            return MISSING
        if value == round(value) or abs(value) >= 100:
            return self._fixed(value, 0)
        return self.forecast(value)

    def forecast(self, value: float | None) -> str:
        """A forecast: three significant digits, never fewer decimals than they need."""
        if value is None or math.isnan(value):
            return MISSING
        if math.isinf(value):
            raise DataError("an infinite number cannot be reported")
        if value == 0:
            return "0"
        magnitude = math.floor(math.log10(abs(value)))
        rounded = round(value, 2 - magnitude)
        magnitude = math.floor(math.log10(abs(rounded))) if rounded else 0
        return self._fixed(rounded, max(0, min(6, 2 - magnitude)))

    def with_unit(self, text: str, unit: str) -> str:
        """A formatted number with its unit, as it stands in a sentence."""
        words = UNIT_WORDS.get(unit, (unit, unit))[1]
        return f"{text}{'' if words in ('', '%') else ' '}{words}"

    def signed(self, value: float) -> str:
        """A difference with its sign, to three digits: ``+120``.

        >>> Numbers().signed(123.4), Numbers().signed(-0.5), Numbers().signed(0.0)
        ('+123', '−0.500', '±0')
        """
        return f"{'+' if value > 0 else '' if value < 0 else '±'}{self.forecast(value)}"

    def signed_percent(self, fraction: float) -> str:
        """A relative difference with its sign: ``+12%``."""
        percent = round(fraction * 100)
        return f"{'+' if percent > 0 else '−' if percent < 0 else '±'}{self._fixed(abs(percent), 0)}%"

    def _fixed(self, value: float, decimals: int) -> str:
        whole, _, rest = f"{abs(value):.{decimals}f}".partition(".")
        negative = value < 0 and (float(whole) != 0 or rest.strip("0") != "")
        sign = "−" if negative else ""
        return sign + self._group(whole) + (f".{rest}" if rest else "")

    def _group(self, digits: str) -> str:
        if self.grouping == "international" or len(digits) <= 3:
            return f"{int(digits):,}"
        head, tail = digits[:-3], digits[-3:]
        pairs = [head[max(0, i - 2) : i] for i in range(len(head), 0, -2)][::-1]
        return ",".join([*pairs, tail])


def period_text(period: Period) -> str:
    """A period as readers write it.

    >>> [period_text(Period.parse(p)) for p in ("2030-12", "FY2030", "CY2030")]
    ['Dec 2030', 'FY2030', '2030']
    """
    if period.kind is Kind.MONTH:
        return f"{MONTHS[period.part - 1]} {period.year}"
    return str(period.year) if period.kind is Kind.CY else str(period)


def day_text(day: date | None) -> str:
    """A day as readers write it.

    >>> day_text(date(2026, 4, 1)), day_text(None)
    ('1 April 2026', 'not scheduled')
    """
    return f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}" if day else "not scheduled"


def chance_text(probability: float) -> str:
    """A probability in whole percent: a share of draws is never quite none or all of what may happen.

    >>> chance_text(0.934), chance_text(1.0), chance_text(0.0)
    ('93%', 'over 99%', 'under 1%')
    """
    return percent_text(min(max(probability, 0.001), 0.999))


def percent_text(share: float) -> str:
    """A counted share in whole percent, never a false 0 or 100.

    >>> percent_text(0.934), percent_text(0.999), percent_text(0.001), percent_text(1.0)
    ('93%', 'over 99%', 'under 1%', '100%')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if share > 0.995:
        return "over 99%"
    return "under 1%" if share < 0.005 else f"{share:.0%}"
