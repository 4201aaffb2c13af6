from libc.stdint cimport int64_t


cdef class Filters:
    cdef readonly int64_t min_qty_lots
    cdef readonly int64_t max_qty_lots
    cdef readonly int64_t min_notional_e8
    cdef readonly int64_t qty_step_lots
    cdef readonly int64_t price_step_ticks
    cdef readonly str fault
    cdef readonly int64_t max_notional_e8
    cdef readonly int64_t max_position_lots
    cdef readonly bint banded
    cdef readonly int64_t bid_band_down_ppm
    cdef readonly int64_t bid_band_up_ppm
    cdef readonly int64_t ask_band_down_ppm
    cdef readonly int64_t ask_band_up_ppm
    cdef readonly bint band_of_last
    cdef readonly int64_t min_price_ticks
    cdef readonly int64_t max_price_ticks
    cdef readonly int64_t max_open_orders
