"""What was done, as lines and as an object."""

import json
from decimal import Decimal

from mesh.operate.outcome import AccountOutcome, CommandOutcome, Word, encode, text
from schemas.errors import ExitStatus

DONE = AccountOutcome("paper", "execution", 100, 143.2, [], [], {"BTCUSDT": Decimal("0.50")})
LEFT = AccountOutcome("paper", "reaper", 0, 0.0, list("abcdefg"), ["a"], None, "not reconciled")
NOBODY = AccountOutcome("paper", "", 0, 0.0, [], [], None)


def test_lines_tell_who_did_what() -> None:
    words = [Word("risk", True, "HALTED is set"), Word("execution", None), Word("x", False, "no")]
    found = CommandOutcome(
        "halt", "everything at paper", True, words, [DONE], {"risk": ["HALTED all: operator: x"]}, ["so"]
    )
    assert text(found).splitlines() == [
        "halt        everything at paper",
        "told        risk: HALTED is set",
        "told        execution: no answer",
        "told        x: refused: no",
        "paper       100 orders gone in 143 ms, as the venue confirmed to execution; 0 left",
        "paper       positions: BTCUSDT 0.50",
        "holds       risk: HALTED all: operator: x",
        "note        so",
    ]


def test_what_is_left_is_named() -> None:
    found = text(CommandOutcome("cancel", "everything at paper", False, [], [LEFT]))
    assert "left: a, b, c, d, e and 2 more" in found
    assert "not known what became of: a" in found
    assert "trouble: not reconciled" in found


def test_an_account_that_nobody_tells_of_is_told_to_be_looked_at() -> None:
    assert "look at the venue" in text(CommandOutcome("halt", "", False, [], [NOBODY]))
    assert not NOBODY.flat


def test_exit_status_by_what_came_of_it() -> None:
    assert CommandOutcome("halt", "", True, []).exit_status is ExitStatus.OK
    assert CommandOutcome("halt", "", False, [Word("risk", None)], [NOBODY]).exit_status is ExitStatus.UNAVAILABLE
    assert CommandOutcome("halt", "", False, [Word("risk", False)], [NOBODY]).exit_status is ExitStatus.FAILED
    assert CommandOutcome("halt", "", False, [Word("risk", None)], [LEFT]).exit_status is ExitStatus.FAILED


def test_json_has_every_field_and_exact_decimals() -> None:
    data = encode(CommandOutcome("halt", "s", True, [Word("risk", True)], [DONE]))
    assert b'"BTCUSDT":0.50' in data
    assert json.loads(data)["accounts"][0]["gone"] == 100
