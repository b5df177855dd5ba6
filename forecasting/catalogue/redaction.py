"""What may be printed: messages without the credentials that addresses and settings carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "***"
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")
_NAMED = re.compile(
    r"(?i)\b(password|passwd|secret|token|signature|credential|authorization|access[-_]?key(?:[-_]?id)?"
    r"|aws_secret_access_key|x-amz-[a-z-]+)(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&]+)"
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """A message without credentials: those in addresses, those that are named, and the ``secrets`` given.

    >>> redacted("cannot reach postgresql://me:pa55@db/forecasts, password=pa55")
    'cannot reach postgresql://***@db/forecasts, password=***'
    >>> redacted("key AKIAX was refused", ["AKIAX"])
    'key *** was refused'
    """
    for secret in sorted((one for one in secrets if one), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _NAMED.sub(rf"\1\2{HIDDEN}", _IN_ADDRESS.sub(HIDDEN, text))
