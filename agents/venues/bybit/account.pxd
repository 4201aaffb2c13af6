"""C signatures of `agents.venues.bybit.account`."""

from agents.instruments cimport InstrumentInfo
from agents.venues.port cimport TradingAccount
from agents.venues.reports cimport Verdict
from mesh.context cimport VenueReply


cdef class BybitAccount(TradingAccount):
    cdef object _timeout_ms
    cdef list _instruments
    cdef dict _by_symbol
    cdef dict _settle_coins
    cdef str _settle_coin
    cdef object _contracts
    cdef list _topics

    cpdef create(
        self, InstrumentInfo info, str client_order_id, int side, qty_lots, price_ticks, int time_in_force,
        bint reduce_only=*
    )
    cpdef Verdict order_verdict(self, VenueReply reply)
    cpdef Verdict proof(self, VenueReply reply)
    cpdef object limit_headers(self, VenueReply reply)
