"""What the fault tests counted: each test leaves a file, ``python -m tests.faults.figures`` adds them up.

The table goes into docs/reliability.md between its markers with ``--write``; without, the command prints it and ends
with 1 when a figure is missing or is not what must hold.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "faults"
PAGE = ROOT / "docs" / "reliability.md"
START, END = "<!-- figures -->", "<!-- end of figures -->"


def count(figure: str, part: object = "", **numbers: float) -> None:
    """Keep what a test counted for a figure; ``part`` tells tests of the same figure apart."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{figure}{f'.{part}' if part != '' else ''}.json"
    path.write_text(json.dumps(numbers), encoding="utf-8")


def total(figure: str) -> dict[str, float]:
    """The numbers of all parts of a figure, added up."""
    found: dict[str, float] = {}
    for path in [*FOLDER.glob(f"{figure}.json"), *FOLDER.glob(f"{figure}.*.json")]:
        for name, number in json.loads(path.read_text(encoding="utf-8")).items():
            found[name] = found.get(name, 0) + number
    return found


Numbers = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One promise: what was counted in which figures, in words, and when it holds."""

    promise: str
    figures: tuple[str, ...]
    words: str
    holds: Callable[[Numbers], bool]

    def counted(self) -> Numbers:
        found: Numbers = {}
        for figure in self.figures:
            for name, number in total(figure).items():
                found[name] = found.get(name, 0) + number
        return found


ROWS = (
    Row(
        "kill −9 at every call of a publish that changes the disk",
        ("kill",),
        "{points} points: {torn} torn editions, {not_recovered} runs not recovered by the next, {litter} with litter",
        lambda n: n["points"] >= 100 and not n["torn"] + n["not_recovered"] + n["litter"],
    ),
    Row(
        "the same while fits and renderers really run",
        ("kill_real",),
        "{points} points",
        lambda n: n["points"] >= 10,
    ),
    Row(
        "ENOSPC, EIO or EFBIG at every such call",
        ("disk",),
        "{faults} faults: {torn} torn, {wrong_code} wrong exit codes "
        "(0 {code_0}, 3 {code_3}, 73 {code_73}, 74 {code_74})",
        lambda n: n["faults"] >= 300 and not n["torn"] + n["wrong_code"],
    ),
    Row(
        "a reader beside publishes",
        ("readers",),
        "{publishes} publishes, {reads} reads: {bad} bad or mixed",
        lambda n: n["publishes"] >= 200 and n["reads"] >= 100_000 and not n["bad"],
    ),
    Row(
        "publishers at once",
        ("publishers",),
        "{publishers} at once, {rounds} rounds: {more_or_fewer_than_one} rounds without exactly one edition, "
        "{wrong_code} other exit codes than 75",
        lambda n: n["rounds"] >= 20 and not n["more_or_fewer_than_one"] + n["wrong_code"],
    ),
    Row(
        "other clocks, time zones, locales, hash seeds, folder, umask, home, user",
        ("places",),
        "{places} places ({not_possible} more not possible there), {files} files: {differing} differ",
        lambda n: n["places"] >= 12 and n["places"] + n["not_possible"] >= 13 and not n["differing"],
    ),
    Row(
        "MLflow refused, 500, 503, 429, 403, hanging, dripping, locked",
        ("tracking",),
        "{faults} faults: {not_published} not published, {over_budget} waited for longer than 30 s",
        lambda n: n["faults"] >= 8 and not n["not_published"] + n["over_budget"],
    ),
    Row(
        "spool delivered while it is killed",
        ("spool",),
        "{kills} kills: {lost} records lost, {doubled} doubled",
        lambda n: n["kills"] >= 50 and not n["lost"] + n["doubled"],
    ),
    Row(
        "each series broken by an exception, a hang, bad numbers, a crash",
        ("series",),
        "{broken} broken fits: {others_changed} other series changed, {unmarked} not marked, {omitted} left out; "
        "{held} held back by the rules",
        lambda n: n["broken"] >= 60 and not n["others_changed"] + n["unmarked"] + n["omitted"],
    ),
    Row(
        "one flipped bit in an edition, a release, the audit file",
        ("flips_edition", "flips_release", "flips_audit"),
        "{flips} flips in {files} files: {missed} missed",
        lambda n: n["flips"] >= 1000 and not n["missed"],
    ),
    Row(
        "hostile text in titles, notes, sources, assumptions, scenarios",
        ("payloads",),
        "{payloads} payloads ({refused} refused): {formula_cells} formula cells, {raw_html} raw HTML, "
        "{sockets} sockets",
        lambda n: n["payloads"] >= 150 and not n["formula_cells"] + n["raw_html"] + n["sockets"],
    ),
    Row(
        "hostile units, identifiers, file names, names on the command line",
        ("identifiers", "file_names", "names"),
        "{tried} tried, {refused} refused: {escapes} paths outside the folder",
        lambda n: n["tried"] >= 600 and not n["escapes"],
    ),
    Row(
        "each class of fault: exit code, one hook, last good edition kept, metrics",
        ("contract",),
        "{classes} classes: {wrong} wrong",
        lambda n: n["classes"] >= 20 and not n["wrong"],
    ),
)


def table() -> str:
    lines = ["| what is done to it | what was counted |", "|---|---|"]
    for row in ROWS:
        counted = {name: f"{number:,.0f}" for name, number in row.counted().items()}
        lines.append(f"| {row.promise} | {row.words.format_map(defaultdict(lambda: '0', counted))} |")
    return "\n".join(lines)


def main() -> int:
    wrong = []
    for row in ROWS:
        counted: defaultdict[str, float] = defaultdict(float, row.counted())
        if not row.holds(counted):
            wrong.append(row.promise)
    print(table())
    if "--write" in sys.argv:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{START}\n\n{table()}\n\n{END}{after}", encoding="utf-8")
    for promise in wrong:
        print(f"does not hold, or was not counted: {promise}", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
