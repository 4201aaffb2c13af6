"""How long Bybit asks to wait: by status, by code, and by the header that says when there is room."""

import pytest

from agents.venues.bybit.waits import retry_after_ns
from mesh.agent import CallOutcome, VenueCall, VenueReply

SECOND = 1_000_000_000
RESET = "X-Bapi-Limit-Reset-Timestamp"


def reply(status=200, body=b"", **headers):
    return VenueReply(1, VenueCall("GET", "/", {}), CallOutcome.ANSWERED, status, body, headers.pop("headers", {}))


@pytest.mark.parametrize(
    ("found", "wait_ns"),
    [
        (reply(body=b'{"retCode":0,"time":1000}'), 0),
        (reply(403, b"access too frequent"), 600 * SECOND),
        (reply(429, b"busy"), SECOND),
        (reply(body=b"<html>"), 0),
        (reply(500), 0),
        (reply(body=b'{"retCode":10006,"time":1000}'), SECOND),
        (reply(body=b'{"retCode":10006,"time":1000}', headers={RESET: "1750"}), SECOND * 3 // 4),
        (reply(body=b'{"retCode":10006,"time":1000}', headers={RESET: "900"}), SECOND // 1000),
        (reply(body=b'{"retCode":10006,"time":1000}', headers={RESET: "9000000"}), 60 * SECOND),
        (reply(body=b'{"retCode":10006}', headers={RESET: "1750"}), SECOND),
        (reply(body=b'{"retCode":10403,"time":1000}'), SECOND),
        (reply(body=b'{"retCode":110007,"time":1000}', headers={RESET: "1750"}), 0),
    ],
)
def test_waits(found, wait_ns):
    assert retry_after_ns(found) == wait_ns
