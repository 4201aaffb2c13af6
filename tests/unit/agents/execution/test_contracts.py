"""Contracts of an account: told as the venue states them, held against fills, and kept closed where something is wrong."""

import msgspec
import pytest

from schemas.messages import (
    AccountMargin,
    Ack,
    FundingSettled,
    OrderFilled,
    PositionMargin,
    Reconciled,
    ResetRequest,
    TradingState,
    Transfer,
)
from schemas.orders import ExecInst, Reason, Side, TimeInForce, TradingMode
from schemas.streams import AGENT_STREAM, Kind, stream_id
from tests.unit.agents.submissions import approved, submission
from tests.unit.agents.venues.bybit.account_desk import execution, frame
from tests.unit.agents.venues.bybit.trading_desk import (
    CREATE,
    EXECUTIONS,
    LINEAR,
    MS,
    POSITIONS,
    SECOND,
    SPOT,
    STREAM,
    TRANSACTIONS,
    Desk,
    filled,
    position,
    stands,
)

E8 = 10**8
MARGIN = stream_id(Kind.ACCOUNT, 1, 0)
MINUTE = 60 * SECOND


def funding(number="F1", fee="1.25", at_ms=1_700_000_100_000):
    return execution(execType="Funding", execFee=fee, execId=number, execTime=str(at_ms))


def bought(desk, qty="0.100", positions=()):
    """Have an order of the contract filled, and the venue tell such positions."""
    desk.submit()
    desk.taken()
    desk.tell(frame("order", stands()))
    desk.positions = list(positions)
    desk.tell(frame("execution", filled(qty)))


def ask(desk, side, qty=10, instrument_id=LINEAR, name="N1", **more):
    terms = approved(name, qty, 300_005, side, TimeInForce.GTC, instrument_id)
    return desk.ctx.ask(desk.agent, submission(msgspec.structs.replace(terms, **more)))


def modes(desk):
    return [(state.mode, state.reason, state.instrument_id) for state in desk.told(TradingState, AGENT_STREAM)]


# Margin and terms


def test_the_account_is_told_at_the_first_agreement_with_leverage_where_nothing_is_held():
    (told,) = Desk().told(AccountMargin, MARGIN)
    assert told.ts_recv_ns > 0
    assert (told.currency, told.equity_e8, told.available_e8) == ("USD", 1000 * E8, 900 * E8)
    assert (told.positions, told.leverages_e8) == ((), {LINEAR: 10 * E8})


def test_a_pass_that_finds_nothing_new_tells_nothing():
    desk = Desk()
    desk.pass_time(3 * MINUTE)
    assert len(desk.told(AccountMargin, MARGIN)) == 1
    assert len(desk.asked_of(POSITIONS)) >= 4, "asked for with every balance"


def test_what_the_private_stream_tells_is_told_some_times_a_second():
    desk = Desk()
    for size in ("0.1", "0.2", "0.3"):
        desk.tell(frame("position", position(size)))
    desk.tell(frame("wallet", {"totalMarginBalance": "990", "totalAvailableBalance": "800", "coin": []}))
    assert len(desk.told(AccountMargin, MARGIN)) == 1
    desk.ctx.advance(desk.agent, 300 * MS)
    _, told = desk.told(AccountMargin, MARGIN)
    assert told.equity_e8 == 990 * E8
    assert told.positions == (
        PositionMargin(LINEAR, 300, 50_000 * E8, 50_500 * E8, 45_000 * E8, leverage_e8=10 * E8, isolated=False),
    )
    desk.tell(frame("position", position("0")))
    desk.ctx.advance(desk.agent, 300 * MS)
    assert desk.told(AccountMargin, MARGIN)[-1].positions == ()


def test_a_figure_is_as_old_as_the_venues_word_of_margin_and_told_again_after_a_fill():
    desk = Desk()
    (first,) = desk.told(AccountMargin, MARGIN)
    desk.ctx.advance(desk.agent, SECOND)
    bought(desk, positions=[position("0.100")])
    desk.tell(frame("position", position("0.100")))
    desk.ctx.advance(desk.agent, 300 * MS)
    told, fill = desk.told(AccountMargin, MARGIN)[-1], desk.told(OrderFilled)[-1]
    assert told.positions
    assert told.ts_recv_ns == first.ts_recv_ns < fill.ts_recv_ns, "of the margin nothing was told since"
    desk.pass_time(MINUTE)
    told = desk.told(AccountMargin, MARGIN)
    assert told[-1].ts_recv_ns > fill.ts_recv_ns, "the next pass asks for it"
    assert told[-1].available_e8 == first.available_e8
    desk.pass_time(5 * MINUTE)
    assert len(desk.told(AccountMargin, MARGIN)) == len(told)


def test_a_contract_with_more_leverage_than_declared_is_only_reduced():
    desk = Desk(leverage="20", leverage_max="10")
    assert desk.agent.healthy, "other instruments may be traded"
    assert modes(desk) == [(TradingMode.REDUCING, Reason.INSTRUMENT_NOT_USABLE, LINEAR)]
    answer = ask(desk, Side.BUY)
    assert (answer.accepted, answer.reason) == (False, Reason.TRADING_REDUCING)
    assert answer.text == "BTC-PERP: leverage 20x at the venue (leverage_max: 10x)"
    assert answer.text in desk.agent.figures().trouble
    assert desk.agent.figures().contracts.faults == {"BTC-PERP": answer.text}
    assert ask(desk, Side.BUY, 1_000, SPOT, "N2") == Ack(True)


def test_leverage_that_is_lowered_at_the_venue_opens_the_contract_again():
    desk = Desk(leverage="20", leverage_max="10")
    desk.leverage = "10"
    desk.pass_time(2 * MINUTE)
    assert modes(desk)[-1] == (TradingMode.ACTIVE, Reason.INSTRUMENT_NOT_USABLE, LINEAR)
    assert ask(desk, Side.BUY) == Ack(True)
    assert desk.agent.figures().contracts.terms == {"BTC-PERP": "cross 10x"}


def test_leverage_that_is_raised_while_trading_is_seen_in_the_position():
    desk = Desk(leverage="5", leverage_max="10")
    assert modes(desk) == []
    desk.tell(frame("position", position("0.1", leverage="50")))
    assert modes(desk) == [(TradingMode.REDUCING, Reason.INSTRUMENT_NOT_USABLE, LINEAR)]


@pytest.mark.parametrize(
    ("rows", "declared", "text"),
    [
        ({"tradeMode": 1}, {}, "margin mode isolated at the venue (margin_mode: cross)"),
        ({}, {"margin_mode": "isolated"}, "margin mode cross at the venue (margin_mode: isolated)"),
        ({"positionIdx": 1}, {}, "hedge mode: long and short stand apart"),
    ],
)
def test_other_modes_than_declared_close_a_contract(rows, declared, text):
    desk = Desk(positions=[position("0", leverage="5", **rows)], **declared)
    answer = ask(desk, Side.BUY)
    assert answer.reason == Reason.TRADING_REDUCING
    assert text in answer.text


# Positions


def test_a_position_from_before_is_what_the_account_opens_with_at_its_entry_price():
    desk = Desk(positions=[position("0.005", "Sell", "50000.03")])
    assert not desk.agent.healthy, "it is looked at again first"
    desk.pass_time(2 * SECOND)
    assert desk.agent.healthy
    fills = desk.told(OrderFilled)
    assert [(m.side, m.last_qty_lots, m.last_px_ticks, m.commission_e8, m.strategy) for m in fills] == [
        (Side.SELL, 3, 500_000, 0, ""),
        (Side.SELL, 2, 500_001, 0, ""),
    ]
    order = [type(m) for m in desk.ctx.messages(STREAM)]
    assert order.index(OrderFilled) < order.index(Reconciled)
    assert desk.ctx.counters["positions_opened"] == 1
    again = desk.restarted()
    again.pass_time(3 * SECOND)
    assert again.agent.healthy
    assert again.told(OrderFilled) == [], "once"


def test_a_position_that_differs_from_the_fills_closes_the_contract_and_says_both_figures():
    desk = Desk()
    bought(desk, positions=[position("0.300")])
    desk.pass_time(2 * MINUTE)
    assert modes(desk) == [(TradingMode.REDUCING, Reason.RECONCILIATION_TROUBLE, LINEAR)]
    answer = ask(desk, Side.BUY)
    assert answer.text == "BTC-PERP: venue 0.3, booked 0.1"
    assert desk.ctx.counters["positions_unequal"] == 1
    assert ask(desk, Side.SELL, 100, name="N3") == Ack(True), "what reduces passes"
    desk.positions = [position("0.100")]
    desk.pass_time(2 * MINUTE)
    assert modes(desk)[-1] == (TradingMode.ACTIVE, Reason.RECONCILIATION_TROUBLE, LINEAR)
    assert ask(desk, Side.BUY, name="N4") == Ack(True)


def test_a_position_that_is_told_late_is_no_difference():
    desk = Desk()
    bought(desk)
    desk.asked.clear()
    while not desk.asked_of(POSITIONS):
        desk.pass_time(SECOND)
    desk.pass_time(5 * SECOND)
    assert len(desk.asked_of(POSITIONS)) > 8, "it is looked at again at once, and again"
    desk.positions = [position("0.100")]
    desk.pass_time(MINUTE)
    assert modes(desk) == []


def test_after_a_restart_nothing_is_created_until_positions_are_equal_or_known_to_differ():
    desk = Desk()
    bought(desk, positions=[position("0.100")])
    desk.pass_time(2 * MINUTE)
    again = desk.restarted()
    assert again.agent.healthy
    desk.positions = [position("0.200")]
    again = desk.restarted()
    assert not again.agent.healthy
    assert "positions are looked at again: BTC-PERP: venue 0.2, booked 0.1" in again.agent.figures().trouble
    again.pass_time(15 * SECOND)
    assert again.agent.healthy
    assert modes(again) == [(TradingMode.REDUCING, Reason.RECONCILIATION_TROUBLE, LINEAR)]


def test_a_contract_of_which_no_leverage_is_told_was_compared_before_too():
    desk = Desk(leverage="")
    bought(desk, positions=[position("0.100", leverage="")])
    desk.pass_time(2 * MINUTE)
    desk.positions = [position("0.200", leverage="")]
    again = desk.restarted()
    again.pass_time(MINUTE)
    assert modes(again) == [(TradingMode.REDUCING, Reason.RECONCILIATION_TROUBLE, LINEAR)]
    assert again.told(OrderFilled) == []


# Transfers, of a venue whose stream tells balances and never why they changed


def wallet(balance):
    return frame("wallet", {"accountType": "UNIFIED", "coin": [{"coin": "USDT", "walletBalance": balance}]})


def moved(number, change, at_ms=1_700_000_100_000):
    kind = "TRANSFER_OUT" if change.startswith("-") else "TRANSFER_IN"
    return {"id": number, "type": kind, "currency": "USDT", "change": change, "transactionTime": str(at_ms)}


def test_a_balance_that_has_moved_has_the_next_pass_look_for_transfers_and_each_is_told_once():
    desk = Desk()
    desk.pass_time(6 * SECOND)
    desk.asked.clear()
    desk.tell(wallet("1000"))
    desk.pass_time(6 * SECOND)
    assert TRANSACTIONS not in [path for path, _ in desk.asked]
    desk.transfers = [moved("b", "-20"), moved("a", "120", 1_700_000_090_000)]
    desk.tell(wallet("1100"))
    desk.pass_time(6 * SECOND)
    assert [(m.asset, m.amount, m.transfer_id) for m in desk.told(Transfer)] == [
        ("USDT", "120", "a"),
        ("USDT", "-20", "b"),
    ]
    again = desk.restarted()
    again.transfers = [moved("c", "7", 1_700_000_200_000), *desk.transfers]
    again.pass_time(2 * MINUTE)
    assert [m.transfer_id for m in again.told(Transfer)] == ["c"]


# Funding


def test_funding_is_told_once_by_whatever_way_it_comes():
    desk = Desk()
    desk.tell(frame("execution", funding()))
    desk.executions = [funding(), funding("F2", "-0.5", 1_700_000_050_000)]
    desk.pass_time(2 * MINUTE)
    told = desk.told(FundingSettled)
    assert [(m.funding_id, m.amount, m.asset, m.instrument_id, m.reconciled) for m in told] == [
        ("F1", "-1.25", "USDT", LINEAR, False),
        ("F2", "0.5", "USDT", LINEAR, True),
    ]
    again = desk.restarted()
    again.executions = desk.executions
    again.pass_time(2 * MINUTE)
    again.tell(frame("execution", funding()))
    assert again.told(FundingSettled) == []
    assert desk.ctx.counters["funding_settled"] == 2


def test_funding_of_while_we_were_away_is_told_before_the_balances_that_hold_it_the_oldest_first():
    desk = Desk()
    again = desk.restarted()
    del again
    life = desk.restarted()
    life.executions = [funding(f"F{n}", at_ms=1_700_000_100_000 + n) for n in (3, 1, 2)]
    life.pass_time(2 * MINUTE)
    assert [m.funding_id for m in life.told(FundingSettled)] == ["F1", "F2", "F3"]


def test_funding_is_asked_for_from_where_the_last_pass_had_all_of_it():
    desk = Desk()
    for _ in range(8):
        desk.ctx.advance(desk.agent, 30 * MINUTE)
        desk.pass_time(2 * MINUTE)
    asked = [int(each["startTime"]) for each in desk.asked_of(EXECUTIONS) if each.get("execType") == "Funding"]
    late_ms = desk.ctx.wall_ns // MS - asked[-1]
    assert 60 * 60_000 <= late_ms <= 2 * 60 * 60_000, "an hour back, for what the venue's list gets late"


def test_funding_from_before_the_first_agreement_is_in_the_balance_already():
    desk = Desk()
    desk.executions = [funding("old", at_ms=1_699_999_000_000)]
    desk.tell(frame("execution", funding("older", at_ms=1_699_998_000_000)))
    desk.pass_time(2 * MINUTE)
    assert desk.told(FundingSettled) == []
    (asked, *_) = [each for each in desk.asked_of(EXECUTIONS) if each.get("execType") == "Funding"]
    assert int(asked["startTime"]) >= 1_700_000_000_000


# What the venue forces


@pytest.mark.parametrize(
    ("kind", "words"), [("BustTrade", "liquidation"), ("AdlTrade", "auto-deleveraging"), ("Trade", "")]
)
def test_a_liquidation_is_an_order_that_is_not_ours_and_is_told_loudly(kind, words):
    desk = Desk()
    desk.tell(frame("execution", execution(execType=kind, orderLinkId="", orderId="L1")))
    (fill,) = desk.told(OrderFilled)
    assert (fill.strategy, fill.side, fill.last_qty_lots) == ("", Side.SELL, 500)
    figures = desk.agent.figures()
    lines = [f"BTC-PERP: {words} by the venue: sold 0.500 at 95900.1"] if words else []
    assert figures.contracts.forced == lines
    assert desk.ctx.counters.get("fills_forced", 0) == len(lines)
    assert figures.trouble == "".join(lines)


# Reduce-only


def test_what_only_reduces_says_so_to_the_venue_too():
    desk = Desk()
    bought(desk, positions=[position("0.100")])
    ask(desk, Side.SELL, 50, exec_inst=int(ExecInst.REDUCE_ONLY))
    ask(desk, Side.SELL, 50, name="N2")
    flags = [desk.ctx.calls[number].params.get("reduceOnly") for number in desk.ctx.pending("POST", CREATE)]
    assert flags == ["true", None]


def test_an_operator_has_a_difference_of_positions_booked():
    desk = Desk()
    bought(desk, positions=[position("0.300", entry="50000.00")])

    def reset(sender=0, **what):
        return desk.ctx.ask(desk.agent, ResetRequest("looked into", **what), client="operator", sender=sender)

    assert reset(positions=True).accepted is False, "nothing is known to differ yet"
    desk.pass_time(2 * MINUTE)
    assert reset(sender=4, positions=True).reason == Reason.FENCED
    assert reset(peak=True).accepted is False
    assert reset(positions=True) == Ack(True, text="booked with the next pass: BTC-PERP")
    desk.pass_time(MINUTE)
    booked = desk.told(OrderFilled)[-1]
    assert (booked.side, booked.last_qty_lots, booked.last_px_ticks) == (Side.BUY, 200, 500_000)
    assert modes(desk)[-1] == (TradingMode.ACTIVE, Reason.RECONCILIATION_TROUBLE, LINEAR)
    desk.positions = []
    desk.pass_time(2 * MINUTE)
    assert reset(positions=True).accepted
    desk.pass_time(MINUTE)
    booked = desk.told(OrderFilled)[-1]
    assert (booked.side, booked.last_qty_lots, booked.last_px_ticks) == (Side.SELL, 300, 500_000), "at the last price"
    assert desk.agent.figures().trading == []
