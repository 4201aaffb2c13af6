"""One connection of the HTTP client without a network: what its answers mean, and what each end proves."""

import asyncio
import zlib
from collections.abc import Callable

import pytest

from agents.venues.http_client import HEAD_BYTES_MAX, Answer, Connection
from mesh.context import CallOutcome


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written, self.ended = b"", False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def abort(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.ended


def exchanged(drive: Callable[[Connection], None]) -> tuple[list[Answer], Wire, int]:
    """Send one request and have `drive` play the venue; return how it ended, and how often the connection was free."""

    async def run() -> tuple[list[Answer], Wire, int]:
        free: list[Connection] = []
        answers: list[Answer] = []
        wire = Wire()
        connection = Connection(asyncio.get_running_loop(), free.append, lambda _: None)
        connection.connection_made(wire)
        connection.exchange(b"request", 5, answers.append)
        drive(connection)
        await asyncio.sleep(0)
        return answers, wire, len(free)

    return asyncio.run(run())


def test_answer_in_parts_is_whole_and_frees_the_connection() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Mbx-Used-Weight-1m: 7\r\n\r\n{}"

    def play(connection: Connection) -> None:
        for at in range(len(whole)):
            connection.data_received(whole[at : at + 1])

    [answer], wire, free = exchanged(play)
    assert (answer.outcome, answer.status, answer.body) == (CallOutcome.ANSWERED, 200, b"{}")
    assert answer.headers["x-mbx-used-weight-1m"] == "7"
    assert (wire.written, wire.ended, free) == (b"request", False, 1)


def test_answer_that_closes_does_not_free_the_connection() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    [answer], wire, free = exchanged(lambda connection: connection.data_received(closing))
    assert (answer.outcome, wire.ended, free) == (CallOutcome.ANSWERED, True, 0)


def test_packed_chunks_are_unpacked() -> None:
    body = zlib.compress(b"[1,2]")
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    [answer], _, free = exchanged(lambda connection: connection.data_received(packed % (len(body), body)))
    assert (answer.body, free) == (b"[1,2]", 1)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
        b"nothing of HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_BYTES_MAX + b"\r\n",
        2 * b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"",
    ],
)
def test_without_a_whole_answer_the_end_is_unknown(sent: bytes) -> None:
    def play(connection: Connection) -> None:
        if sent:
            connection.data_received(sent)
            connection.data_received(b"")
        connection.connection_lost(None)

    [answer], _, free = exchanged(play)
    assert (answer.outcome, answer.again, free) == (CallOutcome.UNKNOWN, False, 0)


def test_answer_without_a_length_ends_with_its_connection() -> None:
    def play(connection: Connection) -> None:
        connection.data_received(b"HTTP/1.1 200 OK\r\n\r\n[1,")
        connection.data_received(b"2]")
        connection.connection_lost(None)

    [answer], _, free = exchanged(play)
    assert (answer.outcome, answer.body, free) == (CallOutcome.ANSWERED, b"[1,2]", 0)


def test_what_only_announces_an_answer_is_none() -> None:
    announced = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
    [answer], _, free = exchanged(lambda connection: connection.data_received(announced))
    assert (answer.status, answer.body, "Link" in answer.headers, free) == (201, b"{}", False, 1)
