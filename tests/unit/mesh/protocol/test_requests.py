"""Requests: one act for each number, honest outcomes, deadlines."""

import pytest

from core.frame import HEADER_SIZE, Header, unpack
from mesh.agent import Outcome, Request
from mesh.protocol.codec import Packer, decode
from mesh.protocol.link import NEVER_NS
from mesh.protocol.requests import FENCED, REPLIES_KEPT, RequestClient, RequestServer
from schemas.errors import FencedError
from schemas.messages import Ack, CancelOrder, Message
from schemas.orders import Reason

MS = 1_000_000
ASK = CancelOrder("T1", 0)


class Wire:
    """Keeps what was sent; takes it or not as told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.up = True

    def send(self, _: object, frame: bytes) -> bool:
        if self.up:
            self.frames.append(frame)
        return self.up


def client(wire: Wire, epoch: int = 1) -> RequestClient:
    return RequestClient("risk", Packer(2), epoch, wire.send)


def opened(frame: bytes) -> tuple[Header, Message]:
    header = unpack(frame)
    return header, decode(header.type, frame[HEADER_SIZE:])


def take(server: RequestServer, frame: bytes, now_ns: int = 0, token: bytes = b"c") -> Request | None:
    header, message = opened(frame)
    return server.on_request(token, header, message, "signal", True, now_ns)


def test_an_unanswered_request_is_repeated_with_the_same_bytes_until_its_deadline() -> None:
    wire = Wire()
    asker = client(wire)
    asker.ask(ASK, ttl_ms=1000, corr=9, origin_ns=0, decided_ns=0)
    for now in (50, 150, 300, 600, 900):
        assert asker.due_ns == now * MS
        assert asker.on_timer(now * MS) == []
    assert len(wire.frames) == 6
    assert len(set(wire.frames)) == 1
    (ended,) = asker.on_timer(1000 * MS)
    assert ended.outcome is Outcome.UNKNOWN
    assert asker.due_ns == NEVER_NS


def test_what_has_not_left_is_tried_again_often_enough_for_a_peer_that_comes_back() -> None:
    wire = Wire()
    wire.up = False
    asker = client(wire)
    asker.ask(ASK, ttl_ms=1000, corr=0, origin_ns=0, decided_ns=0)
    for now in (50, 150, 250, 350, 450, 550):
        assert asker.due_ns == now * MS
        asker.on_timer(now * MS)
    wire.up = True
    assert asker.due_ns == 650 * MS
    asker.on_timer(650 * MS)
    assert len(wire.frames) == 1
    # It has left: now there is less hurry, but the pauses stay bounded however late it is.
    assert asker.due_ns == 950 * MS


def test_requests_that_wait_together_are_repeated_together_and_none_too_early() -> None:
    wire = Wire()
    asker = client(wire)
    for decided_ns in (1 * MS, 4 * MS, 9 * MS + 1):
        asker.ask(ASK, ttl_ms=1000, corr=9, origin_ns=0, decided_ns=decided_ns)
    assert asker.due_ns == 60 * MS
    asker.on_timer(60 * MS - 1)
    assert len(wire.frames) == 3
    asker.on_timer(60 * MS)
    assert wire.frames[3:] == wire.frames[:3]
    assert asker.due_ns == 160 * MS


def test_a_request_that_nothing_took_is_not_sent_and_one_that_was_taken_late_is_unknown() -> None:
    wire = Wire()
    wire.up = False
    asker = client(wire)
    asker.ask(ASK, ttl_ms=100, corr=0, origin_ns=0, decided_ns=0)
    (ended,) = asker.on_timer(100 * MS)
    assert ended.outcome is Outcome.NOT_SENT
    asker.ask(ASK, ttl_ms=100, corr=0, origin_ns=0, decided_ns=0)
    wire.up = True
    asker.on_timer(50 * MS)
    (ended,) = asker.on_timer(100 * MS)
    assert ended.outcome is Outcome.UNKNOWN


def test_a_repeat_gets_the_stored_answer_and_is_not_acted_on_again() -> None:
    asked, answered = Wire(), Wire()
    server = RequestServer(Packer(3), answered.send)
    client(asked).ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    request = take(server, asked.frames[0])
    assert request is not None
    assert take(server, asked.frames[0]) is None, "still being worked on"
    server.reply(request, Ack(True), 5)
    assert take(server, asked.frames[0]) is None
    assert answered.frames[0] == answered.frames[1]


def test_an_expired_request_is_answered_so_and_never_acted_on() -> None:
    asked, answered = Wire(), Wire()
    server = RequestServer(Packer(3), answered.send)
    client(asked).ask(ASK, ttl_ms=100, corr=0, origin_ns=0, decided_ns=0)
    assert take(server, asked.frames[0], now_ns=101 * MS) is None
    assert opened(answered.frames[0])[1] == Ack(False, Reason.DEADLINE_EXPIRED)


def test_a_request_of_an_older_life_of_the_client_is_fenced() -> None:
    old, new, answered = Wire(), Wire(), Wire()
    server = RequestServer(Packer(3), answered.send)
    client(old, epoch=1).ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    client(new, epoch=2).ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    assert take(server, new.frames[0]) is not None
    assert take(server, old.frames[0]) is None
    header, message = opened(answered.frames[0])
    assert message == FENCED
    with pytest.raises(FencedError, match="risk knows it"):
        client(old, epoch=1).on_reply(header, message)


def test_only_the_life_that_was_answered_is_fenced() -> None:
    old, answered = Wire(), Wire()
    server = RequestServer(Packer(3), answered.send)
    asker = client(old, epoch=1)
    asker.ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    newer = Wire()
    client(newer, epoch=2).ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    take(server, newer.frames[0])
    take(server, old.frames[0])
    assert client(newer, epoch=2).on_reply(*opened(answered.frames[0])) is None


def test_a_refusal_of_the_agent_itself_fences_nobody() -> None:
    asked, answered = Wire(), Wire()
    asker, server = client(asked), RequestServer(Packer(3), answered.send)
    asker.ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    request = take(server, asked.frames[0])
    assert request is not None
    refusal = Ack(False, Reason.FENCED, "orders are taken from ['risk'] only")
    server.reply(request, refusal, 0)
    ended = asker.on_reply(*opened(answered.frames[0]))
    assert ended is not None
    assert ended.message == refusal


def test_answers_are_kept_for_a_bounded_number_of_requests() -> None:
    asked, answered = Wire(), Wire()
    server = RequestServer(Packer(3), answered.send)
    asker = client(asked)
    for _ in range(REPLIES_KEPT + 10):
        asker.ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    for frame in asked.frames:
        request = take(server, frame)
        assert request is not None
        server.reply(request, Ack(True), 0)
    sent = len(answered.frames)
    assert take(server, asked.frames[0]) is None
    assert len(answered.frames) == sent, "too old to have an answer, and not acted on again"
    assert take(server, asked.frames[-1]) is None
    assert len(answered.frames) == sent + 1


def test_a_late_or_foreign_answer_is_ignored() -> None:
    asked, answered = Wire(), Wire()
    server = RequestServer(Packer(3), answered.send)
    asker = client(asked)
    asker.ask(ASK, ttl_ms=100, corr=0, origin_ns=0, decided_ns=0)
    request = take(server, asked.frames[0])
    assert request is not None
    server.reply(request, Ack(True), 0)
    header, message = opened(answered.frames[0])
    assert client(Wire(), epoch=2).on_reply(header, message) is None
    reply = asker.on_reply(header, message)
    assert reply is not None
    assert reply.outcome is Outcome.ANSWERED
    assert asker.on_reply(header, message) is None


def test_operators_are_known_by_their_connection() -> None:
    wire, answered = Wire(), Wire()
    server = RequestServer(Packer(3), answered.send)
    operator = RequestClient("risk", Packer(0), 1, wire.send)
    operator.ask(ASK, ttl_ms=0, corr=0, origin_ns=0, decided_ns=0)
    assert take(server, wire.frames[0], token=b"one") is not None
    assert take(server, wire.frames[0], token=b"two") is not None
