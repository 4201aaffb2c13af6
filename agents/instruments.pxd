from core.decimals cimport Scale
from libc.stdint cimport int64_t


cdef class InstrumentInfo:
    cdef readonly object config
    cdef readonly object venue
    cdef readonly object id
    cdef readonly str symbol
    cdef readonly str name
    cdef readonly str venue_symbol
    cdef readonly str category
    cdef readonly tuple feeds
    cdef readonly bint margin
    cdef readonly Scale price
    cdef readonly Scale qty
    cdef readonly int64_t tick_e8
    cdef readonly int64_t lot_e8
    cdef readonly int64_t min_notional_e8
    cdef readonly int64_t contract_size_e8
