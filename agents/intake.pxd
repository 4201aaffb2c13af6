import cython

from agents.order_desk cimport OrderDesk
from agents.orders cimport Order


cdef class Intake:
    cdef OrderDesk _desk
    cdef dict _instruments
    cdef frozenset _submitters
    cdef object _open_orders_max
    cdef object _refused

    @cython.locals(desk=OrderDesk, order=Order)
    cpdef submit(self, request, message, bint reconciled, str trouble)
    cdef _refuse(self, request, str client_order_id, ack)
    cdef _refusal(self, request, message, bint reconciled, str trouble)
