"""Units whose dimensions cannot be confused: oxide, metal, magnet and ore mass are different things.

A tonne of rare-earth oxide, of NdPr oxide, of neodymium metal, of magnet and of ore are separate
dimensions, so adding them is an error; only a named factor with a unit (``t NdPr oxide / t magnet``) takes
one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from forecasting.errors import UnitError, nearest

if TYPE_CHECKING:
    import pint

# Name in files -> pint expression. Each mass is a dimension of its own.
NAMES: dict[str, str] = {
    "1": "dimensionless",
    "percent": "percent",
    "vehicles": "vehicle",
    "units": "appliance",
    "MW": "megawatt_installed",
    "months": "month_elapsed",
    "years": "year_elapsed",
    "t REO": "tonne_reo",
    "t NdPr oxide": "tonne_ndpr_oxide",
    "t NdPr": "tonne_ndpr_metal",
    "t Nd": "tonne_nd_metal",
    "t Nd oxide": "tonne_nd_oxide",
    "t Dy": "tonne_dy_metal",
    "t Dy oxide": "tonne_dy_oxide",
    "t REE": "tonne_ree",
    "t magnet": "tonne_magnet",
    "kg magnet": "kilogram_magnet",
    "t gross": "tonne_gross",
    "t": "tonne_unspecified",
    "kg": "kilogram_unspecified",
    "USD m": "million_usd",
    "USD": "usd",
    "INR crore": "crore_inr",
    "USD/kg": "usd_per_kg",
    "CNY/kg": "cny_per_kg",
}

_DEFINITIONS = """
vehicle = [vehicle]
appliance = [appliance]
megawatt_installed = [installed_power]
month_elapsed = [elapsed]
year_elapsed = 12 * month_elapsed
tonne_reo = [mass_reo]
tonne_ndpr_oxide = [mass_ndpr_oxide]
tonne_ndpr_metal = [mass_ndpr_metal]
tonne_nd_metal = [mass_nd_metal]
tonne_nd_oxide = [mass_nd_oxide]
tonne_dy_metal = [mass_dy_metal]
tonne_dy_oxide = [mass_dy_oxide]
tonne_ree = [mass_ree]
kilogram_magnet = [mass_magnet]
tonne_magnet = 1000 * kilogram_magnet
tonne_gross = [mass_gross]
kilogram_unspecified = [mass_unspecified]
tonne_unspecified = 1000 * kilogram_unspecified
usd = [usd]
million_usd = 1000000 * usd
inr = [inr]
crore_inr = 10000000 * inr
usd_per_kg = usd / kilogram_unspecified
cny = [cny]
cny_per_kg = cny / kilogram_unspecified
"""


@cache
def registry() -> pint.UnitRegistry[float]:
    """The one registry; built on first use because pint is slow to import."""
    import pint

    ureg: pint.UnitRegistry[float] = pint.UnitRegistry(None, cache_folder=None)
    ureg.define("percent = 0.01 = %")
    for line in _DEFINITIONS.strip().splitlines():
        ureg.define(line)
    return ureg


@cache
def unit(name: str) -> pint.Unit:
    """The unit a name stands for; products and quotients of names are understood.

    >>> unit("t magnet") == unit("t magnet / vehicles") * unit("vehicles")
    True
    >>> unit("t magnets")
    Traceback (most recent call last):
    ...
    forecasting.errors.UnitError: unknown unit 't magnets'; did you mean 't magnet'?
    """
    if name in NAMES:
        return registry().Unit(NAMES[name])
    if " / " in name:
        above, below = name.split(" / ", 1)
        quotient: pint.Unit = unit(above) / unit(below)
        return quotient
    raise UnitError(f"unknown unit {name!r}; {nearest(name, NAMES)}")


def same_dimension(a: str, b: str) -> bool:
    """Whether a number in one unit can be compared with one in the other.

    >>> same_dimension("USD", "USD m"), same_dimension("t NdPr oxide", "t magnet")
    (True, False)
    """
    return bool(unit(a).dimensionality == unit(b).dimensionality)


@cache
def factor(of: str, to: str) -> float:
    """What to multiply a number in one unit by to have it in the other.

    >>> factor("t magnet", "kg magnet")
    1000.0
    >>> factor("t NdPr oxide", "t magnet")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    forecasting.errors.UnitError: t NdPr oxide cannot become t magnet: they are different things; name ...
    """
    if not same_dimension(of, to):
        raise UnitError(
            f"{of} cannot become {to}: they are different things; name a conversion with its own unit"
        )
    return float(registry().Quantity(1.0, unit(of)).to(unit(to)).magnitude)


@cache
def _ratio(above: tuple[str, ...], below: tuple[str, ...], to: str) -> float:
    quantity = registry().Quantity(1.0, "dimensionless")
    for name in above:
        quantity = quantity * registry().Quantity(1.0, unit(name))
    for name in below:
        quantity = quantity / registry().Quantity(1.0, unit(name))
    if quantity.dimensionality != unit(to).dimensionality:
        sign = " × ".join(f"({name})" for name in above) + "".join(f" / ({name})" for name in below)
        raise UnitError(f"{sign} does not give {to}")
    return float(quantity.to(unit(to)).magnitude)


def ratio(above: Iterable[str], below: Iterable[str], to: str) -> float:
    """What a product of numbers, divided by others, is multiplied by to stand in a unit.

    >>> ratio(["vehicles", "kg magnet / vehicles"], [], "t magnet")
    0.001
    >>> ratio(["t magnet"], [], "t NdPr oxide")
    Traceback (most recent call last):
    ...
    forecasting.errors.UnitError: (t magnet) does not give t NdPr oxide
    """
    return _ratio(tuple(above), tuple(below), to)


def require_same(a: str, b: str, doing: str) -> None:
    """Raise :class:`~forecasting.errors.UnitError` unless both names are the same unit."""
    if a != b:
        raise UnitError(f"cannot {doing} {a} and {b}: unlike units")
