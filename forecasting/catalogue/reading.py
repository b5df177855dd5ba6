"""Strict reading of YAML: safe, small, without aliases or duplicate keys, all faults of a file at once."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from forecasting.catalogue.redaction import redacted
from forecasting.errors import ConfigError, Fault, InputMissing, nearest

MAX_YAML_BYTES = 512 * 1024


# libyaml reads the same files several times as fast; a Python without it reads them all the same.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Base):  # type: ignore[misc]
    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"{str(node.value)[:40]!r} cannot be read: {error} (line {line})") from error

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable):
                raise yaml.YAMLError(f"a list or a mapping is no key (line {line})")
            if key in seen:
                raise yaml.YAMLError(f"key {key!r} stands twice (line {line})")
            seen.add(key)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return made


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
Record = TypeVar("Record", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, read safely; :class:`ConfigError` or :class:`InputMissing` otherwise."""
    if not path.is_file():
        raise InputMissing(f"{path} is missing; it must be a YAML file")
    raw = path.read_bytes()
    if len(raw) > MAX_YAML_BYTES:
        raise ConfigError(f"{path}: {len(raw)} bytes is more than {MAX_YAML_BYTES}; split the file")
    try:
        return _load(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: invalid YAML: {' '.join(str(error).split())}; mend the file") from None


def _load(text: str) -> Any:
    if "&" in text or "*" in text:
        for event in yaml.parse(text, Loader=_Base):
            if isinstance(event, yaml.events.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else "?"
                raise yaml.YAMLError(f"anchors and aliases are not allowed (line {line})")
    return yaml.load(text, Loader=_StrictLoader)


def _fault(path: Path, error: Any, model: type[BaseModel], page: str) -> Fault:
    where = f"{path}: {'.'.join(str(part) for part in error['loc']) or 'top level'}"
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, error["loc"])
        return Fault(where, "unknown key", nearest(str(error["loc"][-1]), known) if known else "remove it")
    given = redacted(repr(error["input"]))[:80]
    found = error["msg"] if error["type"] == "missing" else f"{error['msg']} (found {given})"
    return Fault(where, found, f"see {page}")


def _unprintable(path: Path, content: Any, at: str = "") -> Iterator[Fault]:
    """Control characters, which no page, chart or workbook may hold."""
    if isinstance(content, Mapping):
        for key, one in content.items():
            inside = f"{at}.{key}".lstrip(".")
            yield from list(_unprintable(path, key, at)) or _unprintable(path, one, inside)
    elif isinstance(content, list):
        for place, one in enumerate(content):
            yield from _unprintable(path, one, f"{at}.{place}".lstrip("."))
    elif isinstance(content, str) and (found := _CONTROL.search(content)):
        said = f"a control character ({found.group()!r}) in {content[:40]!r}"
        yield Fault(f"{path}: {at or 'top level'}", said, "remove it")


def _known_keys(model: type[BaseModel], location: tuple[Any, ...]) -> set[str]:
    here: Any = model
    for part in location[:-1]:
        if hasattr(here, "model_fields") and part in here.model_fields:
            here = here.model_fields[part].annotation
        while not hasattr(here, "model_fields") and getattr(here, "__args__", None):
            here = next((a for a in reversed(here.__args__) if hasattr(a, "model_fields")), here.__args__[-1])
    return set(here.model_fields) if hasattr(here, "model_fields") else set()


def validate(path: Path, content: Any, model: type[Record], page: str = "docs/data-format.md") -> Record:
    """A record made from a file's content; all faults of the file in one :class:`ConfigError` that names a page."""
    if faults := list(_unprintable(path, content)):
        raise ConfigError(f"{path}: {len(faults)} fault(s)", faults)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [_fault(path, each, model, page) for each in error.errors()]
        raise ConfigError(f"{path}: {len(faults)} fault(s)", faults) from None


def read_record(path: Path, model: type[Record]) -> Record:
    """Read and validate a YAML file in one step."""
    return validate(path, read_yaml(path), model)
