"""Asks a live risk agent, one question at a time: `python -m bench.risk_client CONFIG.json KIND COUNT FILE`.

It stands in for the signal agent, on the same socket, blocking. A round trip runs from before the signal is
encoded until its answer is decoded; COUNT of them in ns go to FILE. KIND is `approve` or `deny` (an instrument that risk
does not know). It first asks until risk approves, so that every stream that risk rests on is live by then.
"""

import gc
import socket
import struct
import sys
import time
from array import array
from pathlib import Path
from time import monotonic_ns

import msgspec

from bench.processes import ProcessFailedError
from core.frame import HEADER_SIZE, pack, unpack
from mesh.endpoints import endpoints
from mesh.protocol.codec import decode, encode, type_number
from mesh.transport.unix_connection import ASKS, Greeting
from schemas.config import Config
from schemas.messages import Approved, Denied, Message, Signal
from schemas.orders import TimeInForce
from schemas.streams import REQUEST_STREAM

SIGNAL = "signal"
TTL_MS = 60_000
START_S_MAX = 20.0
AGAIN_S = 0.05
PRICE_TICKS = 10_000
KNOWN, UNKNOWN = 1, 999
ANSWER_BYTES_MAX = 1 << 16
TIMEVAL = struct.Struct("ll")
"""`struct timeval`: seconds and microseconds."""


class Asker:
    """The signal agent's connection to risk."""

    def __init__(self, config: Config) -> None:
        """Connect once risk is there.

        Raises:
            ProcessFailedError: If it does not come.
        """
        self._sender = config.agents[SIGNAL].id
        self._socket = _connected(endpoints(config, "risk").local)
        self._socket.send(bytes(Greeting(ASKS, SIGNAL)))
        self._epoch = time.time_ns() // 1_000_000_000
        self._asked = 0

    def ask(self, instrument: int, timeout_s: float) -> tuple[Message | None, int]:
        """Ask for an order; return the answer, None if none came, and how long it took in ns."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMEVAL.pack(int(timeout_s), 0))
        begun_ns = monotonic_ns()
        self._asked += 1
        signal = Signal(self._asked, "every", instrument, 1, 1, PRICE_TICKS, int(TimeInForce.IOC), 1.0)
        frame = pack(
            stream=REQUEST_STREAM,
            type=type_number(signal),
            sender=self._sender,
            epoch=self._epoch,
            seq=self._asked,
            send_ns=begun_ns,
            decided_ns=begun_ns,
            ttl_ms=TTL_MS,
            payload=encode(signal),
        )
        self._socket.send(frame)
        answer = self._wait()
        if answer is None:
            return None, 0
        message = decode(unpack(answer).type, memoryview(answer)[HEADER_SIZE:])
        return message, monotonic_ns() - begun_ns

    def _wait(self) -> bytes | None:
        """Return the answer to the last question; what came too late for an earlier one is dropped."""
        while True:
            try:
                found = self._socket.recv(ANSWER_BYTES_MAX)
            except BlockingIOError:
                return None
            if unpack(found).seq == self._asked:
                return found


def _connected(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    end_s = time.monotonic() + START_S_MAX
    while made.connect_ex(path) != 0:
        if time.monotonic() > end_s:
            raise ProcessFailedError(f"nobody listens at {path}")
        time.sleep(AGAIN_S)
    return made


def main(config_file: Path, kind: str, count: int, out: Path) -> None:
    """Warm up, ask `count` times, write the times.

    Raises:
        ProcessFailedError: If risk does not approve in time, or gives another answer than was asked for.
    """
    asker = Asker(msgspec.json.decode(config_file.read_bytes(), type=Config))
    _until_approved(asker)
    instrument, expected = (KNOWN, Approved) if kind == "approve" else (UNKNOWN, Denied)
    gc.collect()
    gc.freeze()
    gc.disable()
    times = array("q")
    for number in range(-count // 10, count):
        answer, took_ns = asker.ask(instrument, START_S_MAX)
        if not isinstance(answer, expected):
            raise ProcessFailedError(f"risk answered {answer}, expected {expected.__name__}")
        if number >= 0:
            times.append(took_ns)
    out.write_bytes(times.tobytes())


def _until_approved(asker: Asker) -> None:
    end_s = time.monotonic() + START_S_MAX
    answer = None
    while not isinstance(answer, Approved):
        if time.monotonic() > end_s:
            raise ProcessFailedError(f"risk does not approve: {answer}")
        time.sleep(AGAIN_S)
        answer, _ = asker.ask(KNOWN, 1.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
