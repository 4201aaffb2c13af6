import cython
from libc.stdint cimport int64_t

from agents.execution.order_table cimport Order, OrderTable
from mesh.context cimport Context

cdef int64_t MS
cdef int64_t NEVER_NS


cdef class Lifetimes:
    cdef public Context ctx
    cdef OrderTable _table
    cdef int64_t _default_ms
    cdef int64_t _due_ns

    @cython.locals(lifetime_ms=int64_t, now_ns=int64_t)
    cpdef begin(self, Order order, int64_t since_ns)
    @cython.locals(order=Order, now_ns=int64_t, next_ns=int64_t)
    cpdef list expired(self)
    cdef _look_at(self, int64_t due_ns)
