import cython

from libc.stdint cimport int64_t

from agents.state.message_fields cimport DecisionOrigin, OrderTerms
from agents.state.working_orders cimport WorkingOrder, WorkingOrders

cdef OrderTerms APPROVED
cdef DecisionOrigin APPROVED_ORIGIN


cdef class _Reserved:
    cdef public int64_t signal_id
    cdef public int64_t proof_ns
    cdef public bint probing

    cdef begin(self, int64_t signal_id, int64_t proof_ns)


cdef class Reservations:
    cdef readonly object released
    cdef WorkingOrders _orders
    cdef int64_t _wait_ns
    cdef dict _reserved

    @cython.locals(reserved=_Reserved)
    cpdef hold(self, approved, int64_t now_ns)
    @cython.locals(reserved=_Reserved)
    cpdef list anchored(self)
    @cython.locals(each=_Reserved)
    cpdef resume(self, int64_t released, reserved, int64_t now_ns)
    @cython.locals(order=WorkingOrder)
    cpdef confirm(self, str client_order_id)
    @cython.locals(reserved=_Reserved)
    cpdef release(self, str client_order_id)
