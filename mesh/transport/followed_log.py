"""The log of a publisher of this host, as its follower has it: what is read, and what rings when there is more.

This file is compiled (`followed_log.pxd` has the C types).
"""

import os
from collections.abc import Callable

from core.log.tail import LogTail
from mesh.protocol.engine import Engine
from mesh.transport.receivers import LogReceiver, Receiver
from mesh.transport.unix_connection import Greeting, UnixConnection
from mesh.transport.unix_wire import Flag

READ_MAX = 64
"""So many records of one publisher are read before requests are looked at again."""


class FollowedLog:
    """A publisher of this host: its log, once there is one, and the connection on which it was given our doorbell."""

    def __init__(self, publisher: str, folder: str, greeting: Greeting) -> None:
        """Follow the publisher whose log is `folder`; `greeting` tells it what is followed."""
        self.greeting = greeting
        self.receiver: Receiver | None = None
        self.connection: UnixConnection | None = None
        self.flag: Flag | None = None
        """Set by the publisher when it rings, cleared when its log is looked at: anew with each connection."""
        self._publisher = publisher
        self._folder = folder

    def open(self, engine: Engine, show: Callable[[str, bytes, int], None] | None) -> None:
        """Open the log at the end that it has now, if it is there and not open yet."""
        if self.receiver is None and os.path.isdir(self._folder):
            self.receiver = LogReceiver(LogTail(self._folder), engine, self._publisher, show)

    def waits(self) -> bool:
        """Return whether something may be there to take: its publisher has rung since its log was read, or cannot ring.

        What it has published since of streams that are not followed waits until it rings again, for a BEAT at the latest.
        """
        return self.flag is None or self.flag.is_set() or (self.receiver is not None and self.receiver.more)

    def read(self, count_max: int = READ_MAX) -> bool:
        """Take what was appended, at most `count_max` messages; True if the log was read to its end."""
        if self.flag is not None:
            self.flag.clear()
        if self.receiver is None:
            return True
        self.receiver.drain(count_max)
        return not self.receiver.more
