"""Numbers and sentences: rounding, probabilities, certificates."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.periods import Period
from forecasting.reports.format import Numbers, period_text
from forecasting.reports.words import (
    SCALE,
    certificate_sentence,
    certificate_verdict,
    chance_above,
    outlook_sentence,
    verbal,
)
from forecasting.units import NAMES

QUANTILES = {0.025: 10.0, 0.1: 20.0, 0.25: 30.0, 0.5: 40.0, 0.75: 50.0, 0.9: 60.0, 0.975: 70.0}


@given(st.floats(min_value=1e-3, max_value=1e12), st.sampled_from([1, -1]))
def test_a_forecast_reads_back_to_three_digits(size: float, sign: int) -> None:
    value = sign * size
    for grouping in ("international", "indian"):
        text = Numbers(grouping).forecast(value)
        back = float(text.replace(",", "").replace("−", "-"))
        assert back == pytest.approx(value, rel=0.0051)


@given(st.floats(min_value=-1e12, max_value=1e12))
def test_an_observation_reads_back(value: float) -> None:
    back = float(Numbers().observed(value).replace(",", "").replace("−", "-"))
    assert back == pytest.approx(value, rel=0.0051, abs=1e-6)


@given(st.integers(min_value=0, max_value=10**15))
def test_lakh_and_crore_hold_the_same_digits(value: int) -> None:
    text = Numbers("indian").observed(float(value))
    assert text.replace(",", "") == str(value)
    assert re.fullmatch(r"\d{1,3}|\d{1,2}(,\d\d)*,\d{3}", text)


def test_missing_is_a_dash_and_infinity_an_error() -> None:
    assert Numbers().observed(math.nan) == Numbers().forecast(None) == "–"
    with pytest.raises(Exception, match="infinite"):
        Numbers().forecast(math.inf)


def test_every_unit_has_words() -> None:
    from forecasting.reports.format import UNIT_WORDS

    assert set(UNIT_WORDS) == set(NAMES)


def test_the_scale_covers_everything_in_order() -> None:
    leasts = [least for least, _ in SCALE]
    assert leasts == sorted(leasts, reverse=True)
    assert leasts[-1] == 0
    assert verbal(0.0) == "exceptionally unlikely"
    assert verbal(1.0) == "virtually certain"


def test_beyond_the_quantiles_only_a_bound_is_claimed() -> None:
    assert chance_above(QUANTILES, 5)[1] == "at least 97.5%"
    assert chance_above(QUANTILES, 75)[1] == "at most 2.5%"
    assert chance_above(QUANTILES, 40) == (0.5, "50%")


def test_a_flat_forecast_has_a_chance_too() -> None:
    flat = dict.fromkeys(QUANTILES, 0.0)
    assert 0 <= chance_above(flat, 0.0)[0] <= 1


def test_the_sentence_says_band_probability_and_status() -> None:
    said = outlook_sentence(
        Numbers(), Period.parse("FY2030"), QUANTILES, "t Nd", (Period.parse("FY2025"), 30.0, "provisional")
    )
    assert said == (
        "For FY2030 the median forecast is 40.0 t of neodymium metal; the 80% band runs from 20.0 to 60.0, "
        "the 95% band from 10.0 to 70.0. It is likely (75%) that FY2030 exceeds the 30 t of neodymium metal "
        "of FY2025 (provisional)."
    )


def test_certificates_count_points() -> None:
    assert "held 37 of 48 backtest points (77%)" in certificate_sentence("theta", 12, 48, {80: 37 / 48}, "")
    assert "carry no certificate" in certificate_sentence("plan", 0, 0, {80: math.nan}, "")
    assert certificate_verdict(48, 37 / 48).startswith("Kept its word")
    assert certificate_verdict(100, 0.6).startswith("Too narrow")
    assert certificate_verdict(8, 0.9).startswith("Weak evidence")


def test_periods_read_as_people_write_them() -> None:
    assert period_text(Period.parse("2024-Q2")) == "2024-Q2"
