"""Fields of `agents.venues.binance.usdm_account`."""

from agents.venues.binance.order_account cimport BinanceAccount


cdef class UsdmAccount(BinanceAccount):
    cdef str _stream_url
    cdef object _hedges
    cdef object _joins_assets
    cdef object _venue_ms
