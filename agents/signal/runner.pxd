import cython

from libc.stdint cimport int64_t


cdef class Runner:
    cdef readonly str name
    cdef readonly tuple bars_ms
    cdef readonly int64_t venue_bar_ms
    cdef readonly dict feeds
    cdef readonly object market
    cdef readonly object strategy
    cdef readonly dict indicators
    cdef readonly object breaker
    cdef readonly bint cancels
    cdef public bint warm
    cdef public bint started
    cdef public bint broken
    cdef public bint begun
    cdef readonly str error
    cdef public object bars
    cdef public object fills
    cdef readonly object history
    cdef readonly bint takes_trades
    cdef readonly bint takes_batches
    cdef readonly bint takes_books
    cdef readonly bint takes_quotes
    cdef readonly bint takes_bars
    cdef readonly bint takes_feeds
    cdef readonly bint takes_orders
    cdef readonly bint takes_fills
    cdef readonly object config
    cdef str _folder
    cdef object _on_failure

    cpdef update(self, instrument, bar)
    cpdef on_bar(self, instrument, bar)
    cpdef on_past_bar(self, instrument, bar)
    cpdef take_fill(self, fill)
    cpdef resume(self, fills, history)
    cpdef failed(self, error)
    cdef bint _guarded(self, call, tuple what) except -1


cdef class Takers:
    cdef readonly Py_ssize_t count
    cdef str _handler
    cdef list _runners
    cdef list _calls

    cpdef set(self, list runners)
    @cython.locals(calls=list, runners=list, count=Py_ssize_t, place=Py_ssize_t, runner=Runner)
    cpdef tell(self, instrument, what)
