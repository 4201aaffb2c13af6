"""Signatures, keys and timestamps, by Binance's own published example."""

import pytest

from agents.paper.binance.authenticator import Authenticator
from agents.paper.binance.refusals import Refusal
from agents.paper.call import Call

# binance-spot-api-docs, rest-api.md, "SIGNED Endpoint Examples for POST /api/v3/order".
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
PAYLOAD = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
)
WALL_NS = 1_499_827_319_559 * 1_000_000


@pytest.fixture
def gate() -> Authenticator:
    return Authenticator(KEY, SECRET)


def call(key: str | None, query: str, body: str, wall_ns: int) -> Call:
    headers = {} if key is None else {"x-mbx-apikey": key}
    return Call("POST", "/api/v3/order", query, headers, body, wall_ns)


def refused(gate: Authenticator, query: str, *, key: str | None = KEY, body: str = "", wall_ns: int = WALL_NS) -> int:
    with pytest.raises(Refusal) as caught:
        gate.check_request(call(key, query, body, wall_ns))
    return caught.value.code


def test_published_example_is_let_in_from_query_or_body_or_both(gate: Authenticator) -> None:
    signed = f"{PAYLOAD}&signature={SIGNATURE}"
    gate.check_request(call(KEY, signed, "", WALL_NS))
    gate.check_request(call(KEY, "", signed, WALL_NS))
    head, tail = PAYLOAD.split("&quantity")
    mixed = gate.sign(f"{head}quantity{tail}")
    gate.check_request(call(KEY, head, f"quantity{tail}&signature={mixed}", WALL_NS))


def test_changed_request_is_refused(gate: Authenticator) -> None:
    assert refused(gate, f"{PAYLOAD}&signature={SIGNATURE}".replace("price=0.1", "price=0.2")) == -1022


def test_what_is_missing_is_named(gate: Authenticator) -> None:
    assert refused(gate, PAYLOAD) == -1102
    query = "symbol=LTCBTC"
    assert refused(gate, f"{query}&signature={gate.sign(query)}") == -1102


def test_keys_are_checked(gate: Authenticator) -> None:
    assert refused(gate, PAYLOAD, key=None) == -2014
    assert refused(gate, PAYLOAD, key="short") == -2014
    assert refused(gate, PAYLOAD, key="x" * 64) == -2015


@pytest.mark.parametrize(("shift_ms", "code"), [(5_001, -1021), (-1_000, -1021), (5_000, 0), (-999, 0)])
def test_time_must_be_within_the_window(gate: Authenticator, shift_ms: int, code: int) -> None:
    signed, wall_ns = f"{PAYLOAD}&signature={SIGNATURE}", WALL_NS + shift_ms * 1_000_000
    if code:
        assert refused(gate, signed, wall_ns=wall_ns) == code
    else:
        gate.check_request(call(KEY, signed, "", wall_ns))


def test_window_is_bounded(gate: Authenticator) -> None:
    query = "recvWindow=60001&timestamp=1499827319559"
    assert refused(gate, f"{query}&signature={gate.sign(query)}") == -1131


def test_websocket_parameters_are_signed_in_order_of_name(gate: Authenticator) -> None:
    params: dict[str, object] = {"timestamp": 1_499_827_319_559, "apiKey": KEY}
    params["signature"] = gate.sign(f"apiKey={KEY}&timestamp=1499827319559")
    gate.check_params(params, WALL_NS)
    with pytest.raises(Refusal):
        gate.check_params({**params, "recvWindow": 1}, WALL_NS)
