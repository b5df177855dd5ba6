"""A Devanagari font cut down to the letters of a page, embedded in its style sheet (SIL Open Font License)."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from importlib.resources import as_file, files

REGULAR = "NotoSansDevanagari-Regular.ttf"


@lru_cache(maxsize=4)
def devanagari_face(text: str) -> str:
    """An ``@font-face`` rule with the Devanagari glyphs that a text needs; the same bytes for the same text."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    wanted = {ord(letter) for letter in text if "\u0900" <= letter <= "\u097f"} | {0x200C, 0x200D, 0x25CC}
    options = Options()
    options.hinting = False
    options.recalc_timestamp = False
    options.flavor = "woff"
    buffer = io.BytesIO()
    with as_file(files("forecasting.reports").joinpath("fonts", REGULAR)) as path:
        font = TTFont(path, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(buffer)
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        '@font-face { font-family: "Report Devanagari"; unicode-range: U+0900-097F, U+200C-200D, U+25CC; '
        f"src: url(data:font/woff;base64,{data}) format('woff'); }}\n"
    )
