"""What a plan alone tells of series that will have no winner."""

from __future__ import annotations

from dataclasses import replace

from forecasting.data.store import Store
from forecasting.evaluation.backtest import plan
from forecasting.evaluation.winnerless import bound
from forecasting.periods import Period
from tests.evaluation.small import CUT, given

ENDED, GOES_ON = "price.nd_oxide.cny.month", "price.nd_oxide.month"
TWO = [{"model": "naive"}, {"model": "drift"}]


def test_an_origin_that_cannot_be_seen_fails_every_model_of_every_series(store: Store) -> None:
    one = given(features="prices", series=[GOES_ON])
    found = plan(store, one, CUT)
    assert bound(one, found) == []
    unseen = replace(found, refused={Period.parse("2025-06"): "origin 2025-06: in.ev.3w has no log"})
    [fault] = bound(one, unseen)
    assert (fault.where, fault.found) == (
        f"t: {GOES_ON}", "each of 1 model(s) will fail at origin 2025-06: in.ev.3w has no log",
    )  # fmt: skip


def test_a_series_that_ended_before_the_first_origin_needs_a_sole_model(store: Store) -> None:
    for models, lost in ((TWO, [f"t: {ENDED}"]), (TWO[:1], [])):
        one = given(features="prices", series=[ENDED, GOES_ON], models=models)
        assert [fault.where for fault in bound(one, plan(store, one, CUT))] == lost


def test_a_series_nobody_heard_of_is_named(store: Store) -> None:
    one = given(features="prices", series=[GOES_ON])
    more = one.model_copy(update={"series": (GOES_ON, "price.of.nothing")})
    [fault] = bound(more, plan(store, one, CUT))
    assert (fault.where, fault.found) == ("t: price.of.nothing", "no fittable observation")
