import cython
from libc.stdint cimport int64_t

cdef int64_t HOUR
cdef int64_t MS
cdef int64_t FIT_MAX


cdef class Allowance:
    cdef readonly str name
    cdef readonly str header
    cdef readonly bint counts_orders
    cdef readonly int64_t limit
    cdef readonly int64_t shared
    cdef readonly int64_t used
    cdef readonly int64_t out
    cdef int64_t _window_ns
    cdef int64_t _begun_ns
    cdef int64_t _ends_wall_ns

    cpdef roll(self, int64_t now_ns, int64_t venue_ns)
    cpdef bint has(self, int64_t count, bint whole) except -1
    cpdef take(self, int64_t count)
    cpdef answered(self, int64_t count)
    cpdef correct(self, int64_t told, int64_t sent_ns)
    cpdef int64_t left_ns(self, int64_t venue_ns) except? -1
    cpdef bint runs_at(self, int64_t venue_ns) except -1


cdef class VenueBudget:
    cdef public int64_t offset_ns
    cdef int64_t _create_weight
    cdef list _all
    cdef list _weights
    cdef int64_t _fit
    cdef int64_t _fit_from_ns
    cdef int64_t _fit_until_ns
    cdef int64_t _drawn
    cdef int64_t _answered

    cdef bint _fits(self, int64_t venue_ns) except -1
    cdef int64_t _cost(self, Allowance allowance) except? -1
    @cython.locals(allowance=Allowance)
    cdef _settle(self)
    @cython.locals(
        allowance=Allowance, venue_ns=int64_t, fit=int64_t, from_ns=int64_t, until_ns=int64_t, cost=int64_t
    )
    cpdef bint has_order(self, int64_t now_ns, int64_t wall_ns, bint whole) except -1
    @cython.locals(allowance=Allowance, venue_ns=int64_t)
    cpdef take_order(self, int64_t now_ns, int64_t wall_ns)
    @cython.locals(allowance=Allowance)
    cpdef take_amend(self, int64_t now_ns, int64_t wall_ns)
    @cython.locals(allowance=Allowance)
    cpdef amend_answered(self)
    cpdef order_answered(self)
    @cython.locals(allowance=Allowance, longest_ns=int64_t, room=int64_t)
    cpdef int64_t wait_ns(self, int64_t now_ns, int64_t wall_ns, int64_t weight, bint whole) except? -1
    @cython.locals(allowance=Allowance)
    cpdef take(self, int64_t now_ns, int64_t wall_ns, int64_t weight)
    @cython.locals(allowance=Allowance)
    cpdef answered(self, int64_t weight)
    @cython.locals(allowance=Allowance)
    cpdef correct(self, headers, int64_t sent_ns)
    @cython.locals(allowance=Allowance)
    cpdef str lacking(self, bint whole)
    @cython.locals(allowance=Allowance)
    cpdef dict figures(self, int64_t now_ns, int64_t wall_ns)
