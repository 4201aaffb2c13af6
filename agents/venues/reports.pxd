"""Fields of `agents.venues.reports`."""

from libc.stdint cimport int64_t


cdef class OrderReport:
    cdef readonly object instrument_id
    cdef readonly str client_order_id
    cdef readonly str venue_order_id
    cdef readonly int status
    cdef readonly int side
    cdef readonly int64_t qty_lots
    cdef readonly int64_t price_ticks
    cdef readonly int time_in_force
    cdef readonly int64_t cum_qty_lots
    cdef readonly int64_t ts_event_ns
    cdef readonly int reason
    cdef readonly str text

    cpdef tuple fields(self)


cdef class FillReport:
    cdef readonly object instrument_id
    cdef readonly str venue_order_id
    cdef readonly str trade_id
    cdef readonly int side
    cdef readonly int64_t qty_lots
    cdef readonly int64_t price_ticks
    cdef readonly int64_t commission_e8
    cdef readonly str commission_asset
    cdef readonly int liquidity
    cdef readonly int64_t ts_event_ns
    cdef readonly str forced

    cpdef tuple fields(self)


cdef class Verdict:
    cdef readonly object result
    cdef readonly int reason
    cdef readonly str text
    cdef readonly OrderReport order
    cdef readonly tuple fills
    cdef readonly int64_t retry_after_ns
    cdef readonly str venue_order_id
    cdef readonly bint banned


cdef class ExecutionEvent:
    cdef readonly OrderReport order
    cdef readonly FillReport fill
