"""The real agents on zmq.asyncio: the transport that they would have if every frame were awaited from a pyzmq socket.

It takes the place of `mesh.transport.agent_transport.AgentTransport` in a process of the bench, whose agents all run on
uvloop then, those without a shell too. Engine, log, sequence check, agents and the node's turns stay as they are. A
coroutine for each socket awaits a frame and hands it to the engine; sends are pyzmq's own asyncio sends, not waited for.
There is no tap and no counter. What differs from Tickmesh is only the loop, and how frames get in and out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic_ns, time_ns
from typing import Any

import zmq
import zmq.asyncio

from core.frame import unpack
from core.sequence import IN_ORDER
from mesh.agent_io import Shell
from mesh.endpoints import endpoints, make_run_dir, run_dir
from mesh.protocol.engine import Engine
from mesh.transport.group import Group
from mesh.transport.sockets import Sockets
from schemas.config import Config

RECONNECT_MS = 10


class AsyncioTransport:
    """Carries the frames of one engine, each through a future."""

    venue: Shell | None = None

    def __init__(
        self,
        name: str,
        config: Config,
        sockets: Sockets,
        group: Group,
        begin: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        """Prepare; `begin` and `end` are called round every turn. Nothing is open before `bind`."""
        self._name = name
        self._config = config
        self._begin = begin
        self._end = end
        self._context = zmq.asyncio.Context()
        self._askers: dict[str, zmq.asyncio.Socket] = {}
        self._followers: dict[str, zmq.asyncio.Socket] = {}
        self._tasks: list[asyncio.Task[None]] = []

    # Effects of the engine

    def publish(self, frame: bytes) -> None:
        """Send to every subscriber."""
        self._publications.send(frame)

    def request(self, peer: str, frame: bytes) -> bool:
        """Send to a peer."""
        self._askers[peer].send(frame)
        return True

    def reply(self, token: bytes, frame: bytes) -> bool:
        """Answer a client."""
        self._answers.send_multipart([token, frame])
        return True

    def reopen(self, publisher: str) -> None:
        """Leave it to libzmq to connect again."""

    def catch_up(self) -> None:
        """Take nothing: whatever comes has a coroutine that waits for it."""

    def settle(self) -> None:
        """Look after nothing: what was sent needs no second look."""

    # Life

    def bind(self, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        """Bind this agent's sockets."""
        own = endpoints(self._config, self._name)
        make_run_dir(run_dir(self._config))
        self._engine = engine
        self._publications = self._socket(zmq.PUB)
        self._publications.bind(own.publications)
        self._answers = self._socket(zmq.ROUTER)
        self._answers.bind(own.answers)

    def connect(self) -> None:
        """Connect to what the engine needs and is not connected yet."""
        for peer in self._engine.peers_needed:
            if peer not in self._askers:
                self._askers[peer] = self._socket(zmq.DEALER)
                self._askers[peer].connect(endpoints(self._config, peer).answers)
        for publisher, prefixes in self._engine.subscriptions_needed.items():
            if publisher not in self._followers:
                follower = self._followers[publisher] = self._socket(zmq.SUB)
                for prefix in prefixes:
                    follower.subscribe(prefix)
                follower.connect(endpoints(self._config, publisher).publications)

    def watch(self) -> None:
        """Begin to receive."""
        waiting = [self._take_requests()]
        waiting += [self._take_replies(peer, asker) for peer, asker in self._askers.items()]
        waiting += [self._take_publications(name, follower) for name, follower in self._followers.items()]
        self._tasks = [asyncio.get_running_loop().create_task(each) for each in waiting]

    def unwatch(self) -> None:
        """Receive nothing any more."""
        for task in self._tasks:
            task.cancel()

    def close(self) -> None:
        """Close every socket; what is queued is dropped."""
        self._context.destroy(0)

    def counters(self) -> dict[str, int]:
        """Return nothing: nothing is counted."""
        return {}

    # Coroutines, one for each socket

    async def _take_requests(self) -> None:
        while True:
            token, frame = await self._answers.recv_multipart()
            self._begin()
            self._engine.on_request(token, frame, monotonic_ns(), time_ns())
            self._end()

    async def _take_replies(self, peer: str, asker: zmq.asyncio.Socket) -> None:
        await self._take_each(asker.recv, lambda frame: self._engine.on_reply(peer, frame, monotonic_ns(), time_ns()))

    async def _take_publications(self, publisher: str, follower: zmq.asyncio.Socket) -> None:
        tracker = self._engine.trackers[publisher]

        def take(frame: bytes) -> None:
            header = unpack(frame)
            in_order = tracker.observe(header.stream, header.epoch, header.seq) == IN_ORDER
            handle = self._engine.on_deliver if in_order else self._engine.on_publication
            handle(publisher, frame, monotonic_ns(), time_ns())

        await self._take_each(follower.recv, take)

    async def _take_each(self, receive: Callable[[], Awaitable[Any]], take: Callable[[bytes], None]) -> None:
        while True:
            frame = await receive()
            self._begin()
            take(frame)
            self._end()

    def _socket(self, kind: int) -> zmq.asyncio.Socket:
        own = self._config.agents[self._name]
        socket = self._context.socket(kind)
        socket.sndhwm, socket.rcvhwm = own.send_hwm, own.receive_hwm
        socket.linger = 0
        socket.reconnect_ivl = RECONNECT_MS
        return socket
