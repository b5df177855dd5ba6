"""How long a job waits for tracking in all, and the circuit breaker that ends the waiting.

MLflow repeats a failed call for minutes, at every call, and a server that sends a byte now and then is waited for
without end. Here each call is made in a thread of its own and given up when the job's budget is spent; the first
failure opens the breaker, and no later call of the job is tried.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from forecasting.errors import Fault, ForecastingError, ServiceAway

T = TypeVar("T")
BUDGET = 30.0


class Patience:
    """A budget of seconds for everything a job asks of tracking.

    A call that takes no longer than ``free`` seconds costs nothing; what it takes beyond that, and all of a failed
    call, is taken from ``budget``. ``why`` is the error that opened the breaker.

    >>> patience = Patience(budget=0.05)
    >>> patience.call(lambda: 7, "here")
    7
    >>> patience.call(lambda: time.sleep(5), "http://tracking.example")
    Traceback (most recent call last):
    ...
    forecasting.errors.ServiceAway: tracking does not answer
      http://tracking.example: no answer within the budget of 0.05 s; forecast track sync when it is back
    """

    def __init__(self, budget: float = BUDGET, free: float = 0.0) -> None:
        self.budget = budget
        self.free = free
        self.lost = 0.0
        self.why: ForecastingError | None = None

    @property
    def left(self) -> float:
        return max(0.0, self.budget - self.lost)

    def call(self, work: Callable[[], T], where: str, within: float | None = None) -> T:
        """What the work gives; raises what it raises, or :class:`ServiceAway` when the budget is spent.

        ``within`` bounds this call more tightly than the budget does. A call that is given up is left to its thread,
        which dies with the process.
        """
        if self.why is not None:
            raise self.why
        result: list[T] = []
        raised: list[BaseException] = []

        def carry_out() -> None:
            try:
                result.append(work())
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                raised.append(error)

        tight = within is not None and within < self.left
        allowed = within if tight and within is not None else self.left
        thread = threading.Thread(target=carry_out, name="tracking", daemon=True)
        started = time.monotonic()
        thread.start()
        thread.join(allowed + self.free)
        taken = time.monotonic() - started
        if raised or not result:
            self.lost += taken
        else:
            self.lost += max(0.0, taken - self.free)
        if result:
            return result[0]
        if raised:
            raise raised[0]
        found = (
            f"no answer within {within:g} s" if tight else f"no answer within the budget of {self.budget:g} s"
        )
        self.open(
            ServiceAway(
                "tracking does not answer", [Fault(where, found, "forecast track sync when it is back")]
            )
        )
        raise self.why or ServiceAway("tracking does not answer")

    def open(self, error: ForecastingError) -> None:
        """Open the breaker: every later call raises this error at once."""
        if self.why is None:
            self.why = error


class Guarded:
    """A client whose every method goes through a :class:`Patience`."""

    def __init__(self, client: Any, patience: Patience, where: str) -> None:
        self._client = client
        self._patience = patience
        self._where = where

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method
        return lambda *args, **kwargs: self._patience.call(lambda: method(*args, **kwargs), self._where)
