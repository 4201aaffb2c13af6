from agents.venues.binance.order_account cimport BinanceAccount


cdef class SpotAccount(BinanceAccount):
    cdef _event(self, bytes body)
