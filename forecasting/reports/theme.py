"""The colours of the page, read from its style sheet, and whether they can be told apart (WCAG 2.2, AA)."""

from __future__ import annotations

import re

# Text or mark, ground, least contrast.
PAIRS: tuple[tuple[str, str, float], ...] = (
    ("ink", "page", 4.5), ("quiet", "page", 4.5), ("link", "page", 4.5), ("accent", "page", 4.5),
    ("ink", "faint", 4.5), ("quiet", "faint", 4.5), ("link", "faint", 4.5),
    ("good", "faint", 4.5), ("warn", "faint", 4.5), ("bad", "faint", 4.5),
    ("warn", "page", 4.5), ("field", "page", 3.0),
)  # fmt: skip


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb`` or ``#rgb``.

    >>> luminance("#fff"), luminance("#000000")
    (1.0, 0.0)
    """
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return round(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2], 10)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours.

    >>> contrast("#000", "#fff")
    21.0
    """
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return round((high + 0.05) / (low + 0.05), 4)


def colours(style: str) -> dict[str, dict[str, str]]:
    """The colour variables of a style sheet by theme, light and dark; dark takes over what it does not set."""
    declared = re.compile(r"--([\w-]+):\s*(#[0-9a-fA-F]{3,6})\b")
    blocks = re.findall(r":root\s*\{([^}]*)\}", style)
    light = dict(declared.findall(blocks[0])) if blocks else {}
    at = style.find("prefers-color-scheme: dark")
    dark = re.search(r":root\s*\{([^}]*)\}", style[at:]) if at >= 0 else None
    return {"light": light, "dark": {**light, **dict(declared.findall(dark[1] if dark else ""))}}


def shortfalls(style: str) -> list[str]:
    """The pairs of colours of a style sheet that are too alike, in words."""
    found = []
    for theme, named in colours(style).items():
        for one, ground, least in PAIRS:
            if one not in named or ground not in named:
                found.append(f"{theme}: no colour --{one if one not in named else ground}")
                continue
            ratio = contrast(named[one], named[ground])
            if ratio < least:
                found.append(
                    f"{theme}: --{one} {named[one]} on --{ground} {named[ground]} has {ratio:.2f}:1, needs {least}:1"
                )
    return found
