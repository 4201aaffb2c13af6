from agents.state.trading_states cimport TradingStates


cdef class Modes:
    cdef readonly int venue_id
    cdef readonly TradingStates own
    cdef readonly dict peers
    cdef readonly bint any

    cpdef object strictest(self, strategy, instrument_id)
    cdef _weigh(self)
