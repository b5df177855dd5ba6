"""Whether a tracking server or a database answers at all, asked in seconds before MLflow's own retries begin."""

from __future__ import annotations

import socket
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException

PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
THERE = {401, 403, 404}  # it answers; MLflow itself will say what it minds


def http(uri: str, within: float) -> str:
    """What is wrong with a tracking server, empty when it answers; each read waits ``within`` seconds."""
    parts = urllib.parse.urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    address = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/health"
    try:
        with urllib.request.urlopen(address, timeout=within):
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code in THERE else f"{address} gives {error.code}"
    except (OSError, ValueError, HTTPException) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__


def port(uri: str, within: float) -> str:
    """What is wrong with the port of a database server, empty when it can be reached."""
    parts = urllib.parse.urlsplit(uri)
    number = parts.port or PORTS.get(parts.scheme.split("+")[0], 1433)
    try:
        with socket.create_connection((parts.hostname or "localhost", number), timeout=within):
            return ""
    except (OSError, ValueError) as error:
        return f"port {number}: {getattr(error, 'strerror', None) or error}"
