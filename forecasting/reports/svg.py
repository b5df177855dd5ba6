"""Makes matplotlib's SVG fit to stand inside a page: small, accessible, without inline styles.

Inline styles become presentation attributes, so that a page may forbid inline styles altogether; ids that
nothing refers to go, the others carry the chart's id; groups that say nothing are dissolved; coordinates keep
one decimal.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

Element = ElementTree.Element
_DECIMAL = re.compile(r"-?\d+\.\d+")
_FONT = re.compile(r"(?P<style>(?:\w+ )*?)(?P<size>[\d.]+)px .*", re.DOTALL)
_COORDINATES = frozenset({"d", "x", "y", "width", "height", "transform"})


def tidy(svg: str, id: str, title: str, description: str) -> str:
    """The SVG with role, title and description, ready to be put into a page."""
    drawn = ElementTree.fromstring(svg)
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": drawn.attrib["viewBox"]})
    root.attrib |= {
        "role": "img",
        "stroke-linejoin": "round",
        "font-family": "DejaVu Sans, Noto Sans, Verdana, sans-serif",
        "aria-labelledby": f"{id}-title {id}-desc",
    }
    for name, text in (("title", title), ("desc", description)):
        ElementTree.SubElement(root, name, {"id": f"{id}-{name}"}).text = text
    for child in drawn:
        for kept in _kept(child):
            root.append(kept)
    _rename_ids(root, id)
    ElementTree.indent(root, "")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _kept(element: Element) -> list[Element]:
    """What is left of an element: itself, its children when it only groups them, or nothing."""
    name = element.tag.rpartition("}")[2]
    if name in ("metadata", "style"):
        return []
    children = [kept for child in element for kept in _kept(child)]
    attributes = _cleaned(element.attrib)
    if name == "g" and not set(attributes) - {"id"}:
        return children
    if name == "defs" and not children:
        return []
    if name == "path" and attributes.get("fill") == "none" and "stroke" not in attributes:
        return []
    made = Element(name, attributes)
    made.text = element.text if name == "text" else None
    made.extend(children)
    return [made]


def _cleaned(attributes: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for full, value in attributes.items():
        name = full.rpartition("}")[2]
        if name == "style":
            found |= _declarations(value)
        elif name == "transform" and value.startswith("rotate(-0 "):
            continue
        else:
            found[name] = _short(value) if name in _COORDINATES else value
    return found


def _declarations(style: str) -> dict[str, str]:
    """Presentation attributes for the declarations of a style attribute.

    >>> _declarations("fill: #fff; font: bold 8px 'DejaVu Sans', sans-serif; text-anchor: end")
    {'fill': '#fff', 'font-weight': 'bold', 'font-size': '8', 'text-anchor': 'end'}
    """
    found: dict[str, str] = {}
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            match = _FONT.fullmatch(value)
            if match and ("bold" in match["style"] or "700" in match["style"]):
                found["font-weight"] = "bold"
            if match:
                found["font-size"] = match["size"]
        elif name == "font-size":
            found["font-size"] = value.removesuffix("px")
        elif name and name not in ("font-family", "stroke-dashoffset"):
            found[name] = value
    return found


def _short(coordinates: str) -> str:
    """Coordinates with one decimal and single spaces, repeated line commands left out.

    >>> _short("M 12.345678 9.0 L 3.04 -0.01 L 4 5 z")
    'M12.3 9L3 0 4 5z'
    """
    rounded = _DECIMAL.sub(lambda match: f"{round(float(match[0]), 1) + 0.0:g}", coordinates)
    tokens: list[str] = []
    last = ""
    for token in rounded.split():
        if token == "L" and last == "L":
            continue
        if token.isalpha():
            last = token
        tokens.append(token)
    return re.sub(r" ?([A-Za-z]) ?", r"\1", " ".join(tokens)) if tokens[:1] == ["M"] else " ".join(tokens)


def _rename_ids(root: Element, id: str) -> None:
    values = [value for element in root.iter() for value in element.attrib.values()]
    used = {match for value in values for match in re.findall(r"(?:^|url\()#([^)]+)", value)}
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id" and element.tag not in ("title", "desc"):
                if value in used:
                    element.attrib["id"] = f"{id}-{value}"
                else:
                    del element.attrib["id"]
            elif name == "href" or "url(#" in value:
                element.attrib[name] = re.sub(r"^#|(?<=url\()#", f"#{id}-", value)
