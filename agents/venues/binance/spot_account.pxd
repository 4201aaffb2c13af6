from agents.venues.binance.order_account cimport BinanceAccount
from agents.venues.reports cimport Verdict


cdef class SpotAccount(BinanceAccount):
    cpdef Verdict decoded(self, bytes body)
    cdef _event(self, bytes body)
