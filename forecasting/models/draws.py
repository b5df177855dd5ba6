"""Random pieces models share: blocks of past steps, and how surely their size is known."""

from __future__ import annotations

import numpy as np

from forecasting.frames import Array

FEWEST_DEGREES = 5.0
SHORTEST_MEMORY = 8.0


def steps_of(z: Array) -> tuple[Array, Array]:
    """Changes between neighbouring observations, and the number of periods each one spans.

    >>> change, spans = steps_of(np.array([0.0, 1.0, np.nan, 4.0]))
    >>> change.tolist(), spans.tolist()
    ([1.0, 3.0], [1.0, 2.0])
    """
    known = np.flatnonzero(np.isfinite(z))
    values = z[known]
    return values[1:] - values[:-1], (known[1:] - known[:-1]).astype(float)


def recency(ages: Array, half_life: float) -> Array:
    """Weights that halve every ``half_life`` (or 8, if that is more) steps of age and sum to one.

    >>> recency(np.array([8.0, 0.0]), 2.0).round(3).tolist()
    [0.333, 0.667]
    """
    weights = np.exp2(-ages / max(half_life, SHORTEST_MEMORY))
    return np.asarray(weights / weights.sum())


def blocks(
    steps: Array,
    length: int,
    weights: Array,
    count: int,
    paths: int,
    rng: np.random.Generator,
    signed: bool = False,
) -> Array:
    """``count`` resampled steps for each path, (count, paths), with mean zero, drawn in contiguous blocks.

    Blocks keep the reversals of monthly noise, which single steps would accumulate (the moving-block
    bootstrap of Künsch, Annals of Statistics 17, 1989). A block is drawn by the weight of its last step.
    ``signed`` gives every block a random sign, which keeps the size of a common drift as uncertainty;
    otherwise the mean is taken out.
    """
    ends = np.arange(length - 1, len(steps))
    table = steps[ends[:, None] + np.arange(1 - length, 1)]
    chances = weights[ends] / weights[ends].sum()
    if not signed:
        table = table - chances @ table
    several = -(-count // length)
    drawn = table[rng.choice(len(table), size=(several, paths), p=chances)]
    if signed:
        drawn = drawn * rng.choice([-1.0, 1.0], size=(several, paths, 1))
    return np.asarray(drawn.transpose(0, 2, 1).reshape(several * length, paths)[:count])


def spread(degrees: float, paths: int, rng: np.random.Generator) -> Array:
    """A factor a path, by which the true size of errors may differ from the one estimated.

    Normal errors times this factor follow Student's t; the degrees of freedom are at least 5, because with
    fewer the exponential of an error has no useful mean.
    """
    degrees = max(degrees, FEWEST_DEGREES)
    return np.asarray(np.sqrt(degrees / rng.chisquare(degrees, size=paths)))
