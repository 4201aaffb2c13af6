import cython

from agents.execution.approval cimport Approval, approval_in
from agents.execution.order_desk cimport OrderDesk
from agents.execution.order_table cimport Order
from agents.state.message_fields cimport OrderTerms, SubmitOrderFields
from core.frame cimport Header
from core.int_field cimport IntField, ObjectField
from mesh.protocol.engine cimport answer_of

cdef frozenset SIDES
cdef frozenset TIMES_IN_FORCE
cdef object TAKEN_ON

cdef ObjectField _CLIENT
cdef ObjectField _HEADER
cdef ObjectField _MESSAGE
cdef OrderTerms APPROVED
cdef SubmitOrderFields SUBMIT_ORDER


cdef class OrderEntry:
    cdef public bint reconciled
    cdef public str trouble
    cdef OrderDesk _desk
    cdef dict _instruments
    cdef frozenset _submitters
    cdef Py_ssize_t _open_orders_max
    cdef object _refused
    cdef object _take_other

    cpdef take_request(self, request)
    @cython.locals(desk=OrderDesk, order=Order, asked=Header, approval=Approval)
    cdef _submit(self, request, message)
    @cython.locals(desk=OrderDesk, client_order_id=str, refused=bint)
    cdef _take_on(self, request, Header asked, Approval approval)
    cdef _deny(self, request, reason, text)
    cdef _refuse(self, request, str client_order_id, ack)
    cdef _refusal(self, terms, info)
