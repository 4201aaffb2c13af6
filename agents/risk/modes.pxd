from agents.state.trading_states cimport TradingStates


cdef class Modes:
    cdef dict _venues
    cdef readonly TradingStates own
    cdef readonly dict peers
    cdef readonly bint any

    cpdef object strictest(self, venue_id, strategy, instrument_id)
    cdef bint _is_of(self, str peer, venue_id) except -1
    cdef _weigh(self)
