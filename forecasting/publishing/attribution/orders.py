"""How a change is shared among causes that act together: the Shapley value, from reruns with each cause swapped.

Each cause gets the mean, over orders in which the causes come one after the other, of what the number moved when it
came (Shapley 1953, *A value for n-person games*). Along every order the moves add up to the whole, so their means
do as well. A cause that never moves anything gets exactly nought.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

from forecasting.frames import Array

Worlds = Callable[[frozenset[str]], Array]
EXACT = 4  # causes up to which every order is taken: 2⁴ reruns
ORDERS = 4  # orders taken beyond that, each with its reverse among them


def shares(causes: Sequence[str], worlds: Worlds) -> dict[str, Array]:
    """The part of each cause in ``worlds(all causes) - worlds(none)``, number by number.

    ``worlds`` gives the numbers, shape (numbers,), when the causes of a set are as they are now and the rest as they
    were; NaN where such a mixture cannot be worked out. Orders that pass through a NaN are left out for that number;
    with no order left its parts are NaN. Up to :data:`EXACT` causes all orders are taken, beyond that
    :data:`ORDERS` of them, drawn once for all.

    >>> both = {frozenset(): 1.0, frozenset("a"): 3.0, frozenset("b"): 2.0, frozenset("ab"): 10.0}
    >>> found = shares(["a", "b"], lambda on: np.array([both[on]]))
    >>> {cause: part.tolist() for cause, part in found.items()}
    {'a': [5.0], 'b': [4.0]}
    """
    if not causes:
        return {}
    kept: dict[frozenset[str], Array] = {}

    def value(on: frozenset[str]) -> Array:
        if on not in kept:
            kept[on] = worlds(on)
        return kept[on]

    count = np.zeros(len(value(frozenset())))
    totals = {cause: np.zeros(len(count)) for cause in causes}
    for order in orders(causes):
        steps = [value(frozenset(order[:place])) for place in range(len(order) + 1)]
        moves = np.diff(np.stack(steps), axis=0)
        whole = np.isfinite(moves).all(axis=0)
        count += whole
        for cause, move in zip(order, moves, strict=True):
            totals[cause] += np.where(whole, move, 0.0)
    with np.errstate(invalid="ignore"):
        return {cause: np.asarray(total / count) for cause, total in totals.items()}


def orders(causes: Sequence[str]) -> list[tuple[str, ...]]:
    """Every order of few causes; of many, some drawn with a fixed seed, each beside its reverse.

    >>> len(orders("abc")), len(orders("abcdefg"))
    (6, 4)
    """
    if len(causes) <= EXACT:
        return list(permutations(causes))
    rng = np.random.default_rng(1953)
    drawn = [tuple(causes[i] for i in rng.permutation(len(causes))) for _ in range(ORDERS // 2)]
    return [order for one in drawn for order in (one, one[::-1])]
