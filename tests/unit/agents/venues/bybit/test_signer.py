"""Bybit's signatures, worked out by hand from its rule: HMAC-SHA256 of time, key, window, and query or body."""

import hashlib
import hmac

import pytest

from agents.venues.bybit import signer as module
from agents.venues.bybit.signer import BybitSigner
from agents.venues.credentials import Credentials
from mesh.agent import VenueCall
from schemas.config import VenueConfig

KEY, SECRET = "XXXXXXXXXX", "a-secret"
NOW_MS = 1_658_384_314_791


@pytest.fixture
def signer(monkeypatch):
    monkeypatch.setattr(module.time, "time_ns", lambda: (NOW_MS - 250) * 1_000_000)
    made = BybitSigner(VenueConfig(id=1, name="b", kind="bybit"), Credentials(KEY, SECRET))
    made.set_clock(250_000_000)
    return made


def signed(text):
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_a_query_is_signed_as_it_is_sent(signer):
    request = signer.request(
        VenueCall("GET", "/v5/order/realtime", {"category": "linear", "cursor": "132766%3A2"}, signed=True)
    )
    query = "category=linear&cursor=132766%3A2"
    assert request.url == f"https://api.bybit.com/v5/order/realtime?{query}"
    assert request.headers == {
        "X-BAPI-API-KEY": KEY,
        "X-BAPI-TIMESTAMP": str(NOW_MS),
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": signed(f"{NOW_MS}{KEY}5000{query}"),
    }
    assert request.body is None


def test_a_body_is_signed_byte_for_byte(signer):
    request = signer.request(VenueCall("POST", "/v5/order/create", {"category": "spot", "qty": "0.01"}, signed=True))
    assert request.url == "https://api.bybit.com/v5/order/create"
    assert request.body == '{"category":"spot","qty":"0.01"}'
    assert request.headers["X-BAPI-SIGN"] == signed(f"{NOW_MS}{KEY}5000{request.body}")
    assert request.headers["Content-Type"] == "application/json"


def test_what_is_public_needs_no_key():
    bare = BybitSigner(VenueConfig(id=1, name="b", kind="bybit", rest_url="http://127.0.0.1:1/"), None)
    assert bare.request(VenueCall("GET", "/v5/market/time", {})).url == "http://127.0.0.1:1/v5/market/time"
    assert bare.request(VenueCall("GET", "/v5/account/wallet-balance", {}, signed=True)) is None


def test_a_login_is_good_for_ten_seconds(signer):
    message = signer.message({"req_id": "login-1", "op": "auth"})
    expires = NOW_MS + 10_000
    assert message == {
        "req_id": "login-1",
        "op": "auth",
        "args": [KEY, expires, signed(f"GET/realtime{expires}")],
    }
