"""The records of ``sinks`` in ``publication.yaml``: where editions are delivered besides their folder.

Secrets never stand in the file: a record names the environment variable that holds them.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=80)]
SinkName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=40)]
HubName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", max_length=16)]
PROTOCOLS = ("s3", "file")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: SinkName


def _bare(address: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(address)
    if parts.scheme not in schemes:
        raise ValueError(f"starts with {parts.scheme or 'nothing'}://; use one of {', '.join(schemes)}")
    if parts.username or parts.password or parts.query:
        raise ValueError("holds credentials or a query; put secrets into environment variables")
    return address.rstrip("/")


class ObjectStoreRecord(_Record):
    """An object store reached through fsspec.

    ``address`` is ``s3://bucket/prefix`` or ``file:///folder``; ``endpoint`` the URL of a store that is not AWS;
    ``key_env`` and ``secret_env`` name the variables with the credentials (neither: the usual AWS chain).
    """

    kind: Literal["object_store"]
    address: str
    endpoint: str | None = None
    region: str | None = None
    key_env: EnvName | None = None
    secret_env: EnvName | None = None

    @field_validator("address")
    @classmethod
    def _address(cls, address: str) -> str:
        return _bare(address, PROTOCOLS)

    @field_validator("endpoint")
    @classmethod
    def _endpoint(cls, endpoint: str | None) -> str | None:
        return None if endpoint is None else _bare(endpoint, ("https", "http"))


class SqlRecord(_Record):
    """A PostgreSQL or SQLite database; ``url_env`` names the variable with its SQLAlchemy URL."""

    kind: Literal["sql"]
    url_env: EnvName


class SiteRecord(_Record):
    """A static site in ``folder`` (relative: to the folder that holds ``data/``), swapped whole.

    ``base_url`` is where readers reach it; ``team`` and ``model`` name the files in hubverse format.
    """

    kind: Literal["site"]
    folder: str = Field(min_length=1)
    base_url: str | None = None
    team: HubName = "forecasting"
    model: HubName = "champion"

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, base_url: str | None) -> str | None:
        return None if base_url is None else _bare(base_url, ("https", "http"))


SinkRecord = Annotated[ObjectStoreRecord | SqlRecord | SiteRecord, Field(discriminator="kind")]
