"""Fields and C signatures of `agents.venues.port`."""

from libc.stdint cimport int64_t

from agents.instruments cimport InstrumentInfo
from agents.venues.reports cimport Verdict
from mesh.context cimport VenueReply


cdef class TradingAccount:
    cdef readonly str private_url
    cdef readonly int64_t stream_key_ns
    cdef readonly object heartbeat
    cdef readonly int64_t settle_ns
    cdef readonly int64_t query_lag_ns
    cdef readonly int64_t pass_weight
    cdef readonly int64_t weight_per_minute_max
    cdef readonly tuple limits
    cdef readonly int64_t create_weight
    cdef readonly bint has_amend
    cdef readonly bint amend_only_reduces
    cdef readonly bint amend_counts
    cdef readonly bint has_cancel_all
    cdef readonly bint has_dead_man_switch
    cdef readonly bint dead_man_of_account
    cdef readonly int64_t connection_life_ms
    cdef readonly str order_url

    cpdef create(
        self, InstrumentInfo info, str client_order_id, int side, qty_lots, price_ticks, int time_in_force,
        bint reduce_only=*
    )
    cpdef Verdict order_verdict(self, VenueReply reply)
    cpdef Verdict proof(self, VenueReply reply)
    cpdef object limit_headers(self, VenueReply reply)
