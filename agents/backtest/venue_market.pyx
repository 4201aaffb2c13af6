"""The market of a venue in a backtest: books made of the same messages that agents have, and the account's orders on them.

It is what `agents.paper.market.recorded` is to frames: trades, updates of books, quotes and marks move it, and resting
orders queue behind what is displayed (`agents.paper.market.queueing`). Nothing is parsed a second time, and a message costs
no Python where no order of the account is concerned. What was published flagged STALE is in no book.

Where an instrument has no book, its quotes are one of a single level on each side: an order takes what is displayed there
and no more.
"""

cimport cython
from libc.stdint cimport int64_t

from agents.paper.market.queueing cimport RestingOrders
from agents.state.message_fields cimport QuoteFields, TradeFields
from core.book cimport OrderBook
from core.frame cimport FLAG_STALE, frame_header
from core.stream_table cimport StreamTable
from core.struct_field cimport StructField
from mesh.sim.venue_side cimport VenueSide

from agents.paper.account.held_contracts import LOOK_NS as _LOOK_NS
from agents.paper.market.market import ContractMark, DepthView, Match, Tape
from agents.state import message_fields as _fields
from core.decimals import unpack_levels
from schemas.messages import BookDelta, BookSnapshot, MarkPrice, Quote, Trade
from schemas.messages import TYPE_NUMBERS as _NUMBERS
from schemas.streams import Kind, stream_id

cdef QuoteFields QUOTE_FIELDS = _fields.QUOTE
cdef TradeFields TRADE_FIELDS = _fields.TRADE
cdef StructField AGGRESSOR = StructField(Trade, "aggressor")
cdef StructField DELTA_BIDS = StructField(BookDelta, "bids")
cdef StructField DELTA_ASKS = StructField(BookDelta, "asks")
cdef StructField DELTA_ID = StructField(BookDelta, "last_update_id")
cdef int TRADE = _NUMBERS[Trade]
cdef int DELTA = _NUMBERS[BookDelta]
cdef int SNAPSHOT = _NUMBERS[BookSnapshot]
cdef int QUOTE = _NUMBERS[Quote]
cdef int MARK = _NUMBERS[MarkPrice]
cdef list NONE = []
cdef int64_t LOOK_NS = _LOOK_NS
cdef tuple KINDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK)


@cython.final
cdef class InstrumentMarket:
    """One instrument: its book, its mark, and the account's orders on the book."""

    def __init__(self, listing not None, model not None):
        """Begin without a book; orders of the account queue by `model`."""
        self.listing = listing
        self.book = OrderBook()
        self.resting = RestingOrders(self.book, model)

    # Each takes a message and returns what it fills.

    cdef list _trade(self, message):
        cdef int64_t price_ticks = TRADE_FIELDS.price_ticks.int_of(message)
        self.last_ticks = price_ticks
        if not self.resting.count:
            return NONE
        return self.resting.on_trade(
            price_ticks, TRADE_FIELDS.qty_lots.int_of(message), <int>AGGRESSOR.int_of(message)
        )

    cdef list _delta(self, message):
        cdef bytes bids = DELTA_BIDS.of(message)
        cdef bytes asks = DELTA_ASKS.of(message)
        self.book.apply(bids, asks)
        self.update_id = DELTA_ID.int_of(message)
        return self._fills(bids, asks)

    cdef list _replace(self, message):
        self.deep = True
        self.book.replace(message.bids, message.asks)
        self.update_id = message.last_update_id
        return self._fills(message.bids, message.asks)

    cdef list _quote(self, message):
        cdef int64_t bid_ticks = QUOTE_FIELDS.bid_ticks.int_of(message)
        cdef int64_t ask_ticks = QUOTE_FIELDS.ask_ticks.int_of(message)
        cdef int64_t levels[4]
        if self.deep:
            return NONE
        levels[0], levels[1] = bid_ticks, QUOTE_FIELDS.bid_lots.int_of(message)
        levels[2], levels[3] = ask_ticks, QUOTE_FIELDS.ask_lots.int_of(message)
        bids = (<char*>levels)[:16] if bid_ticks else b""
        asks = (<char*>levels)[16:32] if ask_ticks else b""
        self.book.replace(bids, asks)
        self.update_id = QUOTE_FIELDS.update_id.int_of(message)
        return self._fills(bids, asks)

    cdef list _fills(self, bytes bids, bytes asks):
        if self.resting.consuming:
            return self.resting.on_levels([p for p, _ in unpack_levels(bids)], [p for p, _ in unpack_levels(asks)])
        if self.resting.count:
            return self.resting.on_levels((), ())
        return NONE


@cython.final
cdef class MessageMarket(VenueSide):
    """Implements `agents.paper.market.market.VenueMarket` for one venue."""

    def __init__(self, listings not None, instruments not None, listener, model not None):
        """List `listings` by symbol, which are `instruments` of the configuration; `model` is that of the queues.

        Fills of resting orders go to `listener`; `settle`, to be set before the first message, is called before and after,
        so that the venue knows the time and sends what it has to say.
        """
        self.kind = "recorded"
        self.symbols = tuple(listings)
        self.listener = listener
        self._margined = any(each.margined for each in listings.values())
        self.tapes = {symbol: Tape() for symbol in listings}
        self._markets = {symbol: InstrumentMarket(listing, model) for symbol, listing in listings.items()}
        self._by_stream = StreamTable(
            {
                stream_id(kind, number, each.id): self._markets[each.symbol]
                for number, each in instruments
                for kind in KINDS
            }
        )
        self.streams_wanted = [stream_id(kind, number, each.id) for number, each in instruments for kind in KINDS]

    @property
    def streams(self):
        """The streams of all its instruments."""
        return self.streams_wanted

    def instrument(self, str symbol not None):
        """Return what is known of one instrument."""
        return self._markets[symbol]

    cdef bint happened(self, const frame_header* fields, message, int64_t wall_ns) except -1:
        cdef InstrumentMarket market = self._by_stream.get(fields.stream)
        cdef list filled
        if market is None or fields.flags & FLAG_STALE:
            return False
        self.tick_count += 1
        filled = self._take(market, fields, message)
        if not filled:
            return False
        self._filled(market, filled)
        return True

    cdef list _take(self, InstrumentMarket market, const frame_header* fields, message):
        if fields.type == TRADE:
            return market._trade(message)
        if fields.type == DELTA:
            return market._delta(message)
        if fields.type == QUOTE:
            return market._quote(message)
        if fields.type == SNAPSHOT:
            return market._replace(message)
        if fields.type == MARK:
            market.mark = ContractMark(message.mark_e8, message.funding_rate_e8, message.next_funding_ns)
        return NONE

    cdef int _filled(self, InstrumentMarket market, list filled) except -1:
        self.settle()
        for order, qty_lots in filled:
            self.listener.maker_fill(order, self._match(order.price_ticks, qty_lots))
        self.settle()
        return 0

    def _match(self, price_ticks, qty_lots):
        self._trade_id += 1
        return Match(price_ticks, qty_lots, self._trade_id)

    # What the exchange asks of its market

    def number_from(self, first_id):
        """Give executions of the account ids above `first_id`."""
        self._trade_id = first_id

    def start(self, wall_ns):
        """Do nothing: messages move it."""

    def clock_ns(self, wall_ns):
        """Return the time of the recording, which is that of the replay."""
        return wall_ns

    def advance(self, wall_ns, count_max):
        """Do nothing: messages move it; come back for what becomes of contracts that are held."""
        return wall_ns + LOOK_NS if self._margined else None

    def put_off(self, duration_ns):
        """Do nothing: no time is lost in a backtest."""

    def depth(self, symbol, count):
        """Return the book of `symbol` as it is now."""
        cdef InstrumentMarket market = self._markets[symbol]
        price, qty = market.listing.price, market.listing.qty
        bids = [(price.format(p), qty.format(q)) for p, q in market.book.depth(1, count)]
        asks = [(price.format(p), qty.format(q)) for p, q in market.book.depth(-1, count)]
        return DepthView(market.update_id, bids, asks)

    def mark(self, symbol):
        """Return the last mark that was recorded, None before the first."""
        return self._markets[symbol].mark

    def liquidity(self, symbol, side):
        """Return what the book displays to an order of `side`, less what the account took of it."""
        return self._markets[symbol].resting.available(side)

    def take(self, order, limit_ticks, wall_ns):
        """Walk the displayed levels with `order`."""
        taken = self._markets[order.listing.symbol].resting.take(order.side, order.leaves_qty_lots, limit_ticks)
        return [self._match(price, qty) for price, qty in taken]

    def rest(self, order):
        """Queue `order` behind the recorded quantity at its price."""
        self._markets[order.listing.symbol].resting.rest(order)

    def reduce(self, order):
        """Do nothing: what is left of an order is the order's to say, and its place stays."""

    def withdraw(self, order):
        """Take a resting order out of the queue."""
        self._markets[order.listing.symbol].resting.withdraw(order)
