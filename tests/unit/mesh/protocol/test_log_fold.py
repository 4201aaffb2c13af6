"""A log that is folded: what an agent wants of it, in which order, and what it is only told the number of."""

from pathlib import Path

from core.frame import FLAG_STALE, pack
from core.log import LogWriter
from mesh.agent import Agent
from mesh.protocol.codec import encode, type_number
from mesh.protocol.log_fold import fold
from schemas.messages import FeedState, Message, Trade
from schemas.streams import Kind, StreamState, stream_id

A, B = stream_id(Kind.TRADE, 1, 1), stream_id(Kind.TRADE, 1, 2)
LIVE = FeedState(1, StreamState.LIVE, "")


class Folded(Agent):
    """Notes what it is told."""

    def __init__(self, restores: set[type[Message]] | None, last: set[type[Message]]) -> None:
        self.restores = None if restores is None else frozenset(restores)
        self.restores_last = frozenset(last)
        self.told: list[tuple[int, Message]] = []
        self.others: dict[int, int] = {}

    def restore(self, header, message):
        self.told.append((header.stream, message))

    def passed_over(self, counts):
        self.others = dict(counts)


def trade(number: int) -> Trade:
    return Trade(1, 2, 3, 4, 1, str(number))


def folded(folder: Path, agent: Folded, *records: tuple[int, Message, int]) -> Folded:
    log = LogWriter(str(folder / "log"), segment_bytes=1 << 16)
    for seq, (stream, message, flags) in enumerate(records, 1):
        kind = type_number(message)
        payload = encode(message)
        log.append(pack(stream=stream, type=kind, sender=1, epoch=1, seq=seq, flags=flags, payload=payload))
    fold(log, agent)
    log.close()
    return agent


RECORDS = ((A, trade(1), 0), (A, LIVE, 0), (B, trade(7), 0), (A, trade(5), 0), (A, trade(3), FLAG_STALE))


def test_the_newest_of_each_stream_comes_last_and_what_fills_a_gap_is_not_the_newest(tmp_path):
    agent = folded(tmp_path, Folded({FeedState}, {Trade}), *RECORDS)
    assert agent.told == [(A, LIVE), (A, trade(5)), (B, trade(7))]
    assert agent.others == {type_number(trade(1)): 4}


def test_an_agent_that_wants_all_is_told_all_in_order(tmp_path):
    agent = folded(tmp_path, Folded(None, set()), *RECORDS)
    assert agent.told == [(stream, message) for stream, message, _ in RECORDS]
    assert agent.others == {}


def test_an_agent_that_wants_nothing_is_told_the_numbers(tmp_path):
    agent = folded(tmp_path, Folded(set(), set()), *RECORDS)
    assert agent.told == []
    assert agent.others == {type_number(trade(1)): 4, type_number(LIVE): 1}
