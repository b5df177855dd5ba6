"""The address of a store: what it may be, how it is shown without its secrets, and what is said when nobody answers."""

from __future__ import annotations

import re
import traceback
from urllib.parse import urlsplit

from forecasting.errors import ConfigError, Fault, ServiceAway

VARIABLE = "FORECAST_TRACKING_URI"
KINDS = {"sqlite", "http", "https", "postgresql", "mysql", "mssql"}
_USER = re.compile(r"://([^:/?#@\s]*)(:\S*?)?@(?!\S*@)")
_QUERY = re.compile(r"((?:password|passwd|pwd|token|secret)(?:=|%3D))[^&\s]*", re.IGNORECASE)
_DO = "write sqlite:////absolute/path/mlflow.db, https://host:port or postgresql://host/name"


def require_usable(uri: str) -> None:
    """Raise :class:`ConfigError` for an address of no known kind, of a relative path, or without host and port.

    >>> require_usable("postgresql://user:secret@host:99999/name")
    Traceback (most recent call last):
    ...
    forecasting.errors.ConfigError: the tracking address cannot be used
      postgresql://user:…@host:99999/name: its host or port cannot be read; write sqlite:////absolute/path/mlflow.db, \
https://host:port or postgresql://host/name
    """
    scheme = uri.partition("://")[0]
    if not re.fullmatch(r"[a-z]+(\+\w+)?", scheme) or scheme.split("+")[0] not in KINDS:
        found = "unknown kind"
    elif scheme.startswith("sqlite"):
        found = "" if uri.startswith("sqlite:////") else "relative path"
    else:
        found = _unreadable(uri)
    if found:
        raise ConfigError("the tracking address cannot be used", [Fault(shown(uri), found, _DO)])


def _unreadable(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:  # its words may quote a password that was taken for a port
        return "its host or port cannot be read"
    return "" if host or not parts.scheme.startswith("http") else "it names no host"


def shown(text: str) -> str:
    """A text without the passwords and tokens of the addresses in it.

    >>> shown("API request to http://ann:pw@host:80/api and https://token@host/x?password=pw&a=b")
    'API request to http://ann:…@host:80/api and https://…@host/x?password=…&a=b'
    >>> shown("postgresql://ann:p@ss/w@host/name")
    'postgresql://ann:…@host/name'
    """
    text = _USER.sub(lambda found: f"://{found[1]}:…@" if found[2] else "://…@", text)
    return _QUERY.sub(r"\1…", text)


def harmless(error: Exception) -> Exception | None:
    """An error to name as the cause of another; none when its traceback would show a password or token."""
    text = "".join(traceback.format_exception(error))
    return error if shown(text) == text else None


def away(where: str, found: str) -> ServiceAway:
    """The error of a server that does not answer."""
    do = f"start it, correct {VARIABLE}, or unset {VARIABLE} to use the store of this folder"
    return ServiceAway("the tracking server does not answer", [Fault(shown(where), shown(found), do)])
