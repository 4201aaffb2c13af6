"""The one module that imports zmq: makes every socket of a process, with the options that the measured facts ask for.

What libzmq does by default loses or hides: a DEALER queues to a peer that is gone and delivers a stale order later
(IMMEDIATE), a closing socket waits for ever (LINGER), a stopped server is not noticed (heartbeats), an unknown identity
is dropped without a word (ROUTER_MANDATORY). `reliability.md` sections 0 and 2.2 have the measurements.

Frames do not go through pyzmq: each socket carries a `Wire`.
"""

import errno
import os
from socket import gethostbyname

import zmq
import zmq.backend.cython

from mesh.endpoints import make_run_dir
from mesh.transport import zmq_wire
from mesh.transport.zmq_wire import Wire
from schemas.errors import AddressTakenError, ConfigError, TickmeshError

HEARTBEAT_INTERVAL_MS = 250
HEARTBEAT_TIMEOUT_MS = 750
HEARTBEAT_TTL_MS = 1_000
HEARTBEAT_KINDS = (zmq.ROUTER, zmq.DEALER)
"""A PUB or SUB has none: a follower whose queue is full reads no answer, libzmq takes it for dead, and when it reads again
the new connection gets the old one's command and libzmq aborts the process (zeromq/libzmq#3937). The BEAT of the
publisher's own loop tells that it is there; TCP's keep-alive ends a connection to a host that is gone.
"""

KEEPALIVE_S, KEEPALIVE_PROBES = 1, 3
HANDSHAKE_INTERVAL_MS = 2_000
"""A connection that never finishes its handshake holds a descriptor for this long."""

RECONNECT_MS, RECONNECT_MS_MAX = 50, 1_000
RECONNECT_IPC_MS, RECONNECT_IPC_MS_MAX = 10, 100
"""Trying a Unix socket costs microseconds, so a peer that starts is found at once."""

TCP_RETRANSMIT_MS_MAX = 2_000
FRAME_BYTES_MAX = 4 << 20
TAP_CLIENT_HWM = 10_000
SUBSCRIPTIONS_MAX = 500
"""Subscriptions are messages under the high-water mark: beyond 1000 on one socket they are lost without a word (F6)."""


zmq_wire.load(zmq.backend.cython._zmq.__file__)


class Socket:
    """One open socket: its `wire`, its descriptor to watch (edge-triggered), and its endpoint."""

    def __init__(self, socket: "zmq.Socket[bytes]", endpoint: str) -> None:
        """Take over `socket`, which is bound or connected to `endpoint`."""
        self._socket = socket
        self.endpoint = endpoint
        self.fd: int = socket.FD
        self.wire = Wire(socket.underlying, FRAME_BYTES_MAX)

    def close(self, linger_ms: int = 0) -> None:
        """Close; what is queued may leave for `linger_ms` more."""
        if not self._socket.closed:
            self.wire.detach()
            self._socket.close(linger_ms)


class Sockets:
    """Every socket of one process, under one context with one I/O thread."""

    def __init__(self) -> None:
        """Make the context; the I/O thread takes the calling thread's CPU affinity."""
        self._context = zmq.Context()
        self._open: list[Socket] = []

    def publisher(self, endpoint: str, send_hwm: int) -> Socket:
        """Bind an XPUB: never waits, drops for the subscriber whose queue of `send_hwm` frames is full.

        It reports who subscribes to what, so that nothing is sent where nobody is.
        """
        socket = self._new(zmq.XPUB, endpoint)
        socket.setsockopt(zmq.SNDHWM, send_hwm)
        return self._bind(socket, endpoint)

    def follower(self, endpoint: str, prefixes: list[bytes], receive_hwm: int) -> Socket:
        """Connect a SUB to one publisher, subscribed to `prefixes` in that order.

        Raises:
            ConfigError: If there are more than one socket can be trusted with.
        """
        if len(prefixes) > SUBSCRIPTIONS_MAX:
            raise ConfigError(
                f"{len(prefixes)} subscriptions to {endpoint} (allowed: {SUBSCRIPTIONS_MAX}); shard the agent"
            )
        socket = self._new(zmq.SUB, endpoint)
        socket.setsockopt(zmq.RCVHWM, receive_hwm)
        for prefix in prefixes:
            socket.setsockopt(zmq.SUBSCRIBE, prefix)
        return self._connect(socket, endpoint)

    def answerer(self, endpoint: str, send_hwm: int, receive_hwm: int) -> Socket:
        """Bind a ROUTER: a reply to a peer that is gone is NOT_CONNECTED, never dropped without a word."""
        socket = self._new(zmq.ROUTER, endpoint)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.SNDHWM, send_hwm)
        socket.setsockopt(zmq.RCVHWM, receive_hwm)
        return self._bind(socket, endpoint)

    def asker(self, endpoint: str, send_hwm: int, receive_hwm: int) -> Socket:
        """Connect a DEALER to one peer: a frame is queued only while the peer is there."""
        socket = self._new(zmq.DEALER, endpoint)
        socket.setsockopt(zmq.IMMEDIATE, 1)
        socket.setsockopt(zmq.SNDHWM, send_hwm)
        socket.setsockopt(zmq.RCVHWM, receive_hwm)
        return self._connect(socket, endpoint)

    def tap(self, endpoint: str, send_hwm: int) -> Socket:
        """Bind an XPUB, which tells when the first client attaches and the last one is gone."""
        socket = self._new(zmq.XPUB, endpoint)
        socket.setsockopt(zmq.SNDHWM, send_hwm)
        return self._bind(socket, endpoint)

    def tap_client(self, endpoint: str) -> Socket:
        """Connect a SUB to a tap, subscribed to everything."""
        return self.follower(endpoint, [b""], TAP_CLIENT_HWM)

    def close(self, linger_ms: int = 0) -> None:
        """Close every socket and the context; waits at most `linger_ms` for what is queued."""
        for socket in self._open:
            socket.close(linger_ms)
        self._open.clear()
        self._context.term()

    def drop(self, socket: Socket) -> None:
        """Close one socket now."""
        self._open.remove(socket)
        socket.close()

    def _new(self, kind: int, endpoint: str) -> "zmq.Socket[bytes]":
        ipc = endpoint.startswith("ipc://")
        socket = self._context.socket(kind)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.MAXMSGSIZE, FRAME_BYTES_MAX),
            (zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS if kind in HEARTBEAT_KINDS else 0),
            (zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS),
            (zmq.HEARTBEAT_TTL, HEARTBEAT_TTL_MS),
            (zmq.HANDSHAKE_IVL, HANDSHAKE_INTERVAL_MS),
            (zmq.RECONNECT_IVL, RECONNECT_IPC_MS if ipc else RECONNECT_MS),
            (zmq.RECONNECT_IVL_MAX, RECONNECT_IPC_MS_MAX if ipc else RECONNECT_MS_MAX),
        ):
            socket.setsockopt(option, value)
        if not ipc:
            socket.setsockopt(zmq.TCP_MAXRT, TCP_RETRANSMIT_MS_MAX)
            socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
            socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, KEEPALIVE_S)
            socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, KEEPALIVE_S)
            socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES)
            socket.setsockopt(zmq.IPV6, int("[" in endpoint))
        return socket

    def _bind(self, socket: "zmq.Socket[bytes]", endpoint: str) -> Socket:
        if endpoint.startswith("ipc://"):
            make_run_dir(os.path.dirname(endpoint.removeprefix("ipc://")))
        address = _bindable(endpoint)
        try:
            socket.bind(address)
        except zmq.ZMQError as error:
            socket.close()
            raise _bind_error(endpoint, error) from error
        return self._keep(socket, endpoint)

    def _connect(self, socket: "zmq.Socket[bytes]", endpoint: str) -> Socket:
        try:
            socket.connect(endpoint)
        except zmq.ZMQError as error:
            socket.close()
            raise ConfigError(f"cannot connect to {endpoint}: {error.strerror}") from error
        return self._keep(socket, endpoint)

    def _keep(self, socket: "zmq.Socket[bytes]", endpoint: str) -> Socket:
        kept = Socket(socket, endpoint)
        self._open.append(kept)
        return kept


def _bindable(endpoint: str) -> str:
    """Return `endpoint` with a host name, which libzmq does not bind to, resolved to an address."""
    scheme, _, address = endpoint.partition("://")
    host, _, port = address.rpartition(":")
    if scheme != "tcp" or host.startswith("["):
        return endpoint
    try:
        return f"tcp://{gethostbyname(host)}:{port}"
    except OSError as error:
        raise ConfigError(
            f"cannot bind {endpoint}: {error.strerror}; give this agent an address of this host"
        ) from error


def _bind_error(endpoint: str, error: zmq.ZMQError) -> TickmeshError:
    if error.errno == errno.EADDRINUSE:
        return AddressTakenError(f"{endpoint} is in use by another process; end it or give this agent another address")
    return ConfigError(f"cannot bind {endpoint}: {error.strerror}; give this agent an address of this host")


def versions() -> tuple[str, str]:
    """Return the versions of pyzmq and of the libzmq that it loaded."""
    return zmq.pyzmq_version(), zmq.zmq_version()
