"""Request and answer of 128 bytes on what people use instead: `... TRANSPORT server|client FOLDER COUNT FILE`.

The client writes COUNT round trips in ns to FILE, after a tenth as many unmeasured. gRPC is a synchronous unary call over
a Unix socket, Redis a stream each way, NATS its own request, zmq.asyncio DEALER to ROUTER; all but gRPC on uvloop.
"""

import asyncio
import gc
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic_ns
from typing import Any

import uvloop

from bench.peers.pipes import Nats, RedisStreams, forever

MESSAGE = bytes(128)
METHOD = "/bench.Risk/Ask"
START_S_MAX = 10.0
Ask = Callable[[], Awaitable[object]]


def grpc_server(folder: Path) -> None:
    """Serve for ever."""
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    handlers = {"Ask": grpc.unary_unary_rpc_method_handler(lambda request, context: request)}
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Risk", handlers),))
    server.add_insecure_port(f"unix://{folder}/grpc.sock")
    server.start()
    server.wait_for_termination()


def grpc_client(folder: Path, count: int) -> "array[int]":
    """Ask `count` times."""
    import grpc

    channel = grpc.insecure_channel(f"unix://{folder}/grpc.sock")
    ask = channel.unary_unary(METHOD)
    ask(MESSAGE, wait_for_ready=True, timeout=START_S_MAX)
    times = array("q")
    for number in range(-count // 10, count):
        begun_ns = monotonic_ns()
        ask(MESSAGE)
        if number >= 0:
            times.append(monotonic_ns() - begun_ns)
    return times


async def zmq_server(folder: Path) -> None:
    """Serve for ever."""
    import zmq
    import zmq.asyncio

    socket = zmq.asyncio.Context.instance().socket(zmq.ROUTER)
    socket.bind(f"ipc://{folder}/z")
    while True:
        await socket.send_multipart(await socket.recv_multipart())


async def zmq_asker(folder: Path) -> Ask:
    """Connect."""
    import zmq
    import zmq.asyncio

    socket = zmq.asyncio.Context.instance().socket(zmq.DEALER)
    socket.connect(f"ipc://{folder}/z")

    async def ask() -> None:
        await socket.send(MESSAGE)
        await socket.recv()

    return ask


async def redis_server(folder: Path) -> None:
    """Answer each entry of one stream on the other."""
    client = await RedisStreams().connect(folder)
    last: bytes | str = "0"
    while True:
        for _, entries in await client.xread({"ask": last}, block=0, count=10):
            for _, fields in entries:
                await client.xadd("answer", fields, maxlen=1000, approximate=True)
            last = entries[-1][0]


async def redis_asker(folder: Path) -> Ask:
    """Connect."""
    client = await RedisStreams().connect(folder)
    last: bytes | str = "0"

    async def ask() -> None:
        nonlocal last
        await client.xadd("ask", {"p": MESSAGE}, maxlen=1000, approximate=True)
        last = (await client.xread({"answer": last}, block=0, count=10))[0][1][-1][0]

    return ask


async def nats_server(folder: Path) -> None:
    """Answer each request."""
    client = await Nats().connect(folder)

    async def take(message: Any) -> None:
        await message.respond(message.data)

    await client.subscribe("risk", cb=take)
    await forever()


async def nats_asker(folder: Path) -> Ask:
    """Connect; a request without a server fails at once, so it is tried until there is one."""
    import nats.errors

    client = await Nats().connect(folder)

    async def ask() -> None:
        await client.request("risk", MESSAGE, timeout=START_S_MAX)

    end_s = time.monotonic() + START_S_MAX
    while True:
        try:
            await ask()
        except nats.errors.NoRespondersError:
            if time.monotonic() > end_s:
                raise
            await asyncio.sleep(0.05)
        else:
            return ask


SERVERS = {"zmq.asyncio": zmq_server, "redis": redis_server, "nats": nats_server}
ASKERS = {"zmq.asyncio": zmq_asker, "redis": redis_asker, "nats": nats_asker}


async def client(transport: str, folder: Path, count: int) -> "array[int]":
    """Ask `count` times and return how long each took."""
    ask = await ASKERS[transport](folder)
    times = array("q")
    for number in range(-count // 10, count):
        begun_ns = monotonic_ns()
        await ask()
        if number >= 0:
            times.append(monotonic_ns() - begun_ns)
    return times


def main(transport: str, role: str, folder: Path, count: int, out: Path) -> None:
    """Serve or ask, without the garbage collector."""
    gc.collect()
    gc.freeze()
    gc.disable()
    if transport == "grpc" and role == "server":
        grpc_server(folder)
    elif transport == "grpc":
        out.write_bytes(grpc_client(folder, count).tobytes())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            if role == "server":
                runner.run(SERVERS[transport](folder))
            else:
                out.write_bytes(runner.run(client(transport, folder, count)).tobytes())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
