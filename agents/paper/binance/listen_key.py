"""The account's listen key: it names a user data stream, and lives for an hour from its creation or last keepalive.

There is one at a time. When its time is over, its connections are told (`listenKeyExpired`); one that is deleted ends
without a word.
"""

import hashlib
from collections.abc import Callable

from agents.paper.binance.authenticator import Authenticator
from agents.paper.binance.refusals import Refusal
from agents.paper.binance.stream_hub import StreamHub
from schemas.units import HOUR, MS

LISTEN_KEY_LIFE_NS = HOUR


class ListenKey:
    """The key, and the connections that came with it."""

    def __init__(self, authenticator: Authenticator, hub: StreamHub, end: Callable[[int], None]) -> None:
        """Make keys as `authenticator` signs; tell by `hub`; a connection whose key is over goes to `end`."""
        self._authenticator = authenticator
        self._hub = hub
        self._end = end
        self.key = ""
        self.expires_ns: int | None = None
        """Wall time at which it ends, None if there is none."""
        self._count = 0

    def open(self, wall_ns: int) -> str:
        """Return a new key, or the one that there is, kept alive."""
        self.expire(wall_ns)
        if not self.key:
            self._count += 1
            told = self._authenticator.sign(f"listenKey{self._count}/{wall_ns}")
            self.key = hashlib.sha256(told.encode()).hexdigest()
        self.expires_ns = wall_ns + LISTEN_KEY_LIFE_NS
        return self.key

    def keep(self, key: str, wall_ns: int) -> None:
        """Let the key live on; raises Refusal if it is not `key`, or over."""
        self._check(key, wall_ns)
        self.expires_ns = wall_ns + LISTEN_KEY_LIFE_NS

    def delete(self, key: str, wall_ns: int) -> None:
        """End the key; raises Refusal if it is not `key`, or over."""
        self._check(key, wall_ns)
        self._over()

    def knows(self, key: str, wall_ns: int) -> bool:
        """Return whether `key` is the listen key, and alive."""
        return key == self.key and self.expires_ns is not None and wall_ns < self.expires_ns

    def expire(self, wall_ns: int) -> None:
        """End the key if its time is over, and tell its connections."""
        if self.expires_ns is None or wall_ns < self.expires_ns:
            return
        self._hub.listen_key_event(self.key, {"e": "listenKeyExpired", "E": wall_ns // MS, "listenKey": self.key})
        self._over()

    def _check(self, key: str, wall_ns: int) -> None:
        self.expire(wall_ns)
        if not self.knows(key, wall_ns):
            raise Refusal(-1125, "This listenKey does not exist.")

    def _over(self) -> None:
        for conn_id in self._hub.of_listen_key(self.key):
            self._end(conn_id)
        self.key, self.expires_ns = "", None
