"""Whose key it is, in OKX's answer (OKX v5 docs, get account configuration)."""

import pytest

from agents.venues.identity import AccountIdentity
from agents.venues.okx.identity import OkxIdentity
from schemas.errors import VenueError

ANSWER = b'{"code":"0","data":[{"acctLv":"2","uid":"44705892343619584","mainUid":"1","perm":"%s","ip":""}],"msg":""}'


def test_the_account_and_its_rights_are_read() -> None:
    trading = OkxIdentity().read(ANSWER % b"read_only,trade")
    assert trading == AccountIdentity("44705892343619584", True, False)
    assert OkxIdentity().read(ANSWER % b"read_only,withdraw") == AccountIdentity("44705892343619584", False, True)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"code":"50111","msg":"Invalid OK-ACCESS-KEY","data":[]}'])
def test_anything_else_is_an_error(body: bytes) -> None:
    with pytest.raises(VenueError, match="account configuration"):
        OkxIdentity().read(body)
