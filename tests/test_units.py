"""Oxide, metal and magnet mass are different things."""

from __future__ import annotations

import itertools

import pytest

from forecasting.errors import UnitError
from forecasting.units import NAMES, factor, same_dimension, unit

MASSES = [
    "t REO",
    "t NdPr oxide",
    "t NdPr",
    "t Nd",
    "t Nd oxide",
    "t Dy",
    "t Dy oxide",
    "t REE",
    "t magnet",
    "t gross",
    "t",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_unit(name: str) -> None:
    assert unit(name) == unit(name)


@pytest.mark.parametrize(("a", "b"), itertools.combinations(MASSES, 2))
def test_no_two_masses_can_be_mixed(a: str, b: str) -> None:
    assert not same_dimension(a, b)
    with pytest.raises(UnitError, match="different things"):
        factor(a, b)


def test_money_is_not_converted_without_a_rate() -> None:
    with pytest.raises(UnitError):
        factor("USD m", "INR crore")
    assert factor("USD m", "USD") == 1e6
