"""Whose key it is, in Bybit's answer (Bybit v5 docs, get API key information)."""

import pytest

from agents.venues.bybit.identity import BybitIdentity
from agents.venues.identity import AccountIdentity
from schemas.errors import VenueError

ANSWER = (
    b'{"retCode":0,"retMsg":"","result":{"id":"13770661","note":"x","apiKey":"XXXXXX","readOnly":%d,"secret":"",'
    b'"permissions":{"ContractTrade":["Order","Position"],"Spot":["SpotTrade"],"Wallet":[%s],"Options":[]},'
    b'"ips":["*"],"type":1,"userID":24617703,"inviterID":0,"uta":1},"retExtInfo":{},"time":1676891757649}'
)


def test_the_account_and_its_rights_are_read() -> None:
    assert BybitIdentity().read(ANSWER % (0, b'"AccountTransfer"')) == AccountIdentity("24617703", True, False)
    assert BybitIdentity().read(ANSWER % (0, b'"Withdraw"')) == AccountIdentity("24617703", True, True)
    assert BybitIdentity().read(ANSWER % (1, b"")).trades is False


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"retCode":10003,"retMsg":"API key is invalid.","result":{}}', b'{"retCode":0,"result":{}}']
)
def test_anything_else_is_an_error(body: bytes) -> None:
    with pytest.raises(VenueError, match="key"):
        BybitIdentity().read(body)
