"""What the fault tests counted: each test leaves a file, ``python -m tests.faults.figures`` adds them up.

The table goes into docs/reliability.md between its markers with ``--write``; without, the command prints it and ends
with 1 when a figure is missing or is not what must hold.
"""

from __future__ import annotations

import json
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
