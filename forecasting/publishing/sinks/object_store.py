"""Editions in an object store, through fsspec: files first, the manifest last, then the pointers.

::

    <address>/<edition>/…                 as in the edition's folder, immutable
    <address>/<edition>/MANIFEST.json     written when everything it lists has been read back
    <address>/editions.json               every delivered edition, when it was valid and what became of it
    <address>/latest.json                 the current edition and the hash of its manifest: read this first
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forecasting.catalogue.sinks import ObjectStoreRecord
from forecasting.errors import ConfigError, DataError, ForecastingError, ServiceAway
from forecasting.publishing.edition import MANIFEST, digest_of, read_manifest
from forecasting.publishing.sinks.accounts import Account, accounts, current, damage, require_of_root
from forecasting.publishing.sinks.base import Delivered, from_environment, present

LATEST, EDITIONS = "latest.json", "editions.json"
CONNECT_SECONDS, READ_SECONDS = 5, 30
_EDITION = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}")
PASSING = (408, 429)  # statuses below 500 that may pass; RFC 9110 and RFC 6585


class ObjectStore:
    """Delivers each edition into an object store; what lies there already and is right is not sent again."""

    whole = False

    def __init__(self, record: ObjectStoreRecord) -> None:
        self.record = record
        self.name = record.name
        self._opened: dict[tuple[str | None, str | None], tuple[Any, str]] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        return present([self.record.key_env, self.record.secret_env])

    def deliver(self, folder: Path, root: Path) -> Delivered:
        """Bring one edition and the pointers there; every byte is read back and compared.

        Raises :class:`DataError` for an edition that is not what was published, when the pointers are brought all the
        same, and before anything is written when the place holds an edition of another editions folder.
        """
        damaged = damage(folder, root)
        key, secret = from_environment(self.name, [self.record.key_env, self.record.secret_env])
        with self._translated():
            if (key, secret) not in self._opened:
                self._opened[key, secret] = self._open(key, secret)
            store, base = self._opened[key, secret]
            told = accounts(root)
            require_of_root(self._where, _listed(store, base), told, root)
            if damaged:
                self._point(store, base, told)
                raise damaged
            manifest, sent = read_manifest(folder), 0
            for entry in manifest["files"]:
                content = (folder / entry["path"]).read_bytes()
                sent += self._put(store, f"{base}/{folder.name}/{entry['path']}", content)
            sealed = (folder / MANIFEST).read_bytes()
            sent += self._put(store, f"{base}/{folder.name}/{MANIFEST}", sealed)
            sent += self._point(store, base, told)
        held = f"{self.record.address}/{folder.name}"
        return Delivered(sent > 0, f"{held}: {len(manifest['files'])} files, {sent} objects written")

    @property
    def _where(self) -> str:
        return f"sink {self.name} at {self.record.address}"

    def _open(self, key: str | None, secret: str | None) -> tuple[Any, str]:
        import fsspec

        options: dict[str, Any] = {"skip_instance_cache": True}
        if self.record.address.startswith("s3:"):
            plain = dict.fromkeys(
                ("request_checksum_calculation", "response_checksum_validation"), "when_required"
            )
            limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
            options |= {
                "key": key,
                "secret": secret,
                "endpoint_url": self.record.endpoint,
                "use_listings_cache": False,
                "client_kwargs": {"region_name": self.record.region} if self.record.region else {},
                "config_kwargs": {**plain, **limits, "retries": {"total_max_attempts": 1}},
            }
        store, base = fsspec.core.url_to_fs(self.record.address, **options)
        store.retries = 1
        return store, str(base).rstrip("/")

    def _put(self, store: Any, path: str, content: bytes) -> int:
        """Write an object unless it lies there already, and read it back; 1 when it was written."""
        if _held(store, path) == content:
            return 0
        if "file" in _protocols(store):
            draft = f"{path}.part"
            store.makedirs(path.rpartition("/")[0], exist_ok=True)
            store.pipe_file(draft, content)
            Path(draft).replace(path)
        else:
            store.pipe_file(path, content)
        back = _held(store, path)
        if back != content:
            found = "nothing" if back is None else f"{len(back)} bytes, SHA-256 {digest_of(back)[:12]}"
            raise ServiceAway(
                f"{path}: wrote {len(content)} bytes, SHA-256 {digest_of(content)[:12]}, but read back {found}"
            )
        return 1

    def _point(self, store: Any, base: str, told: Sequence[Account]) -> int:
        """Write the pointers, from the editions that have arrived whole."""
        arrived = [
            one
            for one in told
            if (held := _held(store, f"{base}/{one.edition}/{MANIFEST}")) is not None
            and digest_of(held) == one.manifest_sha256
        ]
        listed = _json({"editions": [one.told() for one in arrived]})
        sent = self._put(store, f"{base}/{EDITIONS}", listed)
        now = current(arrived)
        latest = {**now.told(), "manifest": f"{now.edition}/{MANIFEST}"} if now else {"edition": None}
        return sent + self._put(store, f"{base}/{LATEST}", _json(latest))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the store and the network say, as errors of this package."""
        from botocore.exceptions import BotoCoreError, HTTPClientError
        from botocore.exceptions import ConnectionError as Unreachable

        where = self._where
        try:
            yield
        except ForecastingError:
            raise
        except (HTTPClientError, Unreachable) as error:
            raise ServiceAway(f"{where} does not answer ({error})") from error
        except BotoCoreError as error:
            raise ConfigError(f"{where}: {error}; set its credentials and region") from error
        except OSError as error:
            raise _said(where, error) from error


def _said(where: str, error: OSError) -> ForecastingError:
    response = getattr(error.__cause__, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = str(error) or type(error).__name__
    if status is None and isinstance(error, ConnectionError | TimeoutError):
        return ServiceAway(f"{where} does not answer ({said})")
    if status is None:
        return DataError(f"{where}: {said}; make the place writable")
    if status >= 500 or status in PASSING:
        return ServiceAway(f"{where} answers {status} ({said})")
    return ConfigError(f"{where} refuses with {status} ({said}); check bucket, credentials and their rights")


def _held(store: Any, path: str) -> bytes | None:
    try:
        content: bytes = store.cat_file(path)
    except FileNotFoundError:
        return None
    return content


def _listed(store: Any, base: str) -> dict[str, str]:
    """The editions that lie at a place, with the SHA-256 of their manifests where ``editions.json`` tells it.

    A list that is not as it was written tells nothing; it is written anew.
    """
    try:
        names = [str(path).rstrip("/").rpartition("/")[2] for path in store.ls(base, detail=False)]
    except FileNotFoundError:
        return {}
    found = dict.fromkeys(filter(_EDITION.fullmatch, names), "")
    try:
        listed = json.loads(_held(store, f"{base}/{EDITIONS}") or b"{}").get("editions", ())
        return found | {str(one["edition"]): str(one["manifest_sha256"]) for one in listed}
    except (ValueError, AttributeError, KeyError, TypeError):
        return found


def _protocols(store: Any) -> tuple[str, ...]:
    return (store.protocol,) if isinstance(store.protocol, str) else tuple(store.protocol)


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
