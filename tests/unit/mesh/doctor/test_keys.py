"""What is said of a key: by what its venue tells."""

import pytest

from mesh.doctor.findings import Status
from mesh.doctor.keys import key_findings
from schemas.config import Config, ExecutionConfig, PaperConfig, VenueConfig
from schemas.figures import KeyLook

PAPER = PaperConfig(id=2, venue="v", listen="127.0.0.1:0")


def config(account: str = "7", **agents: object) -> Config:
    return Config(
        venues=(VenueConfig(id=1, name="v", kind="binance_spot", account=account),),
        instruments=(),
        agents={"execution": ExecutionConfig(id=1, venue="v"), **agents},  # type: ignore[dict-item]
    )


@pytest.mark.parametrize(
    ("seen", "status", "found"),
    [
        (KeyLook("7", True, False), Status.OK, "account 7, trades, may not withdraw"),
        (KeyLook("7", True, True), Status.WARN, "account 7, trades, may withdraw"),
        (KeyLook("7", False, False), Status.FAIL, "account 7, does not trade, may not withdraw"),
        (KeyLook("8", True, False), Status.FAIL, "account 8, trades, may not withdraw"),
        (KeyLook("7"), Status.OK, "account 7"),
        (KeyLook(trouble="no answer"), Status.UNKNOWN, "no answer"),
    ],
)
def test_a_key_is_judged_by_what_the_venue_tells(seen: KeyLook, status: Status, found: str) -> None:
    (finding,) = key_findings(config(), lambda *_: seen)
    assert (finding.check, finding.status, finding.found) == ("key of v", status, found)


def test_how_contracts_are_set_is_told_beside_and_what_speaks_against_it_fails() -> None:
    terms = {"BTC": "cross 20x", "ETH": "cross 5x"}
    fault = "BTC: leverage 20x at the venue (leverage_max: 10x)"
    _, found = key_findings(config(), lambda *_: KeyLook("7", mode="one-way", terms=terms))
    assert (found.check, found.status, found.found) == (
        "contracts of v",
        Status.OK,
        "one-way; BTC cross 20x; ETH cross 5x",
    )
    _, found = key_findings(config(), lambda *_: KeyLook("7", mode="one-way", terms=terms, faults=(fault,)))
    assert (found.status, found.wanted) == (Status.FAIL, fault)


def test_any_account_will_do_where_none_is_named() -> None:
    (finding,) = key_findings(config(""), lambda *_: KeyLook("8", True, False))
    assert finding.status is Status.OK


def test_a_venue_that_is_played_here_is_not_asked() -> None:
    assert key_findings(config(paper=PAPER), lambda *_: KeyLook("8")) == []
