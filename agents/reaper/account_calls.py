"""The REST calls of the account that are out, and what the venue shows of it: open orders, balances.

A look is one question to the venue, or two; what it could not be told it says in `trouble`, and then it proves nothing.
"""

from collections.abc import Callable, Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.state.positions import text_e8
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, OrderReport, PositionReport, Verdict
from mesh.context import Context, VenueCall, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.orders import Reason

TROUBLE_MAX = 300
"""What a venue says may be long; texts of messages have a bound."""


class AccountLook:
    """What the venue shows of the account at one moment."""

    def __init__(self, began_ns: int) -> None:
        """Begin with nothing told."""
        self.began_ns = began_ns
        self.orders: list[OrderReport] = []
        self.others = 0
        """Open orders in instruments that are not configured."""
        self.balances_e8: Mapping[str, int] | None = None
        """None: not asked for, or not told."""
        self.positions: list[PositionReport] | None = None
        """In contracts; asked for with the balances, None where there are none but coins."""
        self.trouble = ""
        self.calls_out = 0


class AccountCalls:
    """Makes calls and hands their ends to whoever waits for them."""

    def __init__(self, account: TradingAccount) -> None:
        """Begin with nothing out; `ctx` is set before the first call."""
        self.ctx: Context
        self.account = account
        self.blocked_until_ns = 0
        """The venue's rate limiter asked not to send before then."""
        self.seen: AccountLook | None = None
        """The newest look that has ended."""
        self.balances_e8: Mapping[str, int] | None = None
        """The newest that were told."""
        self.positions: list[PositionReport] | None = None
        """Those in contracts that were told with them."""
        self.clock_doubted: Callable[[], None] = _nothing
        """Called when the venue refuses a call for the time that it carries."""
        self._out: dict[int, Callable[[VenueReply], None]] = {}

    def call(self, call: VenueCall, then: Callable[[VenueReply], None]) -> None:
        """Make a REST call whose end goes to `then`."""
        self._out[self.ctx.call(call)] = then

    def ended(self, reply: VenueReply) -> None:
        """Hand over the end of a call."""
        self._out.pop(reply.call_id)(reply)

    def look(self, then: Callable[[AccountLook], None], *, balances: bool) -> None:
        """Ask for all open orders, and for balances and positions if wanted; `then` gets what the venue shows."""
        look = AccountLook(self.ctx.now_ns)
        for call in self.account.open_order_calls():
            self._ask(look, call, self._take_orders, then)
        if balances:
            self._ask(look, self.account.balances(), self._take_balances, then)
            for call in self.account.position_calls():
                look.positions = []
                self._ask(look, call, self._take_positions, then)

    def wait_ns(self) -> int:
        """Return how long the venue still asks not to be called, 0 if it does not."""
        return max(0, self.blocked_until_ns - self.ctx.now_ns)

    def note(self, verdict: Verdict) -> None:
        """Wait as long as the venue's rate limiter asked for, if it did; have its clock asked for, if ours is doubted."""
        if verdict.reason == Reason.VENUE_CLOCK:
            self.clock_doubted()
        if verdict.retry_after_ns:
            self.ctx.count(Counter.VENUE_RATE_LIMITED)
            self.blocked_until_ns = max(self.blocked_until_ns, self.ctx.now_ns + verdict.retry_after_ns)

    def _ask(
        self,
        look: AccountLook,
        call: VenueCall,
        read: Callable[[AccountLook, VenueReply], VenueCall | None],
        then: Callable[[AccountLook], None],
    ) -> None:
        def take(reply: VenueReply) -> None:
            more = self._take(look, reply, read)
            if more is not None:
                self._ask(look, more, read, then)
            look.calls_out -= 1
            if not look.calls_out:
                self._have_seen(look)
                then(look)

        look.calls_out += 1
        self.call(call, take)

    def _have_seen(self, look: AccountLook) -> None:
        if self.seen is None or look.began_ns >= self.seen.began_ns:
            self.seen = look
        if look.balances_e8 is not None:
            self.balances_e8 = look.balances_e8
            self.positions = look.positions

    def _take(
        self, look: AccountLook, reply: VenueReply, read: Callable[[AccountLook, VenueReply], VenueCall | None]
    ) -> VenueCall | None:
        """Take what an answer says; return the call for what it lacks."""
        verdict = self.account.proof(reply)
        self.note(verdict)
        if verdict.result == CallResult.ACCEPTED:
            try:
                return read(look, reply)
            except VenueError as error:
                self.ctx.count(Counter.VENUE_REPLY_BAD)
                look.trouble = str(error)[:TROUBLE_MAX]
        else:
            look.trouble = (verdict.text or verdict.result.name)[:TROUBLE_MAX]
        return None

    def _take_orders(self, look: AccountLook, reply: VenueReply) -> VenueCall | None:
        orders, others, more = self.account.open_page(reply)
        look.orders = [*look.orders, *orders]
        look.others += others
        return more

    def _take_balances(self, look: AccountLook, reply: VenueReply) -> None:
        look.balances_e8 = self.account.balance_report(reply.body).balances_e8

    def _take_positions(self, look: AccountLook, reply: VenueReply) -> VenueCall | None:
        positions, more = self.account.position_page(reply)
        look.positions = [*(look.positions or ()), *positions]
        return more


def _nothing() -> None:
    """Do nothing: nobody has said what is to be done."""


def held(
    instruments: Mapping[int, InstrumentInfo],
    balances_e8: Mapping[str, int] | None,
    positions: Sequence[PositionReport] | None,
) -> dict[str, str]:
    """Return what the account holds, by symbol: positions in contracts, and the bases of what is traded in coins.

    Less than a lot of a coin is left out; where several instruments have one base, each says all of it. `positions` is None
    on an account that has coins alone, whatever its instruments are.
    """
    if balances_e8 is None:
        return {}
    found_e8: dict[str, int] = {}
    for info in instruments.values():
        if positions is not None and info.margin:
            lots = sum(each.qty_lots for each in positions if each.instrument_id == info.id)
            found_e8[info.symbol] = info.qty_e8(lots)
        else:
            balance_e8 = balances_e8.get(info.config.base, 0)
            found_e8[info.symbol] = balance_e8 if abs(balance_e8) >= info.lot_e8 else 0
    return {symbol: text_e8(amount_e8) for symbol, amount_e8 in found_e8.items() if amount_e8}
