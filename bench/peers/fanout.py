"""PUB/SUB as most Python meshes do it: `python -m bench.peers.fanout FOLDER COUNT pub|sub`.

The SUB is zmq.asyncio on uvloop, one awaited message after another; the PUB sends as fast as pyzmq can. The subscriber
prints its messages per second.
"""

import asyncio
import gc
import sys
import time

import uvloop
import zmq
import zmq.asyncio

HWM = 4_000_000
MESSAGE_BYTES = 128


def publish(folder: str, count: int) -> None:
    """Send probes until the subscriber says that it listens, then all messages."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
    out, answers = context.socket(zmq.PUB), context.socket(zmq.PULL)
    out.sndhwm = HWM
    out.bind(f"ipc://{folder}/p")
    answers.bind(f"ipc://{folder}/ready")
    while not answers.poll(1):
        out.send((-1).to_bytes(8, "little", signed=True))
    filler = bytes(MESSAGE_BYTES - 8)
    for number in range(count):
        out.send(number.to_bytes(8, "little") + filler)
    time.sleep(3600)


async def follow(folder: str, count: int) -> float:
    """Return messages per second from the first to the last."""
    context = zmq.asyncio.Context.instance()
    source, ready = context.socket(zmq.SUB), context.socket(zmq.PUSH)
    source.rcvhwm = HWM
    source.reconnect_ivl = ready.reconnect_ivl = 10
    source.subscribe(b"")
    source.connect(f"ipc://{folder}/p")
    ready.connect(f"ipc://{folder}/ready")
    await source.recv()
    await ready.send(b"ready")
    begun_ns = 0
    while True:
        number = int.from_bytes((await source.recv())[:8], "little", signed=True)
        if number == 0:
            begun_ns = time.monotonic_ns()
        if number == count - 1:
            return (count - 1) * 1e9 / (time.monotonic_ns() - begun_ns)


if __name__ == "__main__":
    gc.collect()
    gc.freeze()
    gc.disable()
    if sys.argv[3] == "pub":
        publish(sys.argv[1], int(sys.argv[2]))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sys.stdout.write(f"{runner.run(follow(sys.argv[1], int(sys.argv[2])))}\n")
