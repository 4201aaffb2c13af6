"""Who OKX lets in: signed requests and logins, and the code for each thing that is wrong."""

import pytest

from agents.paper.okx.authenticator import OkxAuthenticator
from agents.venues.credentials import Credentials
from tests.unit.agents.paper.okx.okx_desk import OkxDesk
from tests.unit.agents.paper.paper_kit import T0

PATH = "/api/v5/account/balance"


@pytest.fixture
def desk() -> OkxDesk:
    return OkxDesk()


def asked(desk: OkxDesk, **headers: str) -> tuple[int, str]:
    status, answer = desk.get(PATH, headers=headers)
    return status, answer["code"]


def test_a_signature_is_what_openssl_makes_of_the_document_s_example() -> None:
    secret = "22582BD0CFF14C41EDBF1AB98506286D"
    sign = OkxAuthenticator(Credentials("key", secret, "phrase")).sign
    assert sign("2020-12-08T09:08:57.715ZGET/api/v5/account/balance?ccy=BTC") == (
        "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY="
    )


def test_a_signed_request_is_answered(desk: OkxDesk) -> None:
    assert asked(desk, **desk.headers("GET", PATH)) == (200, "0")
    assert asked(desk, **desk.headers("GET", PATH), **{"x-simulated-trading": "1"}) == (200, "0")


@pytest.mark.parametrize(
    ("name", "code"),
    [("KEY", "50103"), ("PASSPHRASE", "50104"), ("SIGN", "50106"), ("TIMESTAMP", "50107")],
)
def test_each_header_must_be_there(desk: OkxDesk, name: str, code: str) -> None:
    headers = desk.headers("GET", PATH)
    del headers[f"OK-ACCESS-{name}"]
    assert asked(desk, **headers) == (401, code)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"key": "another"}, "50111"),
        ({"time": "yesterday"}, "50112"),
        ({"time": "2023-13-14T22:13:20.000Z"}, "50112"),
        ({"time": "2023-11-14T22:12:49.999Z"}, "50102"),
        ({"passphrase": "another"}, "50105"),
        ({"secret": "another"}, "50113"),
    ],
)
def test_what_is_wrong_has_its_code(desk: OkxDesk, changed: dict[str, str], code: str) -> None:
    assert asked(desk, **desk.headers("GET", PATH, **changed)) == (401, code)


def test_the_query_and_the_body_are_signed(desk: OkxDesk) -> None:
    assert desk.get(PATH, "ccy=BTC", desk.headers("GET", PATH))[1]["code"] == "50113"
    assert desk.get(PATH, "ccy=BTC", desk.headers("GET", PATH + "?ccy=BTC"))[1]["code"] == "0"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, "0"),
        ({"key": "another"}, "60005"),
        ({"time": "now"}, "60004"),
        ({"time": str(T0 // 10**9 - 31)}, "60006"),
        ({"passphrase": "another"}, "60024"),
        ({"secret": "another"}, "60007"),
    ],
)
def test_a_login_has_codes_of_its_own(desk: OkxDesk, changed: dict[str, str], code: str) -> None:
    assert desk.login(**changed)["code"] == code
