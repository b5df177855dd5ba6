"""Seeded defects are refused: ninety-nine in a hundred of all, every one of the gravest."""

from __future__ import annotations

from forecasting.publishing.gates import judged
from tests.publishing.gates.clean import World
from tests.publishing.gates.defects import DEFECTS

EACH = 7


def test_defects_are_blocked_or_held(world: World) -> None:
    assert len(DEFECTS) >= 25
    assert len(DEFECTS) * EACH >= 300
    missed, astray = [], []
    for name, defect in DEFECTS.items():
        for seed in range(EACH):
            made = defect.make(world, seed)
            clean = made.known is world.figures(made.as_of).known
            verdict = judged(world.view(made) if clean else world.fresh(made), {})
            stopping = {*verdict.standing("block"), *verdict.standing("hold")}
            if not stopping:
                missed.append((name, seed))
            elif not {one.gate for one in stopping} & defect.gates:
                astray.append((name, seed, sorted({one.gate for one in stopping})))
    assert [one for one in missed if DEFECTS[one[0]].sure] == []
    assert len(missed) <= 0.01 * len(DEFECTS) * EACH, missed
    assert len(astray) <= 0.02 * len(DEFECTS) * EACH, astray
