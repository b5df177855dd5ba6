"""An organisation's own look without code: a folder with ``brand.yaml``, a logo, style and templates of its own."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from forecasting.catalogue import Strict, read_record
from forecasting.errors import ConfigError, Fault, InputMissing, nearest
from forecasting.reports.theme import shortfalls

OWN = (
    "report.html.j2",
    "macros.html.j2",
    "report.css",
    "report.js",
    "report.typ",
    "index.html.j2",
    "leaderboard.html.j2",
    "notice.html.j2",
)
KNOWN = (*OWN, "brand.yaml", "brand.css")
LOGOS = {".svg": "image/svg+xml", ".png": "image/png"}
MAX_LOGO = 50_000
Colour = Field(default=None, pattern=r"^#[0-9a-fA-F]{6}$")


class _BrandFile(Strict):
    organisation: str
    note: str = ""
    accent: str | None = Colour
    accent_dark: str | None = Colour
    logo: str | None = None
    logo_alt: str = ""


@dataclass(frozen=True)
class Brand:
    """The look of a report: who publishes it, its style, and its templates by name."""

    organisation: str = ""
    note: str = ""
    logo: str = ""
    logo_alt: str = ""
    style: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """A template: the organisation's own, else the one shipped."""
        own = self.templates.get(name)
        if own is not None:
            return own
        return files("forecasting.reports").joinpath("templates", name).read_text(encoding="utf-8")

    @property
    def sheet(self) -> str:
        """The whole style sheet."""
        return self.source("report.css") + self.style


def read_brand(folder: Path) -> Brand:
    """The brand of a folder.

    Raises :class:`InputMissing` when the folder or its ``brand.yaml`` is missing and :class:`ConfigError` with every
    fault: files nobody knows, a logo that is none, colours that cannot be read on the page.
    """
    path = folder / "brand.yaml"
    if not path.is_file():
        raise InputMissing(f"{path} is missing; write at least `organisation: NAME` into it")
    record = read_record(path, _BrandFile)
    faults = [
        Fault(str(one), "unknown file", nearest(one.name, KNOWN))
        for one in sorted(folder.iterdir())
        if one.is_file()
        and one.name not in KNOWN
        and one.name != record.logo
        and not one.name.startswith(".")
    ]
    templates = {
        name: (folder / name).read_text(encoding="utf-8") for name in OWN if (folder / name).is_file()
    }
    style = ""
    if record.accent:
        style += f":root {{ --accent: {record.accent}; }}\n"
    if record.accent_dark:
        style += f"@media (prefers-color-scheme: dark) {{ :root {{ --accent: {record.accent_dark}; }} }}\n"
    own = folder / "brand.css"
    style += own.read_text(encoding="utf-8") if own.is_file() else ""
    logo = _logo(folder, record, faults)
    brand = Brand(record.organisation, record.note, logo, record.logo_alt, style, templates)
    faults += [
        Fault(str(path), said, "choose a colour of more contrast") for said in _unreadable(brand, record)
    ]
    if "@import" in style or "http:" in style or "https:" in style:
        faults.append(
            Fault(str(own), "loads something from elsewhere", "a report asks for nothing: leave it out")
        )
    if faults:
        raise ConfigError(f"{folder}: {len(faults)} fault(s) in this brand", faults)
    return brand


def _logo(folder: Path, record: _BrandFile, faults: list[Fault]) -> str:
    if not record.logo:
        return ""
    path = folder / record.logo
    where = f"{folder / 'brand.yaml'}: logo"
    if path.parent != folder or path.suffix not in LOGOS or not path.is_file():
        faults.append(
            Fault(where, f"{record.logo!r} is no picture in this folder", "name an .svg or .png beside it")
        )
        return ""
    content = path.read_bytes()
    if len(content) > MAX_LOGO:
        faults.append(Fault(where, f"{len(content):,} bytes", f"make it smaller than {MAX_LOGO:,}"))
    if not record.logo_alt:
        faults.append(Fault(where, "no text for those who cannot see it", "write logo_alt"))
    return f"data:{LOGOS[path.suffix]};base64,{base64.b64encode(content).decode()}"


def _unreadable(brand: Brand, record: _BrandFile) -> list[str]:
    sheet = brand.source("report.css")
    if record.accent:
        sheet = _replaced(sheet, record.accent, dark=False)
    if record.accent_dark:
        sheet = _replaced(sheet, record.accent_dark, dark=True)
    return shortfalls(sheet)


def _replaced(sheet: str, colour: str, dark: bool) -> str:
    """The sheet with the accent of one theme set, so that its contrast can be measured."""
    at = sheet.find("prefers-color-scheme: dark")
    parts = [sheet[:at], sheet[at:]] if at >= 0 else [sheet, ""]
    place = 1 if dark else 0
    parts[place] = re.sub(r"--accent:\s*#[0-9a-fA-F]{3,6}", f"--accent: {colour}", parts[place])
    return "".join(parts)
