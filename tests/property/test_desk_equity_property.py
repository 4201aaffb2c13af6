"""Equity of several accounts in several currencies, with contracts and funding, against purses that know nothing of it."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import E8, Equity
from schemas.orders import Side
from schemas.streams import StreamState
from tests.unit.agents.portfolio.desk_of_accounts import (
    BTC_ONE,
    BTC_TWO,
    COIN_THREE,
    INSTRUMENTS,
    NAMES,
    ONE,
    PERP_THREE,
    THREE,
    TWO,
    DeskOfAccounts,
    funding,
)
from tests.unit.agents.trading_desk import filled, reconciled, transfer

LOT, TICK = Fraction(1, 100_000), Fraction(1, 100)
TRADED = (BTC_ONE, BTC_TWO, COIN_THREE, PERP_THREE)
QUOTE = {ONE: "USDT", TWO: "USDC", THREE: "USDT"}

FILLS = st.tuples(
    st.just("fill"),
    st.sampled_from(TRADED),
    st.sampled_from([Side.BUY, Side.SELL]),
    st.integers(1, 10**6),
    st.integers(1, 10**8),
    st.integers(-(10**6), 10**8),
    st.sampled_from(["quote", "BTC"]),
)
TRANSFERS = st.tuples(
    st.just("transfer"),
    st.sampled_from([ONE, TWO, THREE]),
    st.sampled_from(["quote", "BTC"]),
    st.integers(-(10**9), 10**12),
)
FUNDING = st.tuples(st.just("funding"), st.integers(-(10**12), 10**12), st.integers(0, 3))
"""An amount, and its id: some come again, and count once."""
MOVES = st.tuples(st.just("move"), st.integers(4_000_000, 8_000_000), st.integers(9_600, 10_400))
EVENTS = st.lists(st.one_of(FILLS, TRANSFERS, FUNDING, MOVES), max_size=25)


class Purses:
    """Balances by account and asset, and what contracts were bought for, as venues keep them; all fractions."""

    def __init__(self, opening):
        self.held = {venue: {"USDT": Fraction(0), "USDC": Fraction(0), "BTC": Fraction(0)} for venue in NAMES}
        for venue, balances in opening.items():
            for asset, amount in balances.items():
                self.held[venue][asset] += amount
        self.contracts, self.cost = Fraction(0), Fraction(0)
        self.btc, self.usdc = Fraction(60_000), Fraction(1)
        self.funded = {}
        self.paid = dict.fromkeys(NAMES, Fraction(0))

    def book(self, event):
        match event:
            case ("move", btc, usdc):
                self.btc, self.usdc = btc * TICK, Fraction(usdc, 10_000)
            case ("transfer", venue, asset, amount_e8):
                self.give(venue, asset, Fraction(amount_e8, E8))
                self.paid[venue] += Fraction(amount_e8, E8) * self.price(
                    QUOTE[venue] if asset == "quote" else "BTC", venue
                )
            case ("funding", amount_e8, number):
                if number not in self.funded:
                    self.funded[number] = Fraction(amount_e8, E8)
                    self.give(THREE, "quote", self.funded[number])
            case ("fill", instrument, side, lots, ticks, commission_e8, _):
                venue = INSTRUMENTS[instrument][0]
                qty, px = side * lots * LOT, ticks * TICK
                if instrument == PERP_THREE:
                    self.contract(qty, px)
                else:
                    self.give(venue, "BTC", qty)
                    self.give(venue, "quote", -qty * px)
                self.give(venue, paid_of(event), -Fraction(commission_e8, E8))

    def give(self, venue, asset, amount):
        self.held[venue][QUOTE[venue] if asset == "quote" else asset] += amount

    def contract(self, qty, px):
        """Buy or sell contracts: what closes some pays its profit into the wallet, by the average cost."""
        if self.contracts * qty < 0:
            closed = min(abs(qty), abs(self.contracts)) * (1 if qty > 0 else -1)
            share = self.cost * closed / -self.contracts
            self.give(THREE, "quote", -closed * px - share)
            self.contracts += closed
            self.cost -= share
            qty -= closed
        self.contracts += qty
        self.cost += qty * px

    def price(self, asset, venue):
        """Return what an asset is worth in USDT: a bitcoin is marked at its account's own market."""
        rates = {"USDT": Fraction(1), "USDC": self.usdc, "BTC": self.btc * (self.usdc if venue == TWO else 1)}
        return rates[asset]

    def worth(self, venue):
        worth = sum(amount * self.price(asset, venue) for asset, amount in self.held[venue].items())
        return worth + (self.contracts * self.btc - self.cost if venue == THREE else 0)


def paid_of(event):
    """Return what a commission was paid in: of contracts it is their quote."""
    return "quote" if event[1] == PERP_THREE else event[6]


def message(event, number):
    if event[0] == "transfer":
        _, venue, asset, amount_e8 = event
        return venue, transfer(QUOTE[venue] if asset == "quote" else asset, decimal(amount_e8))
    if event[0] == "funding":
        return THREE, funding(decimal(event[1]), f"f{event[2]}")
    _, instrument, side, lots, ticks, commission_e8, _ = event
    venue = INSTRUMENTS[instrument][0]
    asset = QUOTE[venue] if paid_of(event) == "quote" else "BTC"
    return venue, filled(
        f"o{number}", number, lots, price=ticks, side=side, instrument=instrument, commission=commission_e8, asset=asset
    )


def decimal(value_e8):
    sign = "-" if value_e8 < 0 else ""
    return f"{sign}{abs(value_e8) // E8}.{abs(value_e8) % E8:08d}"


def run(events):
    """Return the desk after the events, and the purses."""
    opening = {ONE: {"USDT": 10**6}, TWO: {"USDC": 10**6, "BTC": 3}, THREE: {"USDT": 10**6}}
    # A market may jump here as it likes: this is not about marks.
    desk = DeskOfAccounts(mark_jump_max=0.99).marked()
    desk.opened(*({asset: str(amount) for asset, amount in opening[venue].items()} for venue in NAMES))
    purses = Purses(opening)
    for number, event in enumerate(events):
        if event[0] == "move":
            desk.marked(event[1], event[2])
        else:
            desk.event(*message(event, number))
        purses.book(event)
    return desk.wait(), purses


def last(desk, venue=0):
    return [m for m in desk.equity(venue) if isinstance(m, Equity)][-1]


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_the_equity_of_desk_and_accounts_is_what_they_hold_in_one_currency(events):
    desk, purses = run(events)
    fills = 1 + len(events)
    for venue in NAMES:
        own = last(desk, venue)
        # Shares of a cost are rounded here to 16 decimals.
        assert -1 - fills < own.equity_e8 - purses.worth(venue) * E8 <= 1
        assert -fills <= own.transfers_e8 - purses.paid[venue] * E8 <= 0
        parts = own.opening_e8 + own.transfers_e8 + own.realised_e8 + own.unrealised_e8 - own.fees_e8
        assert parts == own.equity_e8
    of_all = sum(last(desk, venue).equity_e8 for venue in NAMES)
    assert 0 <= last(desk).equity_e8 - of_all <= len(NAMES)
    assert last(desk).transfers_e8 == sum(last(desk, venue).transfers_e8 for venue in NAMES)
    assert Fraction(desk.agent.figures().pnl.funding) == sum(purses.funded.values())
    assert Fraction(desk.agent.figures().positions.get("BTC-PERP", "0")) == purses.contracts
    # Venues tell what the purses hold: nothing differs, in wallets of contracts either.
    for venue in NAMES:
        desk.orders_state(venue, StreamState.LIVE)
        held = {asset: decimal(int(amount * E8 // 1)) for asset, amount in purses.held[venue].items() if amount}
        if held:
            desk.event(venue, reconciled(**held))
    assert desk.agent.figures().differences == {}


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_a_restart_publishes_of_desk_and_accounts_what_was_published_before(events):
    desk, purses = run(events)
    btc, usdc = int(purses.btc / TICK), int(purses.usdc * 10_000)
    again = desk.again(btc=btc, usdc=usdc, mark_jump_max=0.99)
    for venue in (0, *NAMES):
        before, after = last(desk, venue), last(again, venue)
        assert (after.equity_e8, after.realised_e8, after.unrealised_e8, after.fees_e8) == (
            before.equity_e8,
            before.realised_e8,
            before.unrealised_e8,
            before.fees_e8,
        )
        assert (after.peak_equity_e8, after.day_start_equity_e8) == (before.peak_equity_e8, before.day_start_equity_e8)
    assert again.agent.figures() == desk.agent.figures()
