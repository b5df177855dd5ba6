"""Clean editions pass: at most one in a hundred is held, over real days with real new data and revisions."""

from __future__ import annotations

from datetime import date

from forecasting.publishing.gates import judged
from tests.publishing.gates.clean import World

DAYS = [date(2025, month, 20) for month in range(3, 13)] + [date(2026, month, 20) for month in range(1, 7)]
EDITIONS = 512
PARTS = ("w", "magnets", "pv", "o")  # of the ids: a few series at a time, for speed


def test_clean_editions_are_not_held(world: World) -> None:
    held, blocked = [], []
    for seed in range(EDITIONS):
        place = seed % len(DAYS)
        before = DAYS[place - 1] if seed % 2 and place else DAYS[place]
        part = PARTS[seed // len(DAYS) % len(PARTS)]
        verdict = judged(world.view(world.candidate(seed, DAYS[place], before, part)), {})
        if verdict.standing("hold"):
            held.append((seed, verdict.standing("hold")))
        if verdict.standing("block"):
            blocked.append((seed, verdict.standing("block")))
    assert len(held) <= 0.01 * EDITIONS, held
    assert len(blocked) <= 0.01 * EDITIONS, blocked
