import cython

from agents.account cimport Account
from agents.decisions cimport Decisions
from agents.feed cimport Feed
from agents.judge cimport Judge
from agents.order_ids cimport client_order_id
from agents.reservations cimport Reservations
from core.frame cimport Header
from core.stream_table cimport StreamTable
from libc.stdint cimport uint16_t, uint32_t, uint64_t
from mesh.engine cimport answer_of, ask_of, now_of, publish_of, wall_of
from mesh.taker cimport Taker


cdef class Gate(Taker):
    cdef str _execution
    cdef uint16_t _submit_ttl_ms
    cdef dict _feeds
    cdef StreamTable _by_stream
    cdef dict _decision_streams
    cdef uint32_t _order_stream
    cdef Account _account
    cdef Judge _judge
    cdef Decisions _decisions
    cdef Reservations _reservations
    cdef uint64_t _approvals
    cdef uint64_t _started_ms
    cdef object _equity_cause
    cdef object _ctx
    cdef uint16_t _sender
    cdef uint32_t _epoch
    cdef object _take_other

    @cython.locals(feed=Feed)
    cpdef take(self, str publisher, Header header, message)
    cpdef take_request(self, request)
    cdef _take_order(self, Header header, message)
    cdef _decide(self, request, Header header, signal)
    @cython.locals(terms=tuple)
    cdef _approve(self, request, Header header, signal)
    cdef _deny(self, request, Header header, signal, denial)
    @cython.locals(found=list, feed=Feed)
    cdef tuple _causes(self, signal, instrument_id)
    cdef uint32_t _decision_stream(self, instrument_id) except? 0
