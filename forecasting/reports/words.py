"""Sentences made from quantiles, with verbal probabilities that always mean the same."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecasting.periods import Period
from forecasting.reports.format import Numbers, chance_text, percent_text, period_text
from forecasting.reports.language import Words

# The lowest probability at which each phrase is used (the scale of the IPCC guidance note of 2010).
SCALE: tuple[tuple[float, str], ...] = (
    (0.99, "virtually certain"),
    (0.95, "extremely likely"),
    (0.90, "very likely"),
    (0.66, "likely"),
    (0.33, "about as likely as not"),
    (0.10, "unlikely"),
    (0.05, "very unlikely"),
    (0.01, "extremely unlikely"),
    (0.0, "exceptionally unlikely"),
)

STATUS_WORDS = {
    "actual": "actual",
    "provisional": "provisional",
    "estimate": "estimate",
    "carried_forward": "carried forward, not measured",
    "derived": "derived",
    "target": "target, not an observation",
}


def verbal(probability: float) -> str:
    """The fixed phrase for a probability.

    >>> [verbal(p) for p in (0.97, 0.5, 0.2)]
    ['extremely likely', 'about as likely as not', 'unlikely']
    """
    return next(phrase for least, phrase in SCALE if probability >= least)


def scale_words() -> list[tuple[str, str]]:
    """The scale as phrases and ranges, for the method section."""
    tops = [1.0, *(least for least, _ in SCALE[:-1])]
    return [(phrase, f"{least:.0%} to {top:.0%}") for (least, phrase), top in zip(SCALE, tops, strict=True)]


def chance_above(quantiles: Mapping[float, float], threshold: float) -> tuple[float, str]:
    """The probability of exceeding a threshold, read off the quantiles; beyond them only a bound is known.

    >>> chance_above({0.1: 0.0, 0.5: 10.0, 0.9: 20.0}, 5.0)
    (0.7, '70%')
    >>> chance_above({0.1: 1.0, 0.9: 2.0}, 0.5)
    (0.9, 'at least 90%')
    """
    levels = sorted(quantiles)
    values = [quantiles[level] for level in levels]
    if threshold < values[0]:
        return 1 - levels[0], f"at least {_exact(1 - levels[0])}"
    if threshold > values[-1]:
        return 1 - levels[-1], f"at most {_exact(1 - levels[-1])}"
    share = 1 - float(np.interp(threshold, values, levels))
    return round(share, 4), chance_text(share)


def _exact(share: float) -> str:
    return f"{share * 100:.4g}%"


def outlook_sentence(
    numbers: Numbers,
    period: Period,
    quantiles: Mapping[float, float],
    unit: str,
    observed: tuple[Period, float, str] | None,
) -> str:
    """What the forecast says of one period, and how it compares with the last observation of its kind."""

    def text(level: float) -> str:
        return numbers.forecast(quantiles[level])

    when = period_text(period)
    median = numbers.with_unit(text(0.5), unit)
    said = (
        f"For {when} the median forecast is {median}; the 80% band runs from {text(0.1)} to {text(0.9)}, "
        f"the 95% band from {text(0.025)} to {text(0.975)}."
    )
    if observed is None:
        return said
    then, value, status = observed
    share, shown = chance_above(quantiles, value)
    amount = numbers.with_unit(numbers.observed(value), unit)
    return (
        f"{said} It is {verbal(share)} ({shown}) that {when} exceeds the {amount} of "
        f"{period_text(then)} ({STATUS_WORDS.get(status, status)})."
    )


def message(
    numbers: Numbers,
    period: Period,
    quantiles: Mapping[float, float],
    unit: str,
    observed: tuple[Period, float, str] | None,
    words: Words | None = None,
) -> str:
    """The same in one breath, for the top of the page.

    >>> seen = (Period.parse("FY2025"), 20.0, "actual")
    >>> message(Numbers(), Period.parse("FY2030"), {0.1: 10.0, 0.5: 30.0, 0.9: 50.0}, "t", seen)
    'FY2030: 30.0 t (80% band 10.0 to 50.0); likely (70%) to exceed the 20 of FY2025 (actual).'
    """
    said = words or Words("en")
    low, median, high = (numbers.forecast(quantiles[level]) for level in (0.1, 0.5, 0.9))
    text = said.say(
        "message",
        when=period_text(period),
        amount=said.amount(median, unit, numbers.with_unit(median, unit)),
        low=low,
        high=high,
    )
    if observed is None:
        return f"{text}."
    then, value, status = observed
    share, shown = chance_above(quantiles, value)
    before = said.say(
        "message.of", value=numbers.observed(value), when=period_text(then), status=said.get(status, status)
    )
    return f"{text}{said.say('message.above', verbal=said[verbal(share)], p=said.percent(shown), before=before)}."


def certificate_sentence(
    model: str, origins: int, points: int, coverage: Mapping[int, float], note: str
) -> str:
    """A band's certificate: how many backtest points each band held, at which sample size.

    >>> certificate_sentence("theta", 12, 48, {80: 0.771}, "")
    'In 12 backtest origins of theta the 80% band held 37 of 48 backtest points (77%).'
    """
    held = [
        f"the {level}% band held {round(share * points)} of {points} backtest points ({percent_text(share)})"
        for level, share in coverage.items()
        if share == share and points
    ]
    tail = f" {note.rstrip('.')}." if note else ""
    if not held:
        whose = model or "the model"
        return f"These bands carry no certificate: no backtest points are recorded for {whose}.{tail}"
    return f"In {origins} backtest origins of {model} {'; '.join(held)}.{tail}"


def certificate_verdict(points: int, coverage_80: float) -> str:
    """Whether the 80% band kept its word, given how few points there are to judge by."""
    if not points or coverage_80 != coverage_80:
        return "Unproven: treat the bands as a model's opinion."
    slack = 2 * (0.8 * 0.2 / points) ** 0.5
    if points < 20:
        return f"Weak evidence: {points} points cannot tell a good band from a fair one."
    if coverage_80 < 0.8 - slack:
        return "Too narrow in the past: the real uncertainty is wider than drawn."
    if coverage_80 > 0.8 + slack:
        return "Cautious in the past: the bands held more than they promised."
    return "Kept its word in the past, within sampling error."
