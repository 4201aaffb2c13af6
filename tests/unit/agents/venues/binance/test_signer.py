"""Signed requests of Binance, with the key, secret and signature of its own documents."""

import hashlib
import hmac
import time
from urllib.parse import parse_qsl, urlsplit

from agents.venues.binance.signer import BinanceSigner
from agents.venues.credentials import Credentials
from mesh.agent import VenueCall
from schemas.config import VenueConfig

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # rest-api.md, its example
VENUE = VenueConfig(id=1, name="b", kind="binance_spot", rest_url="http://127.0.0.1:1/", recv_window_ms=5000)


def signer():
    return BinanceSigner(VENUE, Credentials("key", SECRET))


def signature(text):
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_the_secret_signs_as_in_the_documents():
    # The payload and signature of the example in rest-api.md.
    text = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    )
    assert signature(text) == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def test_a_signed_call_carries_key_window_and_signature():
    found = signer().request(VenueCall("GET", "/api/v3/account", {"omitZeroBalances": "true"}, signed=True))
    url = urlsplit(found.url)
    assert (url.netloc, url.path) == ("127.0.0.1:1", "/api/v3/account")
    text, _, given = url.query.rpartition("&signature=")
    assert given == signature(text)
    assert dict(parse_qsl(text)).keys() == {"omitZeroBalances", "timestamp", "recvWindow"}
    assert found.headers["X-MBX-APIKEY"] == "key"


def test_a_public_call_is_not_signed():
    found = signer().request(VenueCall("GET", "/api/v3/depth", {"symbol": "BTCUSDT"}, signed=False))
    assert "signature" not in found.url
    assert "timestamp" not in found.url


def test_what_is_asked_for_with_the_key_alone_has_no_parameters():
    found = signer().request(VenueCall("POST", "/fapi/v1/listenKey", {}, signed=True))
    assert (found.url, found.headers["X-MBX-APIKEY"], found.body) == (
        "http://127.0.0.1:1/fapi/v1/listenKey",
        "key",
        None,
    )
    assert BinanceSigner(VENUE, None).request(VenueCall("POST", "/fapi/v1/listenKey", {}, signed=True)) is None


def test_there_is_no_request_without_credentials_or_outside_the_api():
    assert BinanceSigner(VENUE, None).request(VenueCall("GET", "/api/v3/account", {}, signed=True)) is None
    assert signer().request(VenueCall("GET", "/wapi/v1/x", {}, signed=False)) is None


def test_a_message_is_signed_over_its_sorted_parameters():
    found = signer().message({"id": "1", "method": "userDataStream.subscribe.signature"})
    params = found["params"]
    text = f"apiKey=key&recvWindow=5000&timestamp={params['timestamp']}"
    assert params["signature"] == signature(text)
    assert found["method"] == "userDataStream.subscribe.signature"


def test_signed_requests_carry_the_venues_time():
    signing = signer()
    signing.set_clock(-3_600 * 10**9)
    before_ms = time.time_ns() // 10**6
    found = signing.request(VenueCall("GET", "/api/v3/account", {}, signed=True))
    told = int(dict(parse_qsl(urlsplit(found.url).query))["timestamp"])
    said = int(signing.message({"id": "1", "method": "x"})["params"]["timestamp"])
    for told_ms in (told, said):
        assert before_ms - 3_600_000 <= told_ms <= time.time_ns() // 10**6 - 3_600_000
