"""An agent's own log, folded into it before it starts: what it did in its earlier lives.

This file is compiled (`log_fold.pxd`): a log may hold millions of records.
"""

from core.frame import FLAG_STALE, unpack
from core.log import LogWriter
from mesh.agent import Agent
from mesh.protocol.codec import decode_frame
from schemas.messages import TYPE_NUMBERS


def fold(log: LogWriter, agent: Agent) -> None:
    """Hand an agent the records that it `restores`, then the newest of those that it `restores_last`, and the number of all
    others."""
    wanted = None if agent.restores is None else {TYPE_NUMBERS[cls] for cls in agent.restores}
    wanted_last = {TYPE_NUMBERS[cls] for cls in agent.restores_last}
    last: dict[tuple[int, int], bytes] = {}
    others: dict[int, int] = {}
    for _, frame in log.scan():
        header = unpack(frame)
        number = header.type
        if wanted is None or number in wanted:
            agent.restore(header, decode_frame(header, frame))
            continue
        others[number] = others.get(number, 0) + 1
        if number in wanted_last and not header.flags & FLAG_STALE:
            last[number, header.stream] = frame
    for frame in last.values():
        header = unpack(frame)
        agent.restore(header, decode_frame(header, frame))
    agent.passed_over(others)
