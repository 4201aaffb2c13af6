"""Single messages of a Bybit account in the recorded data: the typed events and reports that they become."""

import json

import pytest

from agents.venues.reports import (
    BalanceReport,
    CallResult,
    FillReport,
    MarginReport,
    PositionReport,
    SubscriptionReply,
)
from mesh.agent import CallOutcome, VenueReply
from schemas.messages import E8
from schemas.orders import Liquidity, OrderStatus, Reason, Side, TimeInForce
from tests.unit.agents.venues.bybit.account_desk import MS, account_of
from tests.unit.agents.venues.bybit.account_samples import CONDITIONAL, OF_THE_ACCOUNT, OTHERS
from tests.unit.agents.venues.bybit.bybit_market import instrument
from tests.unit.agents.venues.bybit.samples import samples

S = OrderStatus
INSTRUMENTS = {
    1: ("BTCUSDT", "linear", "0.10", "0.001"),
    2: ("ETHUSDT", "linear", "0.01", "0.01"),
    3: ("XRPUSDT", "linear", "0.0001", "1"),
    4: ("SOLUSDT", "linear", "0.01", "0.1"),
    5: ("LTCUSDT", "linear", "0.01", "0.1"),
    6: ("APEXUSDT", "spot", "0.001", "0.1"),
}
ACCOUNT, INFOS = account_of(*(instrument(n, *each) for n, each in INSTRUMENTS.items()))


SHORT = PositionReport(2, -1, 364_107_500_000, 1762199125472 * MS, 364_133_000_000, 5_176_483_003_276, 30 * E8)
MARGINS = {
    "ws_account_wallet.json": ("9684.46297164", "9556.60565550", "127.85731610", "12.78573161"),
    "ws_account_wallet_locked_exceeds_total.json": ("100.00000000", "0", "120.00000000", "12.00000000"),
    "ws_account_wallet_small_order.json": ("51333.82543837", "0", "50.02800000", "5.00280000"),
    "bybit_wsAuth.json:3": ("12837.78330188", "12632.05767702", "205.72562486", "39.42876721"),
}
"""By the samples that have totals: margin balance, what is available, initial and maintenance margin, in dollars."""


@pytest.fixture
def sample(data_dir):
    return samples(data_dir).__getitem__


@pytest.fixture
def events(sample):
    return lambda name: list(ACCOUNT.private_events(sample(name)))


def reply(call, body):
    return VenueReply(1, call, CallOutcome.ANSWERED, 200, body)


def test_every_sample_of_the_account_is_asserted_or_told_why_not(data_dir):
    known = {name for name in samples(data_dir) if name in OF_THE_ACCOUNT}
    assert known == OF_THE_ACCOUNT
    assert set(OTHERS) | CONDITIONAL < OF_THE_ACCOUNT


@pytest.mark.parametrize("name", sorted(CONDITIONAL))
def test_conditional_orders_are_not_at_the_market(events, name):
    assert events(name) == []


@pytest.mark.parametrize("name", sorted(name for name in OTHERS if name.startswith(("ws_", "bybit_"))))
def test_events_that_are_of_no_concern_say_nothing(events, name):
    assert events(name) == []


def test_a_canceled_order(events):
    (event,) = events("ws_account_order.json")
    assert event.fill is None
    assert event.order.fields() == (
        1,
        "client-1",
        "abcdef123456",
        S.CANCELED,
        Side.BUY,
        10,
        300_000,
        TimeInForce.GTC,
        0,
        1700000005000 * MS,
        Reason.NONE,
        "",
    )


def test_an_order_that_was_rejected_after_a_fill_was_canceled(events):
    (event,) = events("ws_account_order_partially_filled_rejected.json")
    order = event.order
    assert (order.instrument_id, order.status, order.reason) == (6, S.CANCELED, Reason.CANCELED_BY_VENUE)
    assert (order.qty_lots, order.cum_qty_lots, order.price_ticks, order.text) == (1_000, 500, 1_500, "UNKNOWN")
    assert order.client_order_id == "O-20251001-164609-APEX-000-49"


@pytest.mark.parametrize("name", ["ws_account_order_filled.json", "bybit_wsAuth.json:6"])
def test_that_an_order_is_filled_is_told_by_its_executions(events, sample, name):
    assert events(name) == []
    body = json.dumps({"retCode": 0, "result": {"list": json.loads(sample(name))["data"]}}).encode()
    order = ACCOUNT.order_verdict(reply(ACCOUNT.query(INFOS[0], "x"), body.replace(b'"1.7"', b'"1.700"'))).order
    assert (order.status, order.cum_qty_lots) == (S.FILLED, order.qty_lots)


@pytest.mark.parametrize(
    ("name", "fill", "client_order_id", "order_qty_lots", "order_price_ticks"),
    [
        (
            "ws_account_execution.json",
            FillReport(
                1,
                "9aac161b-8ed6-450d-9cab-c5cc67c21784",
                "0ab1bdf7-4219-438b-b30a-32ec863018f7",
                Side.SELL,
                500,
                959_001,
                2_637_252_750,
                "USDT",
                Liquidity.TAKER,
                1746270400353 * MS,
            ),
            "test-order-link-001",
            500,
            0,
        ),
        (
            "ws_account_execution_adl.json",
            FillReport(
                1,
                "9aac161b-8ed6-450d-9cab-c5cc67c21785",
                "0ab1bdf7-4219-438b-b30a-32ec863018f8",
                Side.SELL,
                500,
                958_500,
                0,
                "USDT",
                Liquidity.TAKER,
                1746270400398 * MS,
                "auto-deleveraging",
            ),
            "9aac161b-8ed6-450d-9cab-c5cc67c21785",
            500,
            0,
        ),
        (
            "bybit_wsAuth.json:5",
            FillReport(
                3,
                "f6e324ff-99c2-4e89-9739-3086e47f9381",
                "7e2ae69c-4edf-5800-a352-893d52b446aa",
                Side.SELL,
                25,
                3_374,
                506_100,
                "USDT",
                Liquidity.TAKER,
                1672364174443 * MS,
            ),
            "f6e324ff-99c2-4e89-9739-3086e47f9381",
            25,
            0,
        ),
    ],
)
def test_executions(events, name, fill, client_order_id, order_qty_lots, order_price_ticks):
    (event,) = events(name)
    assert event.fill == fill
    order = event.order
    assert (order.client_order_id, order.qty_lots, order.price_ticks) == (
        client_order_id,
        order_qty_lots,
        order_price_ticks,
    )
    assert (order.status, order.cum_qty_lots) == (S.PARTIALLY_FILLED, fill.qty_lots)


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("ws_account_position.json", SHORT),
        ("ws_account_position_short.json", SHORT),
        (
            "bybit_wsAuth.json:1",
            PositionReport(3, 75, 36_150_000, 1672364174449 * MS, 33_740_000, 0, 10 * E8),
        ),
    ],
)
def test_positions(events, name, position):
    assert events(name) == [position]


@pytest.mark.parametrize(
    ("name", "balances"),
    [
        ("ws_account_wallet.json", {"BTC": "0.00102964", "USDT": "9647.75537647"}),
        ("ws_account_wallet_locked_exceeds_total.json", {"USDT": "100.00000000"}),
        ("ws_account_wallet_small_order.json", {"USDT": "51333.82543837"}),
        (
            "bybit_wsAuth.json:3",
            {
                "USDC": "201.34882644",
                "BTC": "0.06488393",
                "ETH": "0.00000000",
                "USDT": "11728.54414904",
                "EOS3L": "215.05704120",
                "BIT": "1.82000000",
            },
        ),
        ("bybit_wsAuth.json:7", {"BREAK": "201.34882644"}),
    ],
)
def test_wallets(events, name, balances):
    totals = MARGINS.get(name)
    margin = None if totals is None else MarginReport("USD", *(int(text.replace(".", "")) for text in totals))
    amounts_e8 = {coin: int(text.replace(".", "")) for coin, text in balances.items()}
    assert events(name) == [BalanceReport(amounts_e8, margin)]


def test_logins(events):
    assert events("ws_auth_success.json") == [SubscriptionReply("auth", True)]
    assert events("ws_auth_failure.json") == [SubscriptionReply("auth", False, "10003 Invalid apikey")]


def test_the_answer_to_an_order_on_the_websocket(sample):
    call = ACCOUNT.create(INFOS[0], "client-order-1", Side.BUY, 1, 1, TimeInForce.GTC)
    verdict = ACCOUNT.order_verdict(reply(call, sample("ws_order_response.json")))
    assert (verdict.result, verdict.venue_order_id) == (CallResult.TAKEN, "1726025498520715008")


def test_fills_by_rest(sample):
    found = []
    for info in INFOS[:2]:
        page = ACCOUNT.fill_page(
            info, reply(ACCOUNT.fills_since(info, "", 1672282000000 * MS), sample("http_get_executions.json"))
        )
        found += page.fills
        assert page.more is False
    assert found == [
        FillReport(
            1,
            "8c065341-7b52-4ca9-ac2c-37e31ac55c94",
            "e0cbe81d-0f18-5866-9415-cf319b5dab3b",
            Side.BUY,
            100,
            500_000,
            1_500_000,
            "USDT",
            Liquidity.MAKER,
            1672282722429 * MS,
        ),
        FillReport(
            2,
            "7b954230-6a41-3ba8-bc20-26d20ab44b83",
            "f1dce92e-1g29-6977-a526-dg420c6ecb4c",
            Side.SELL,
            50,
            300_000,
            90_000_000,
            "USDT",
            Liquidity.TAKER,
            1672282822529 * MS,
        ),
    ]


@pytest.mark.parametrize(
    ("name", "orders", "foreign"),
    [
        (
            "http_get_orders_realtime.json",
            [("client-open-1", S.NEW, Side.BUY, 393_041), ("client-open-2", S.NEW, Side.SELL, 394_042)],
            0,
        ),
        ("http_get_orders_realtime_tp_sl.json", [], 2),
        (
            "http_get_orders_history_with_duplicate.json",
            [("client-open-1", S.NEW, Side.BUY, 393_041), ("client-closed-1", S.CANCELED, Side.BUY, 300_000)],
            0,
        ),
    ],
)
def test_orders_by_rest(sample, name, orders, foreign):
    _, call = ACCOUNT.open_order_calls()
    known, others, more = ACCOUNT.open_page(reply(call, sample(name)))
    assert [(each.client_order_id, each.status, each.side, each.price_ticks) for each in known] == orders
    assert (others, more) == (foreign, None)


@pytest.mark.parametrize(
    ("name", "status", "reason", "cum_qty_lots"),
    [
        ("http_get_orders_history.json", S.CANCELED, Reason.NONE, 0),
        ("http_get_order_partially_filled_rejected.json", S.CANCELED, Reason.CANCELED_BY_VENUE, 5),
    ],
)
def test_one_order_by_rest(sample, name, status, reason, cum_qty_lots):
    order = ACCOUNT.order_verdict(reply(ACCOUNT.query(INFOS[0], "client-1"), sample(name))).order
    assert (order.status, order.reason, order.cum_qty_lots, order.qty_lots) == (status, reason, cum_qty_lots, 10)


@pytest.mark.parametrize(
    ("name", "positions"),
    [
        ("http_get_positions.json", [(1, 500, 5_000_000_000_000), (2, -500, 300_000_000_000), (4, 0, 0)]),
        ("http_get_positions_with_open_time.json", [(5, 10, 7_000_000_000)]),
    ],
)
def test_positions_by_rest(sample, name, positions):
    (call,) = ACCOUNT.position_calls()
    found, more = ACCOUNT.position_page(reply(call, sample(name)))
    assert [(each.instrument_id, each.qty_lots, each.entry_px_e8) for each in found] == positions
    assert more is None


@pytest.mark.parametrize(
    ("name", "balances"),
    [
        ("http_get_wallet_balance.json", {"USDT": 100_050_000_000, "ETH": -6_142_000}),
        ("http_get_wallet_balance_spot_short.json", {"USDT": 250_000_000_000, "ETH": -6_142_000}),
        ("http_get_wallet_balance_with_spot_borrow.json", {"USDT": 100_000_000_000}),
    ],
)
def test_balances_by_rest(sample, name, balances):
    assert ACCOUNT.balance_report(sample(name)).balances_e8 == balances
