"""A market that is judged has its account and its stream of decisions at hand."""

from schemas.streams import Kind, stream_id
from tests.unit.agents.risk.several_desk import BTC_ONE, BTC_THREE, BTC_TWO, SeveralDesk


def test_a_market_knows_its_account_and_what_it_is_paid_with():
    markets = SeveralDesk().agent._checks.markets
    told = {n: (each.account.execution, each.base, each.quote, each.on_margin) for n, each in markets.items()}
    assert told[BTC_ONE] == ("one", "BTC", "USDT", False)
    assert told[BTC_TWO] == ("two", "BTC", "USDT", True)
    assert told[BTC_THREE] == ("three", "BTC", "USDC", False)
    assert markets[BTC_TWO].decision_stream == stream_id(Kind.DECISION, 0, BTC_TWO)
    assert markets[BTC_TWO].filters.min_notional_e8 == 500_000_000
