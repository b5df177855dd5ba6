"""Makes matplotlib's SVG fit to stand inside a page: small, accessible, without inline styles.

Inline styles become presentation attributes, so that a page may forbid inline styles altogether; ids that
nothing refers to go, the others carry the chart's id; coordinates keep one decimal.
"""

from __future__ import annotations

import re
from html import escape

_DECLARATION = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE_BLOCK = re.compile(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_STYLE = re.compile(r' style="([^"]*)"')
_COORDINATES = re.compile(r'( (?:d|x|y|transform|width|height)=")([^"]*)"')
_DECIMAL = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]+)')
_ID = re.compile(r' id="([^"]+)"')
_OPENING = re.compile(r"<svg\b[^>]*>")
_VIEWBOX = re.compile(r'viewBox="([^"]+)"')
_FONT = re.compile(r"(?P<style>(?:\w+ )*?)(?P<size>[\d.]+)px .*", re.DOTALL)


def tidy(svg: str, id: str, title: str, description: str) -> str:
    """The SVG with role, title and description, ready to be put into a page."""
    for pattern in (_DECLARATION, _METADATA, _STYLE_BLOCK, _COMMENT):
        svg = pattern.sub("", svg)
    svg = _STYLE.sub(lambda match: _attributes(match[1]), svg)
    svg = _COORDINATES.sub(lambda match: match[1] + _short(match[2]) + '"', svg)
    used = set(_REFERENCE.findall(svg))
    svg = _ID.sub(lambda match: f' id="{id}-{match[1]}"' if match[1] in used else "", svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{id}-", svg)
    svg = svg.replace("xlink:href=", "href=")
    box = _VIEWBOX.search(svg)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box[1] if box else "0 0 547 295"}" role="img" '
        f'stroke-linejoin="round" aria-labelledby="{id}-title {id}-desc">'
        f'<title id="{id}-title">{escape(title)}</title><desc id="{id}-desc">{escape(description)}</desc>'
    )
    svg = _OPENING.sub(lambda _: opening, svg, count=1)
    return re.sub(r"\s*\n\s*", "\n", svg).strip() + "\n"


def _short(coordinates: str) -> str:
    """Coordinates with one decimal and single spaces.

    >>> _short("M 12.345678 9.0\\nL 3.04 -0.01")
    'M 12.3 9 L 3 0'
    """
    rounded = _DECIMAL.sub(lambda match: f"{round(float(match[0]), 1) + 0.0:g}", coordinates)
    return " ".join(rounded.split())


def _attributes(style: str) -> str:
    """Presentation attributes for the declarations of a style attribute.

    >>> _attributes("fill: #fff; font: bold 8px 'DejaVu Sans', sans-serif; text-anchor: end")
    ' fill="#fff" font-weight="bold" font-size="8" text-anchor="end"'
    """
    written = []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            match = _FONT.fullmatch(value)
            if match:
                if "bold" in match["style"] or "700" in match["style"]:
                    written.append('font-weight="bold"')
                written.append(f'font-size="{match["size"]}"')
        elif name == "font-size":
            written.append(f'font-size="{value.removesuffix("px")}"')
        elif name and name != "font-family":
            written.append(f'{name}="{escape(value)}"')
    return "".join(f" {attribute}" for attribute in written)
