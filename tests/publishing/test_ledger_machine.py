"""Publish, republish, supersede and retract in any order, killed at any byte, against a model of a few lines."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forecasting.publishing import edition, ledger
from forecasting.publishing.chain import AUDIT, read

# How many bytes of its line a killed run wrote: none, some, all but the newline, all; and whether it was killed at all.
KILL = st.none() | st.floats(0, 1)


class Editions(RuleBasedStateMachine):
    """The model: the order editions were last published in, who replaced whom, what was retracted or corrected."""

    @initialize()
    def start(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ledger-"))
        self.months: dict[str, str] = {}
        self.order: list[str] = []
        self.replaced: dict[str, set[str]] = {}
        self.retracted: list[str] = []
        self.corrected: list[str] = []

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def stands(self, id: str) -> str:
        by, waiting = set(), [id]
        while waiting:
            found = self.replaced.get(waiting.pop(), set())
            by |= found - set(self.retracted)
            waiting += [one for one in found if one in self.retracted]
        return "retracted" if id in self.retracted else "superseded" if by else "current"

    def torn(self, before: int, kill: float | None) -> bool:
        """Cut the line just written as a kill would; whether it still counts."""
        path = self.root / AUDIT
        line = path.stat().st_size - before
        kept = line if kill is None else round(kill * line)
        with path.open("r+b") as file:
            file.truncate(before + kept)
        return kept >= line - 1

    @property
    def size(self) -> int:
        path = self.root / AUDIT
        return path.stat().st_size if path.exists() else 0

    def published(self, id: str) -> None:
        same = [o for o in self.order if o != id and self.months[o] == self.months[id]]
        for other in [o for o in same if self.stands(o) == "current"]:
            self.replaced.setdefault(other, set()).add(id)
        self.replaced.pop(id, None)
        self.order = [*(o for o in self.order if o != id), id]

    @rule(month=st.sampled_from(["2026-09", "2026-10"]), kill=KILL, pointed=st.booleans())
    def publish(self, month: str, kill: float | None, pointed: bool) -> None:
        id, before, last = f"2026-11-22-{len(self.months):08x}", self.size, edition.latest(self.root)
        edition.write(self.root, id, {"a.csv": b"1\n"}, {"as_of": f"{month}-15", "key": id})
        self.months[id] = month
        ledger.record(self.root, id)
        self.torn(before, kill)
        if kill is not None and not pointed and last is not None and self.size == before:
            edition.point(self.root, last.name)
        self.published(id)

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def publish_again(self, data: st.DataObject) -> None:
        fit = [id for id in self.order if id not in self.retracted]
        if fit:
            id = data.draw(st.sampled_from(fit))
            edition.point(self.root, id)
            ledger.record(self.root, id)
            self.published(id)

    @precondition(lambda self: len(self.retracted) < len(self.order))
    @rule(data=st.data(), kill=KILL, moved=st.booleans())
    def retract(self, data: st.DataObject, kill: float | None, moved: bool) -> None:
        id = data.draw(st.sampled_from([id for id in self.order if id not in self.retracted]))
        before, last = self.size, edition.latest(self.root)
        ledger.retract(self.root, id, f"reason {before}")
        counts = self.torn(before, kill)
        if kill is not None and last is not None and not (moved and counts):
            edition.point(self.root, last.name)
        if counts:
            self.retracted.append(id)
            self.corrected.append(f"reason {before}")

    @precondition(lambda self: len(self.order) > 1)
    @rule(data=st.data(), kill=KILL)
    def supersede(self, data: st.DataObject, kill: float | None) -> None:
        place = data.draw(st.integers(0, len(self.order) - 2))
        later = [id for id in self.order[place + 1 :] if id not in self.retracted]
        if later:
            before = self.size
            by = data.draw(st.sampled_from(later))
            ledger.supersede(self.root, self.order[place], by, "minor", f"what {before}")
            if self.torn(before, kill):
                self.replaced.setdefault(self.order[place], set()).add(by)
                self.corrected.append(f"what {before}")

    @invariant()
    def agrees(self) -> None:
        recorded = read(self.root)
        ledger.reconcile(self.root)
        known = ledger.ledger(self.root)
        assert read(self.root)[: len(recorded)] == recorded
        assert {id: known.status(id) for id in known.editions} == {id: self.stands(id) for id in self.order}
        good = [id for id in self.order if id not in self.retracted]
        pointed = edition.latest(self.root)
        assert (pointed.name if pointed else None) == (good[-1] if good else None)
        assert known.ranked == good[::-1]
        assert list(ledger.errata(self.root)["what"]) == self.corrected
        assert ledger.all_damage(self.root) == []
        assert ledger.reconcile(self.root) == []


TestEditions = Editions.TestCase
TestEditions.settings = settings(max_examples=25, stateful_step_count=10)
