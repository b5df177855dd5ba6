"""Reasons people give on the command line and readers find in reports: one printable line each."""

from __future__ import annotations

from forecasting.errors import UsageError


def said(option: str, text: str) -> str:
    """The text of an option in one line; :class:`UsageError` when it is empty or holds what cannot be printed.

    >>> said("--reason", "Imports were\\n counted  twice.")
    'Imports were counted twice.'
    """
    line = " ".join(text.split())
    joined = line.replace("\u200c", "").replace("\u200d", "")  # Indian scripts join letters with these two
    if not joined or not joined.isprintable():
        raise UsageError(f"{option} {text!r} says nothing; give a sentence readers will understand")
    return line
