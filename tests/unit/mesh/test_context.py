"""A context written in Python is one for compiled code too: its methods are called, its times are read."""

import pytest

from core.frame import Header
from mesh.context import CallOutcome, Context, Outcome, Reply, Request, VenueCall, VenueReply
from mesh.protocol.engine import Engine
from schemas.messages import Ack, CancelAll


def test_the_engine_is_a_context_and_the_base_does_nothing_of_itself():
    assert issubclass(Engine, Context)
    ctx = Context("risk", 3, 7)
    assert (ctx.name, ctx.sender, ctx.epoch, ctx.now_ns, ctx.wall_ns, ctx.origin_ns) == ("risk", 3, 7, 0, 0, 0)
    with pytest.raises(NotImplementedError):
        ctx.publish(1, Ack(True))
    with pytest.raises(NotImplementedError):
        ctx.count("anything")


def test_what_an_agent_is_handed_cannot_be_changed():
    request = Request("signal", Header(seq=5), CancelAll(), b"token")
    reply = Reply("risk", 5, CancelAll(), Outcome.NOT_SENT)
    end = VenueReply(9, VenueCall("GET", "/", {}), CallOutcome.NOT_SENT, text="connection refused")
    assert (request.client, request.header.seq, request.token) == ("signal", 5, b"token")
    assert (reply.outcome, reply.message) == (Outcome.NOT_SENT, None)
    assert (end.call_id, end.status, end.body, end.headers, end.text) == (9, 0, b"", {}, "connection refused")
    for what in (request, reply):
        with pytest.raises(AttributeError):
            what.message = None
    assert "connection refused" in repr(end)
    assert "signal" in repr(request)
    assert "NOT_SENT" in repr(reply)
