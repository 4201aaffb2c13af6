"""One HTTP call and its reply, as the core of the venue sees them: no sockets."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec


class HttpReply(msgspec.Struct):
    """What to answer: after `delay_ms`, or with the connection closed and no answer at all if `status` is 0."""

    status: int
    headers: dict[str, str]
    body: bytes
    delay_ms: int = 0


class Call(msgspec.Struct):
    """One request: header names in lower case.

    Its parameters are those of query and form body; or `given`, of one that came as a message and whose sender was proven
    there.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    wall_ns: int
    given: dict[str, str] | None = None
    _parsed: dict[str, str] | None = None

    @property
    def params(self) -> dict[str, str]:
        """Return the parameters, which nobody changes."""
        if self.given is not None:
            return self.given
        if self._parsed is None:
            self._parsed = _parameters(self.query) | _parameters(self.body)
        return self._parsed

    @property
    def wall_ms(self) -> int:
        """Return the time of the call in milliseconds."""
        return self.wall_ns // 1_000_000


def _parameters(text: str) -> dict[str, str]:
    """Return the parameters of a query or a form."""
    if "%" in text or "+" in text:
        return dict(parse_qsl(text))
    parts = [part.partition("=") for part in text.split("&")]
    return {name: value for name, _, value in parts if value}


def json_reply(value: Any, status: int = 200) -> HttpReply:
    """Return a reply with a JSON body."""
    return HttpReply(status, {"Content-Type": "application/json;charset=UTF-8"}, msgspec.json.encode(value))
