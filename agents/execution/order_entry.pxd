import cython
from libc.stdint cimport int64_t

from agents.execution.approval cimport Approval, approval_in
from agents.execution.order_desk cimport OrderDesk
from agents.execution.order_table cimport Order
from agents.execution.readiness cimport Readiness
from agents.state.message_fields cimport OrderTerms, SubmitOrderFields
from agents.state.trading_states cimport TradingStates
from core.frame cimport Header
from mesh.context cimport Request

cdef frozenset SIDES
cdef frozenset TIMES_IN_FORCE
cdef object TAKEN_ON
cdef int REDUCE_ONLY

cdef OrderTerms APPROVED
cdef SubmitOrderFields SUBMIT_ORDER


cdef class OrderEntry:
    cdef OrderDesk _desk
    cdef Readiness _readiness
    cdef dict _instruments
    cdef frozenset _submitters
    cdef Py_ssize_t _open_orders_max
    cdef object _modes
    cdef TradingStates _states
    cdef object _opening
    cdef object _brackets
    cdef object _replacements
    cdef dict _replacing
    cdef object _refused
    cdef object _take_other

    cpdef on_request(self, Request request)
    @cython.locals(desk=OrderDesk, order=Order, asked=Header, approval=Approval)
    cdef _submit(self, Request request, message)
    @cython.locals(desk=OrderDesk, client_order_id=str, refused=bint)
    cdef _take_on(self, Request request, Header asked, Approval approval)
    cdef _replace(self, Request request, Header asked, Approval approval, info)
    @cython.locals(desk=OrderDesk)
    cdef _create(self, Request request, Header asked, Approval approval, info)
    cdef _initialized(self, Approval approval)
    cdef _deny(self, Request request, reason, text)
    cdef _refuse(self, Request request, str client_order_id, ack)
    @cython.locals(desk=OrderDesk, readiness=Readiness, closes=bint, full=bint)
    cdef _refusal(self, terms, info)
    @cython.locals(old=Order)
    cdef bint _is_overtaken(self, terms) except -1
