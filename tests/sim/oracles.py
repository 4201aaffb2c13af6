"""What must hold at every moment of a simulated desk, judged by what was subscribed to, published, and is at the venue.

The agents' own view of the account is not asked: streams are judged by the headers that agents were given, orders by the
venue's ledger and by what risk and execution have published.
"""

from collections.abc import Iterator, Sequence

from agents.paper.account.trading import Trading
from agents.paper.exchange import PaperExchange
from agents.paper.orders import VenueOrder
from core.frame import FLAG_SNAPSHOT, HEADER_SIZE, Header, unpack
from mesh.agent import Start, Subscription
from mesh.protocol.codec import decode
from schemas.config import Config, RiskConfig
from schemas.messages import Approved, Cause, Message, OrderInitialized, Released
from schemas.orders import ExecInst, Side, TimeInForce
from schemas.streams import Kind, StreamClass, stream_class
from tests.sim.bracket_oracles import BracketOracle

E8 = 10**8
MS = 1_000_000
TERMS = (
    *("client_order_id", "strategy", "instrument_id", "side", "qty_lots", "price_ticks", "time_in_force"),
    *("exec_inst", "lifetime_ms", "take_profit_ticks", "stop_ticks", "replaces"),
)
ON_THE_WAY_NS_MAX = 3_100 * MS
"""Longer than any request takes in the simulated network."""

MANUAL = "manual-"
FLATTEN = "flatten"
CLOSES = ExecInst.CLOSE | ExecInst.REDUCE_ONLY
"""How the client order ids begin of orders that nobody of the desk has asked for."""

Position = tuple[int, int]


class StreamOracle:
    """S1 to S4 for one life of one subscriber: no silent gap, no doubles, in order, epochs never back."""

    def __init__(self, name: str, subscriptions: Sequence[Subscription], violations: list[str]) -> None:
        self._name = name
        self._subscriptions = {(each.publisher, each.stream): each for each in subscriptions}
        self._applied: dict[tuple[str, int], Position] = {}
        self._violations = violations

    def applied(self, publisher: str, header: Header) -> None:
        """Judge one message that the agent is given."""
        key = (publisher, header.stream)
        last, where = self._applied.get(key), (header.epoch, header.seq)
        self._applied[key] = where
        wrong = self._wrong(self._subscriptions[key], last, where, bool(header.flags & FLAG_SNAPSHOT))
        if wrong:
            self._violations.append(f"{wrong} {self._name} {key}: {last} -> {where}")

    @staticmethod
    def _wrong(subscription: Subscription, last: Position | None, where: Position, snapshot: bool) -> str:
        last = last or subscription.position
        if last is not None and where[0] < last[0]:
            return "S4"
        if stream_class(subscription.stream) is StreamClass.EVENT:
            if last is None:
                return "S1" if subscription.start is Start.FIRST and where[1] != 1 else ""
            return "" if where[1] == last[1] + 1 else "S1" if where[1] > last[1] else "S2"
        if last is not None and where <= last:
            return "S2"
        begins = last is None or where[0] > last[0]
        return "" if snapshot or where[1] == (1 if begins or last is None else last[1] + 1) else "S1"


class ApprovalOracle:
    """O2: every order is created on one published decision of risk, in its terms, and on each at most once.

    What execution closes by itself on an operator's word is on no decision: it only sells, at once or not at all. An exit
    of a bracket is on its parent's (`BracketOracle`).
    """

    def __init__(self, brackets: BracketOracle, violations: list[str]) -> None:
        self._approved: dict[tuple[int, Cause], Approved] = {}
        self._used: set[tuple[int, Cause]] = set()
        self._brackets = brackets
        self._violations = violations

    def published(self, header: Header, message: Message) -> None:
        """Judge one record of risk or execution."""
        if isinstance(message, Approved):
            self._approved[header.sender, (header.stream, header.epoch, header.seq)] = message
            if message.replaces:
                self._brackets.approved(message.client_order_id, message.replaces)
        elif isinstance(message, OrderInitialized) and not message.external:
            wrongs = self._brackets.wrong(message) if message.parent else self._wrong(message)
            self._violations += [f"{wrong}: {message}" for wrong in wrongs]

    def _wrong(self, order: OrderInitialized) -> Iterator[str]:
        if order.replaces:
            yield from self._brackets.wrong_replacement(order)
        if order.strategy == FLATTEN and not order.approver:
            if (order.side, order.time_in_force, order.exec_inst) != (Side.SELL, TimeInForce.IOC, CLOSES):
                yield "O2: closes nothing, and is on no decision"
            return
        if len(order.causes) != 1 or (order.approver, order.causes[0]) not in self._approved:
            yield "O2: on no published decision"
            return
        decision = order.approver, order.causes[0]
        if decision in self._used:
            yield "O2: on a decision that was used"
        self._used.add(decision)
        approved = self._approved[decision]
        if any(getattr(order, name) != getattr(approved, name) for name in TERMS):
            yield f"O2: not on the terms of {approved}"


class OrderOracle:
    """O1, O2 and O4: one venue order for each intent; held, open and approved-unsent never beyond the limits of risk.

    What the desk says of an order frees nothing here: that it was rejected, or never sent, is true when it is true at the
    venue. An approval counts until its create has reached the venue (and then as the venue's books have it), or can no
    longer reach it: none was sent and risk released it or its submission is too old, the venue was down when it was sent,
    or it was sent longer ago than the network takes. Orders by hand pass risk by: they do not count as open, and what they
    have sold is not what the desk could not have.

    An approval that is only to reduce, of which risk did not know yet that an exit of a bracket had begun in its
    instrument, counts when it is sent: execution is to refuse it if it has no room any more.
    """

    def __init__(self, config: Config, violations: list[str]) -> None:
        risk = next(table for table in config.agents.values() if isinstance(table, RiskConfig))
        self._position_max_e8 = int(float(risk.limits.position_max) * E8)
        self._floor_e8 = -self._position_max_e8 if risk.limits.short_allowed else 0
        self._open_orders_max = risk.limits.open_orders_max
        self._ttl_ns = risk.submit_ttl_ms * MS
        self._symbols = {each.id: each.symbol for each in config.instruments}
        self._unsent: dict[str, tuple[Approved, int]] = {}
        """By client order id: the approval, and from when on it cannot reach the venue any more."""
        self._on_the_way: set[str] = set()
        """Client order ids whose create has left and not come to the venue yet."""
        self._exits: dict[int, Position] = {}
        """By instrument, where the last exit stands in execution's stream."""
        self._brackets = BracketOracle(config, violations)
        self._approvals = ApprovalOracle(self._brackets, violations)
        self._violations = violations

    def published(self, frame: bytes, now_ns: int) -> None:
        """Take note of what risk and execution have logged and send."""
        header = unpack(frame)
        if header.stream >> 24 not in (Kind.DECISION, Kind.ORDER, Kind.AGENT):
            return
        message = decode(header.type, frame[HEADER_SIZE:])
        self._approvals.published(header, message)
        if self._brackets.is_taken_over(message):
            self._unsent.pop(getattr(message, "client_order_id", ""), None)
        self._brackets.published(message)
        if isinstance(message, Approved):
            self._unsent[message.client_order_id] = (message, now_ns + self._ttl_ns)
        elif isinstance(message, OrderInitialized) and message.parent:
            self._exits[message.instrument_id] = header.epoch, header.seq
        elif isinstance(message, Released) and message.client_order_id not in self._on_the_way:
            self._unsent.pop(message.client_order_id, None)

    def sent(self, client_order_id: str, now_ns: int, *, up: bool) -> None:
        """Take note that a create has left for the venue, which was `up` or not."""
        found = self._unsent.get(client_order_id)
        if found is None:
            return
        if up:
            self._unsent[client_order_id] = (found[0], now_ns + ON_THE_WAY_NS_MAX)
            self._on_the_way.add(client_order_id)
        else:
            del self._unsent[client_order_id]

    def arrived(self, client_order_id: str) -> None:
        """Take note that a create has come to the venue, and was carried out or refused there."""
        self._on_the_way.discard(client_order_id)
        self._unsent.pop(client_order_id, None)

    def check(self, exchange: PaperExchange, now_ns: int) -> None:
        """Judge the venue's account as it is now."""
        trading, listings = exchange.trading, exchange.listings
        if any(n > 1 for n in trading.creates.values()):
            self._violations.append(f"O1: {trading.creates}")
        self._brackets.check(trading)
        for client_order_id, (_, too_old_ns) in list(self._unsent.items()):
            if now_ns > too_old_ns:
                del self._unsent[client_order_id]
                self._on_the_way.discard(client_order_id)
        ordered = [(o.listing.symbol, o.side, o.listing.qty_e8(o.leaves_qty_lots)) for o in self._desk_orders(trading)]
        for approved, _ in self._unsent.values():
            if self._is_overtaken(approved):
                continue
            symbol = self._symbols[approved.instrument_id]
            ordered.append((symbol, Side(approved.side), listings[symbol].qty_e8(approved.qty_lots)))
        opening = [each for each in ordered if self._may_open(each[1])]
        if len(opening) > self._open_orders_max:
            self._violations.append(f"O4: {len(opening)} orders that may open are open or approved: {opening}")
        for symbol, held_e8 in trading.positions(listings).items():
            self._check_position(symbol, held_e8, ordered, self._sold_by_hand_e8(trading, symbol))

    def _check_position(self, symbol: str, held_e8: int, ordered: list[tuple[str, Side, int]], by_hand_e8: int) -> None:
        long_e8 = held_e8 + sum(qty for name, side, qty in ordered if name == symbol and side == Side.BUY)
        short_e8 = held_e8 + by_hand_e8 - sum(q for name, side, q in ordered if name == symbol and side == Side.SELL)
        if long_e8 > self._position_max_e8 or short_e8 < self._floor_e8:
            self._violations.append(f"O4 {symbol}: {held_e8} held, {short_e8} to {long_e8} with {ordered}")

    def _is_overtaken(self, approved: Approved) -> bool:
        exit_ = self._exits.get(approved.instrument_id)
        if (
            exit_ is None
            or not approved.exec_inst & ExecInst.REDUCE_ONLY
            or approved.client_order_id in self._on_the_way
        ):
            return False
        known = [where for stream, *where in approved.causes if stream >> 24 == Kind.ORDER]
        return not known or exit_ > tuple(known[0])

    def _may_open(self, side: Side) -> bool:
        """Return whether an order may open a position; what is sold where nobody may be short only reduces one."""
        return side == Side.BUY or self._floor_e8 < 0

    @staticmethod
    def _desk_orders(trading: Trading) -> list[VenueOrder]:
        return [o for o in trading.ledger.open.values() if not o.client_order_id.startswith(MANUAL)]

    @staticmethod
    def _sold_by_hand_e8(trading: Trading, symbol: str) -> int:
        return sum(
            order.listing.qty_e8(order.cum_qty_lots)
            for order in trading.orders.values()
            if order.client_order_id.startswith(MANUAL) and order.listing.symbol == symbol
        )
