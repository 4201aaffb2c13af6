"""One hop on what people use instead: a way to send bytes to the next agent, and to hear those of the one before.

Each transport has `sender(folder, hop)` and `receiver(folder, hop)`: the first gives a coroutine function that sends, the
second an asynchronous iterator of payloads. Hop 1 is market data to signal, 2 to risk, 3 to execution. All on uvloop and
all on Unix sockets where the transport has them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

Send = Callable[[bytes], Awaitable[None]]
HWM = 1_000_000
START_S_MAX = 10.0


class Pipe(Protocol):
    """One transport."""

    async def sender(self, folder: Path, hop: int) -> Send:
        """Return what sends to the next agent."""
        ...

    async def receiver(self, folder: Path, hop: int) -> AsyncIterator[bytes]:
        """Return what the agent before says."""
        ...


class ZmqAsyncio:
    """pyzmq's own asyncio sockets: PUB/SUB for hop 1, DEALER/ROUTER for the others, as the real agents have them."""

    async def sender(self, folder: Path, hop: int) -> Send:
        """Bind the PUB or connect the DEALER."""
        import zmq
        import zmq.asyncio

        socket = zmq.asyncio.Context.instance().socket(zmq.PUB if hop == 1 else zmq.DEALER)
        socket.set_hwm(HWM)
        socket.linger = 0
        socket.reconnect_ivl = 10
        (socket.bind if hop == 1 else socket.connect)(f"ipc://{folder}/z{hop}")

        async def send(payload: bytes) -> None:
            await socket.send(payload)

        return send

    async def receiver(self, folder: Path, hop: int) -> AsyncIterator[bytes]:
        """Connect the SUB or bind the ROUTER."""
        import zmq
        import zmq.asyncio

        socket = zmq.asyncio.Context.instance().socket(zmq.SUB if hop == 1 else zmq.ROUTER)
        socket.set_hwm(HWM)
        socket.linger = 0
        socket.reconnect_ivl = 10
        if hop == 1:
            socket.subscribe(b"")
            socket.connect(f"ipc://{folder}/z{hop}")
        else:
            socket.bind(f"ipc://{folder}/z{hop}")

        async def payloads() -> AsyncIterator[bytes]:
            while True:
                if hop == 1:
                    yield await socket.recv()
                else:
                    yield (await socket.recv_multipart())[1]

        return payloads()


class Grpc:
    """gRPC over a Unix socket, one client stream a hop, raw bytes as messages."""

    METHOD = "/bench.Chain/Push"

    async def sender(self, folder: Path, hop: int) -> Send:
        """Open the stream."""
        import grpc

        channel = grpc.aio.insecure_channel(f"unix://{folder}/g{hop}")
        await asyncio.wait_for(channel.channel_ready(), START_S_MAX)
        call = channel.stream_unary(self.METHOD)()

        async def send(payload: bytes) -> None:
            await call.write(payload)

        return send

    async def receiver(self, folder: Path, hop: int) -> AsyncIterator[bytes]:
        """Serve the stream."""
        import grpc

        queue: asyncio.Queue[bytes] = asyncio.Queue()

        async def push(requests: AsyncIterator[bytes], context: object) -> bytes:
            async for payload in requests:
                queue.put_nowait(payload)
            return b""

        handlers = {"Push": grpc.stream_unary_rpc_method_handler(push)}
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Chain", handlers),))
        self._server.add_insecure_port(f"unix://{folder}/g{hop}")
        await self._server.start()

        async def payloads() -> AsyncIterator[bytes]:
            while True:
                yield await queue.get()

        return payloads()


class RedisStreams:
    """Redis Streams over a Unix socket: XADD, and XREAD that blocks."""

    async def sender(self, folder: Path, hop: int) -> Send:
        """Connect."""
        client = await self.connect(folder)
        stream = f"hop{hop}"

        async def send(payload: bytes) -> None:
            await client.xadd(stream, {"p": payload}, maxlen=200_000, approximate=True)

        return send

    async def receiver(self, folder: Path, hop: int) -> AsyncIterator[bytes]:
        """Connect and read from now on."""
        client = await self.connect(folder)
        stream = f"hop{hop}"

        async def payloads() -> AsyncIterator[bytes]:
            last: bytes | str = "0"
            while True:
                for _, entries in await client.xread({stream: last}, block=0, count=100):
                    for _, fields in entries:
                        yield fields[b"p"]
                    last = entries[-1][0]

        return payloads()

    async def connect(self, folder: Path) -> Any:
        """Return a connected client; the server may still be starting."""
        import redis.asyncio
        import redis.exceptions

        client = redis.asyncio.Redis(unix_socket_path=f"{folder}/redis.sock", protocol=2)
        await _until_connected(client.ping, redis.exceptions.ConnectionError)
        return client


class Nats:
    """NATS core publish and subscribe, over TCP loopback: the server has no Unix sockets."""

    async def sender(self, folder: Path, hop: int) -> Send:
        """Connect."""
        client = await self.connect(folder)
        subject = f"hop{hop}"

        async def send(payload: bytes) -> None:
            await client.publish(subject, payload)

        return send

    async def receiver(self, folder: Path, hop: int) -> AsyncIterator[bytes]:
        """Connect and subscribe."""
        client = await self.connect(folder)
        queue: asyncio.Queue[bytes] = asyncio.Queue()

        async def take(message: Any) -> None:
            queue.put_nowait(message.data)

        await client.subscribe(f"hop{hop}", cb=take)

        async def payloads() -> AsyncIterator[bytes]:
            while True:
                yield await queue.get()

        return payloads()

    async def connect(self, folder: Path) -> Any:
        """Return a connected client; the server may still be starting."""
        import nats
        import nats.errors

        port = int((folder / "nats.port").read_text())
        found: list[Any] = []

        async def connect() -> None:
            found.append(
                await nats.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False, max_reconnect_attempts=0)
            )

        await _until_connected(connect, nats.errors.Error)
        return found[0]


TRANSPORTS: dict[str, type[Pipe]] = {"zmq.asyncio": ZmqAsyncio, "grpc": Grpc, "redis": RedisStreams, "nats": Nats}


async def _until_connected(connect: Callable[[], Awaitable[object]], refusal: type[Exception]) -> None:
    """Connect to a server that is perhaps still starting: `refusal` is how its client says that it is not there."""
    end_s = asyncio.get_running_loop().time() + START_S_MAX
    while True:
        try:
            await connect()
        except (refusal, OSError):
            if asyncio.get_running_loop().time() > end_s:
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def forever() -> None:
    """Wait until the process is ended."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
