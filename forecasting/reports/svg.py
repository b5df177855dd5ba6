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
    texts = [
        child for child in root if child.tag == "text"
    ]  # last, above everything, so that they can be grouped
    for one in texts:
        root.remove(one)
    root.extend(texts)
    _group_alike(root)
    return (
        ElementTree.tostring(root, encoding="unicode", short_empty_elements=True).replace(" />", "/>") + "\n"
    )


_OWN = frozenset({"id", "d", "x", "y", "width", "height", "transform", "href", "viewBox", "points"})


def _group_alike(root: Element) -> None:
    """Neighbours with the same presentation go into one group that says it once."""
    made: list[Element] = []
    for child in list(root):
        root.remove(child)
        _group_alike(child)
        shared = {name: value for name, value in child.attrib.items() if name not in _OWN}
        group = made[-1] if made else None
        if shared and child.tag in ("path", "text", "use"):
            if (
                group is not None
                and group.tag == "g"
                and group.get("_alike")
                and dict(_told(group)) == shared
            ):
                _strip(child, shared)
                group.append(child)
                continue
            if group is not None and group.tag == child.tag and dict(_told(group)) == shared:
                both = Element("g", {**shared, "_alike": "1"})
                made[-1] = both
                for one in (group, child):
                    _strip(one, shared)
                    both.append(one)
                continue
        made.append(child)
    for one in made:
        one.attrib.pop("_alike", None)
        root.append(one)


def _told(element: Element) -> list[tuple[str, str]]:
    return [(name, value) for name, value in element.attrib.items() if name not in _OWN and name != "_alike"]


def _strip(element: Element, shared: dict[str, str]) -> None:
    for name in shared:
        del element.attrib[name]


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
    """Coordinates with one decimal; paths of straight lines as steps.

    >>> _short("M 12.345678 9.0 L 3.04 -0.01 L 4 5 z")
    'M12.3 9l-9.3-9 1 5z'
    """
    rounded = _DECIMAL.sub(lambda match: f"{round(float(match[0]), 1) + 0.0:g}", coordinates)
    tokens = rounded.split()
    if tokens[:1] != ["M"]:
        return " ".join(tokens)
    if set(re.findall("[A-Za-z]", rounded)) <= {"M", "L", "z"}:
        return _relative(tokens)
    return re.sub(r" ?([A-Za-z]) ?", r"\1", " ".join(tokens))


def _relative(tokens: list[str]) -> str:
    """A path of straight lines in steps from point to point, in tenths, without what can be left out."""
    told, command, at, start, i = "", "", (0, 0), (0, 0), 0
    while i < len(tokens):
        if tokens[i] == "z":
            told, command, at, i = told + "z", "z", start, i + 1
            continue
        if tokens[i].isalpha():
            new, i = tokens[i], i + 1
        else:
            new = "L"
        point = (round(float(tokens[i]) * 10), round(float(tokens[i + 1]) * 10))
        i += 2
        if new == "M":
            told += f"M{_tenths(point[0])}{_next(_tenths(point[1]))}"
            start, command = point, "M"
        else:
            across, down = _tenths(point[0] - at[0]), _tenths(point[1] - at[1])
            told += (
                ("" if command == "l" else "l") + (_next(across) if command == "l" else across) + _next(down)
            )
            command = "l"
        at = point
    return told


def _tenths(count: int) -> str:
    """A count of tenths as the shortest decimal.

    >>> [_tenths(n) for n in (123, -5, 40, 0)]
    ['12.3', '-.5', '4', '0']
    """
    text = f"{count / 10:g}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _next(number: str) -> str:
    return number if number.startswith("-") else f" {number}"


def _rename_ids(root: Element, id: str) -> None:
    values = [value for element in root.iter() for value in element.attrib.values()]
    used = dict.fromkeys(match for value in values for match in re.findall(r"(?:^|url\()#([^)]+)", value))
    short = {name: f"{id}-{place}" for place, name in enumerate(used)}
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id" and element.tag not in ("title", "desc"):
                if value in used:
                    element.attrib["id"] = short[value]
                else:
                    del element.attrib["id"]
            elif name == "href" or "url(#" in value:
                element.attrib[name] = re.sub(r"(^|url\()#([^)]+)", lambda m: f"{m[1]}#{short[m[2]]}", value)
