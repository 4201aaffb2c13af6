"""One agent of the chain on another transport: `python -m bench.peers.stage TRANSPORT ROLE TAPE FOLDER`.

It decodes what it hears, builds the next message and sends it on: the least that any agent must do, and no log, no
sequence check and no decision. So what Tickmesh is compared with does less work than Tickmesh.
"""

import asyncio
import gc
import os
import sys
from pathlib import Path
from time import monotonic_ns

import uvloop

from bench.peers.messages import Tick, answer, decode, encode
from bench.peers.pipes import TRANSPORTS, Send
from bench.tape import TICK, Column, Tape

TICKS_AT_ONCE = 16
HOPS = {"md": (0, 1), "signal": (1, 2), "risk": (2, 3), "execution": (3, 0)}
COLUMNS = {"signal": Column.SIGNAL, "risk": Column.RISK, "execution": Column.EXECUTION}


async def run(transport: str, role: str, tape: Tape, folder: Path) -> None:
    """Be the agent `role` until the process is ended."""
    pipe = TRANSPORTS[transport]()
    heard, said = HOPS[role]
    payloads = await pipe.receiver(folder, heard) if heard else None
    send = await pipe.sender(folder, said) if said else None
    gc.collect()
    gc.freeze()
    gc.disable()
    if payloads is None:
        assert send is not None
        await run_md(tape, send)
        return
    column = tape.columns[COLUMNS[role]]
    async for payload in payloads:
        message = decode(payload)
        now_ns = monotonic_ns()
        column[message.number] = now_ns
        if send is None:
            tape.ordered(message.number, now_ns)
        else:
            await send(answer(message))


async def run_md(tape: Tape, send: Send) -> None:
    """Send a tick for each number in the pipe, in order."""
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(tape.pipe, ready.set)
    times = tape.columns[Column.MD]
    while True:
        await ready.wait()
        try:
            waiting = os.read(tape.pipe, TICKS_AT_ONCE * TICK.size)
        except BlockingIOError:
            ready.clear()
            continue
        for (number,) in TICK.iter_unpack(waiting):
            now_ns = monotonic_ns()
            times[number] = now_ns
            await send(encode(Tick(number, now_ns, 10_000, number + 1, 1)))


if __name__ == "__main__":
    name, role, path, folder = sys.argv[1:5]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(name, role, Tape(Path(path)), Path(folder)))
