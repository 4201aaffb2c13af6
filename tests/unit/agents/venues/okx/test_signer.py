"""Signed requests of OKX: each signature worked out here, from the headers as they went out."""

import base64
import hashlib
import hmac
import json
import re
import time

import pytest

from agents.venues.credentials import Credentials
from agents.venues.okx.paths import DEMO_WS_URL
from agents.venues.okx.signer import OkxSigner
from mesh.agent import VenueCall
from schemas.config import VenueConfig

SECRET = "22582BD0CFF14C41EDBF1AB98506286D"  # the venue's own example, as it has no signature for it
VENUE = VenueConfig(id=1, name="o", kind="okx", rest_url="http://127.0.0.1:1/")
DEMO = VenueConfig(id=1, name="o", kind="okx", ws_url=DEMO_WS_URL)
ACCOUNT = Credentials("key", SECRET, "phrase")


def signature(text):
    return base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_a_signed_get_proves_itself_with_path_and_query():
    found = OkxSigner(VENUE, ACCOUNT).request(
        VenueCall("GET", "/api/v5/account/balance", {"ccy": "BTC", "x": "a b"}, signed=True)
    )
    assert found.url == "http://127.0.0.1:1/api/v5/account/balance?ccy=BTC&x=a+b"
    at = found.headers["OK-ACCESS-TIMESTAMP"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at)
    assert found.headers["OK-ACCESS-SIGN"] == signature(f"{at}GET/api/v5/account/balance?ccy=BTC&x=a+b")
    assert (found.headers["OK-ACCESS-KEY"], found.headers["OK-ACCESS-PASSPHRASE"]) == ("key", "phrase")
    assert found.body is None


def test_a_signed_post_proves_itself_with_its_body():
    call = VenueCall("POST", "/api/v5/trade/order", {"instId": "BTC-USDT", "sz": "1"}, signed=True)
    found = OkxSigner(VENUE, ACCOUNT).request(call)
    assert json.loads(found.body) == {"instId": "BTC-USDT", "sz": "1"}
    assert found.headers["Content-Type"] == "application/json"
    at = found.headers["OK-ACCESS-TIMESTAMP"]
    assert found.headers["OK-ACCESS-SIGN"] == signature(f"{at}POST/api/v5/trade/order{found.body}")


def test_a_public_call_is_not_signed():
    found = OkxSigner(VENUE, None).request(VenueCall("GET", "/api/v5/public/time", {}))
    assert (found.url, dict(found.headers)) == ("http://127.0.0.1:1/api/v5/public/time", {})


def test_there_is_no_signed_request_without_credentials():
    assert OkxSigner(VENUE, None).request(VenueCall("GET", "/api/v5/account/balance", {}, signed=True)) is None


def test_the_demo_world_has_a_header_and_the_real_host():
    found = OkxSigner(DEMO, ACCOUNT).request(VenueCall("GET", "/api/v5/account/balance", {}, signed=True))
    assert found.headers["x-simulated-trading"] == "1"
    assert found.url == "https://www.okx.com/api/v5/account/balance"
    assert OkxSigner(DEMO, None).request(VenueCall("GET", "/api/v5/public/time", {})).headers == {
        "x-simulated-trading": "1"
    }


def test_a_login_carries_the_proof_as_its_arguments():
    found = OkxSigner(VENUE, ACCOUNT).message({"op": "login"})
    (proof,) = found["args"]
    assert found["op"] == "login"
    assert (proof["apiKey"], proof["passphrase"]) == ("key", "phrase")
    assert proof["sign"] == signature(f"{proof['timestamp']}GET/users/self/verify")
    assert int(proof["timestamp"]) == pytest.approx(time.time(), abs=5)


def test_the_venues_time_is_written():
    signer = OkxSigner(VENUE, ACCOUNT)
    signer.set_clock(3_600 * 10**9)
    assert int(signer.message({"op": "login"})["args"][0]["timestamp"]) == pytest.approx(time.time() + 3_600, abs=5)
