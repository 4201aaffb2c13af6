"""The alarm for joined currencies: when it comes, for what, when it goes, and that a restart keeps it."""

import msgspec

from schemas.config import DeskConfig
from schemas.messages import TradingState
from schemas.orders import Reason, TradingMode
from schemas.streams import AGENT_STREAM, StreamState
from tests.unit.agents.portfolio.desk_of_accounts import BTC_TWO, DESK, USDC_ONE, DeskOfAccounts, desk_config


def told(desk):
    return [
        (TradingMode(m.mode), m.instrument_id, m.venue_id)
        for m in desk.ctx.messages(AGENT_STREAM)
        if isinstance(m, TradingState) and m.reason == Reason.CURRENCY_DEPEGGED
    ]


def begun(**options):
    return DeskOfAccounts(**options).marked().opened().wait()


def usdc(desk, ticks, seconds):
    """Tell a market of USDC around a price each half second for so long."""
    for _ in range(round(seconds * 2)):
        desk.market(USDC_ONE, ticks - 1, ticks + 1)
        desk.wait(0.5)
    return desk


ALARM = (TradingMode.REDUCING, BTC_TWO, 0)
LIFTED = (TradingMode.ACTIVE, BTC_TWO, 0)


def test_what_is_quoted_in_a_currency_away_from_one_for_so_long_may_only_be_reduced():
    desk = usdc(begun(), 9_890, 5)
    assert told(desk) == []
    usdc(desk, 9_890, 1)
    assert told(desk) == [ALARM]
    figures = desk.agent.figures()
    text = "USDC is worth 0.989 USDT, by USDCUSDT (allowed: 0.01 from one)"
    assert (figures.currency, figures.currencies, figures.depegged) == ("USDT", {"USDC": "0.989"}, {"USDC": text})
    assert desk.ctx.counters["currencies_depegged"] == 1
    usdc(desk, 9_890, 20)
    assert told(desk) == [ALARM]


def test_it_ends_when_the_currency_was_near_one_for_as_long():
    desk = usdc(begun(), 10_200, 6)
    assert told(desk) == [ALARM]
    usdc(usdc(desk, 10_050, 4), 10_200, 1)
    usdc(desk, 10_050, 5)
    assert told(desk) == [ALARM]
    usdc(desk, 10_050, 1)
    assert told(desk) == [ALARM, LIFTED]
    assert desk.agent.figures().depegged == {}


def test_a_moment_away_is_no_alarm_and_the_limit_itself_is_near():
    desk = begun()
    for _ in range(5):
        usdc(usdc(desk, 9_800, 4), 9_900, 1)
    assert told(desk) == []


def test_a_doubtful_price_counts_though_no_mark_has_moved_to_it():
    desk = usdc(begun(mark_confirm_ms=60_000), 5_000, 6)
    assert desk.agent.figures().currencies == {"USDC": "1"}
    assert told(desk) == [ALARM]


def test_not_to_know_is_an_alarm_too():
    desk = begun()
    desk.market_state(USDC_ONE, StreamState.DOWN)
    desk.wait(5)
    assert told(desk) == []
    desk.wait(1)
    assert told(desk) == [ALARM]
    figures = desk.agent.figures()
    assert figures.currencies == {"USDC": ""}
    assert figures.depegged == {"USDC": "what USDC is worth is not known: no live market of USDCUSDT"}
    desk.market_state(USDC_ONE, StreamState.LIVE)
    assert told(desk.wait(6)) == [ALARM, LIFTED]


def test_a_market_that_never_spoke_is_not_known_from_the_start_on():
    desk = DeskOfAccounts().opened()
    assert told(desk.wait(6)) == [ALARM]


def test_an_alarm_stands_over_a_restart_until_the_currency_has_proven_itself():
    desk = usdc(begun(), 9_800, 6)
    again = desk.again(usdc=10_000)
    usdc(again, 10_000, 4)
    assert told(again) == []
    assert list(again.agent.figures().depegged) == ["USDC"]
    usdc(again, 10_000, 2)
    assert told(again) == [LIFTED]
    assert told(usdc(again.again(epoch=3), 10_000, 8)) == []


def test_what_is_not_watched_any_more_is_let_go_at_the_start():
    desk = usdc(begun(), 9_800, 6)
    trusting = desk_config(desk=msgspec.structs.replace(DESK, joined={"USDC": "1"}))
    again = desk.again(config=trusting)
    assert told(again) == [LIFTED]
    assert again.agent.figures().currencies == {"USDC": "1"}


def test_with_one_currency_there_is_nothing_to_look_at():
    desk = DeskOfAccounts(config=desk_config(desk=DeskConfig(), executions=("one", "three")))
    assert "pegs" not in desk.ctx.timers
    figures = desk.agent.figures()
    assert (figures.currency, figures.currencies, figures.depegged) == ("USDT", {}, {})
