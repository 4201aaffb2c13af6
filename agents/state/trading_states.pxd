cdef class TradingStates:
    cdef readonly dict modes
    cdef readonly bint any

    cpdef object of(self, venue_id, strategy, instrument_id)
