"""Tell the service manager how we are: the datagrams of sd_notify(3), for systemd and for `tickmesh up` alike."""

import os
import socket


class Notifier:
    """Sends states to the socket named by NOTIFY_SOCKET; without one, every call does nothing."""

    def __init__(self, address: str | None = None) -> None:
        """Take the address from the environment unless given; a leading `@` means an abstract socket."""
        found = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        self._socket: socket.socket | None = None
        if found:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            self._address = "\0" + found[1:] if found.startswith("@") else found
        self.undelivered = 0

    def ready(self) -> None:
        """Tell that the start is complete."""
        self._send(b"READY=1")

    def alive(self) -> None:
        """Tell that the main loop goes round; to be called from the duty cycle and nowhere else."""
        self._send(b"WATCHDOG=1")

    def stopping(self) -> None:
        """Tell that an ordered stop has begun."""
        self._send(b"STOPPING=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, state: bytes) -> None:
        # Never blocks: what the manager cannot take now, it is told again with the next duty cycle.
        if self._socket is None:
            return
        try:
            self._socket.sendto(state, self._address)
        except OSError:
            self.undelivered += 1
