import cython

from agents.order_desk cimport OrderDesk
from agents.orders cimport Order
from mesh.engine cimport answer_of


cdef class Intake:
    cdef public bint reconciled
    cdef public str trouble
    cdef OrderDesk _desk
    cdef dict _instruments
    cdef frozenset _submitters
    cdef object _open_orders_max
    cdef object _refused
    cdef object _take_other

    cpdef take_request(self, request)
    @cython.locals(desk=OrderDesk, order=Order)
    cdef _submit(self, request, message)
    cdef _refuse(self, request, str client_order_id, ack)
    cdef _refusal(self, request, message)
