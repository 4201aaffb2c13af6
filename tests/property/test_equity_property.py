"""Equity against an account that knows nothing of it, and marks against a market that knows what is true."""

from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.messages import E8
from schemas.orders import Side
from schemas.streams import StreamState
from tests.unit.agents.portfolio.portfolio_desk import Desk, S
from tests.unit.agents.trading_desk import BTC, ETH, ORDERS, filled, reconciled, transfer

LOT = {BTC: Fraction(1, 100_000), ETH: Fraction(1, 10_000)}
BASE = {BTC: "BTC", ETH: "ETH"}
TICK = Fraction(1, 100)
BNB_PX = Fraction("612.5")
MIDS = {BTC: 6_000_000, ETH: 300_000}

AMOUNTS = st.integers(-(10**10), 10**12)
FILLS = st.tuples(
    st.just("fill"),
    st.sampled_from([BTC, ETH]),
    st.sampled_from([Side.BUY, Side.SELL]),
    st.integers(1, 10**6),
    st.integers(1, 10**8),
    st.integers(-(10**6), 10**8),
    st.sampled_from(["USDT", "BTC", "ETH", "BNB"]),
)
TRANSFERS = st.tuples(st.just("transfer"), st.sampled_from(["USDT", "BTC", "ETH", "BNB"]), AMOUNTS)
BALANCES = st.fixed_dictionaries(
    {"USDT": st.integers(1, 10**14)},
    optional={asset: st.integers(0, 10**11) for asset in ("BTC", "ETH", "BNB")},
)


class Purse:
    """Balances by asset, as a venue would keep them."""

    def __init__(self, balances_e8):
        self.held = {asset: Fraction(0) for asset in ("USDT", "BTC", "ETH", "BNB")}
        for asset, value_e8 in balances_e8.items():
            self.held[asset] += Fraction(value_e8, E8)

    def book(self, event):
        if event[0] == "transfer":
            _, asset, amount_e8 = event
            self.held[asset] += Fraction(amount_e8, E8)
            return
        _, instrument, side, lots, ticks, commission_e8, paid_in = event
        qty = lots * LOT[instrument]
        self.held[BASE[instrument]] += side * qty
        self.held["USDT"] -= side * qty * ticks * TICK
        self.held[paid_in] -= Fraction(commission_e8, E8)

    def worth(self, mids):
        prices = {"USDT": 1, "BNB": BNB_PX} | {BASE[number]: mid * TICK for number, mid in mids.items()}
        return sum(amount * prices[asset] for asset, amount in self.held.items())


def message(event, number):
    if event[0] == "transfer":
        _, asset, amount_e8 = event
        return transfer(asset, decimal(amount_e8))
    _, instrument, side, lots, ticks, commission_e8, paid_in = event
    return filled(
        "a", number, lots, price=ticks, side=side, instrument=instrument, commission=commission_e8, asset=paid_in
    )


def decimal(value_e8):
    sign = "-" if value_e8 < 0 else ""
    return f"{sign}{abs(value_e8) // E8}.{abs(value_e8) % E8:08d}"


def opened(balances_e8):
    balances = {asset: decimal(value) for asset, value in balances_e8.items()}
    return Desk(balances=balances, asset_marks={"BNB": str(float(BNB_PX))}, mids=MIDS)


def marked(desk, mids):
    for number, mid in mids.items():
        desk.market(mid - 1, mid + 1, number)


@settings(max_examples=60, deadline=None)
@given(BALANCES, st.lists(st.one_of(FILLS, TRANSFERS), max_size=30), st.integers(-4, 4))
def test_equity_is_what_the_account_holds_at_the_marks(balances_e8, events, moved):
    desk, purse = opened(balances_e8), Purse(balances_e8)
    opening = purse.worth(MIDS)
    paid = Fraction(0)
    for number, event in enumerate(events):
        before = purse.worth(MIDS)
        desk.event(message(event, number))
        purse.book(event)
        paid += purse.worth(MIDS) - before if event[0] == "transfer" else 0
    mids = {number: mid + moved * mid // 100 for number, mid in MIDS.items()}
    marked(desk, mids)
    equity = desk.wait()
    assert -1 < equity.equity_e8 - purse.worth(mids) * E8 <= 0
    # Each inflow was valued once, rounded down.
    assert -4 <= equity.opening_e8 - opening * E8 <= 0
    assert -len(events) <= equity.transfers_e8 - paid * E8 <= 0
    parts = equity.opening_e8 + equity.transfers_e8 + equity.realised_e8 + equity.unrealised_e8 - equity.fees_e8
    assert parts == equity.equity_e8
    figures = desk.agent.figures()
    for instrument, symbol in ((BTC, "BTCUSDT"), (ETH, "ETHUSDT")):
        assert Fraction(figures.positions.get(symbol, "0")) == purse.held[BASE[instrument]]
    # The venue tells what the purse holds: nothing differs.
    held = {asset: decimal(int(amount * E8 // 1)) for asset, amount in purse.held.items() if amount}
    if held:
        desk.agent.on_stream_state("exec", ORDERS, StreamState.LIVE)
        desk.event(reconciled(**held))
        assert desk.agent.figures().differences == {}


@settings(max_examples=40, deadline=None)
@given(BALANCES, st.lists(st.one_of(FILLS, TRANSFERS), max_size=20))
def test_a_restart_publishes_what_was_published_before(balances_e8, events):
    desk = opened(balances_e8)
    for number, event in enumerate(events):
        desk.event(message(event, number))
    desk.wait()
    again = desk.again(asset_marks={"BNB": str(float(BNB_PX))}, mids=MIDS)
    before, after = desk.equity()[-1], again.equity()[-1]
    assert (after.equity_e8, after.realised_e8, after.unrealised_e8, after.fees_e8) == (
        before.equity_e8,
        before.realised_e8,
        before.unrealised_e8,
        before.fees_e8,
    )
    assert (after.peak_equity_e8, after.day_start_equity_e8) == (before.peak_equity_e8, before.day_start_equity_e8)
    assert again.agent.figures() == desk.agent.figures()


TRUE_STEPS = st.tuples(st.just("true"), st.integers(-300, 300))
"""The market moves by up to 3 %, in hundredths of a percent."""
OUTLIERS = st.tuples(
    st.sampled_from(["crossed", "one-sided", "wide", "wild", "stale trade"]),
    st.integers(1, 10**7),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(TRUE_STEPS, OUTLIERS), min_size=1, max_size=60))
@example([("wild", 57_000)])
def test_outliers_leave_equity_within_what_the_true_market_allows(steps):
    desk = Desk(balances={"USDT": "0", "BTC": "1"})
    mid = 6_000_000
    seen = [mid]
    desk.market(mid - 1, mid + 1)
    desk.wait()
    for kind, value in steps:
        if kind == "true":
            mid += mid * value // 10_000
            seen.append(mid)
            desk.market(mid - 1, mid + 1)
            desk.traded(mid)
        elif kind == "crossed":
            desk.market(value + 2, value + 1)
        elif kind == "one-sided":
            desk.market(*((value, 0) if value % 2 else (0, value)))
        elif kind == "wide":
            desk.market(max(1, mid - value), mid + 10 * value)
        elif kind == "wild":
            desk.market(value * 100, value * 100 + 2)
        else:
            desk.traded(value)
        desk.ctx.advance(desk.agent, S // 20)
        if kind in ("wild", "stale trade"):
            # What the market really is comes again before a second has passed.
            desk.market(mid - 1, mid + 1)
    equity = desk.wait()
    low, high = min(seen) * E8 // 100, max(seen) * E8 // 100
    # Wild quotes within 5 % of the true market cannot be told from it.
    assert low * 95 // 100 <= equity.equity_e8 <= high * 105 // 100
    assert equity.peak_equity_e8 <= high * 105 // 100
    desk.market(mid - 1, mid + 1)
    desk.ctx.advance(desk.agent, 2 * S)
    assert desk.equity()[-1].equity_e8 == mid * E8 // 100


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 99), st.booleans())
def test_a_crash_that_is_traded_gets_through_in_two_intervals(percent, up):
    desk = Desk(balances={"USDT": "0", "BTC": "1"})
    desk.market(5_999_999, 6_000_001)
    desk.wait()
    mid = 6_000_000 * (100 + percent if up else 100 - percent) // 100
    for _ in range(20):
        desk.market(mid - 1, mid + 1)
        desk.traded(mid)
        desk.ctx.advance(desk.agent, S // 10)
    assert desk.equity()[-1].equity_e8 == mid * E8 // 100
