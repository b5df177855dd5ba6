"""Text in CSV files that a spreadsheet must not take for a formula, and back.

Quoting does not help: a program that opens the file computes a cell beginning with ``=``, ``+``, ``-`` or ``@``, also
as full-width letters or behind white space. Such text gets an apostrophe before it (OWASP, CSV injection); numbers stay
as they are.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

_COMPUTED = re.compile(
    r"'*(?:[\t\r\n\x00]|[\s\x00\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]*[=+\-@＝＋－＠])"
)


def guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose text cells begin as no formula does; a carriage return, which pandas leaves bare, is a new line.

    >>> guarded(pd.DataFrame({"note": ["=1+1", "-1.5", "\\uff0b1", "'@a", "a=b"]}))["note"].tolist()
    ["'=1+1", '-1.5', "'＋1", "''@a", 'a=b']
    >>> guarded(pd.DataFrame({"note": ["a\\rb"]})).to_csv(index=False, lineterminator="\\n")
    'note\\n"a\\nb"\\n'
    """
    text = frame.select_dtypes(exclude=["number", "bool", "datetime"]).columns
    return frame.assign(**{name: frame[name].map(_guarded) for name in text})


def unguarded(cell: str) -> str:
    """The text :func:`guarded` was given.

    >>> unguarded("'=1+1"), unguarded("''@a"), unguarded("'a")
    ('=1+1', "'@a", "'a")
    """
    return cell[1:] if cell.startswith("'") and _COMPUTED.match(cell) else cell


def _guarded(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    if not _COMPUTED.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
