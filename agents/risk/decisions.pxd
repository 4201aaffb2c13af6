import cython

from agents.state.message_fields cimport DecisionOrigin, SignalFields
from agents.state.recent cimport Recent
from libc.stdint cimport int64_t

cdef SignalFields SIGNAL
cdef DecisionOrigin APPROVED_ORIGIN
cdef DecisionOrigin DENIED_ORIGIN


cdef class _Asker:
    cdef int64_t sender
    cdef int64_t epoch
    cdef dict answers
    cdef int64_t forgotten


cdef class Decisions:
    cdef readonly int64_t approved
    cdef readonly dict denied
    cdef Recent _recent
    cdef dict _askers
    cdef _Asker _last

    @cython.locals(origin=DecisionOrigin, asker=_Asker)
    cpdef add(self, decision)
    @cython.locals(asker=_Asker)
    cpdef answer_to(self, int64_t sender, int64_t epoch, signal)
    @cython.locals(asker=_Asker, number=int64_t)
    cpdef bint used(self, int64_t sender, int64_t epoch, signal_id) except -1
    @cython.locals(each=_Asker)
    cpdef list forgotten(self)
    cdef _Asker _asker(self, int64_t sender, int64_t epoch)
    @cython.locals(asker=_Asker)
    cdef _Asker _begin(self, int64_t sender, int64_t epoch)
    @cython.locals(origin=DecisionOrigin, asker=_Asker)
    cdef _forget(self, decision)


cdef DecisionOrigin _origin_of(decision)
cdef bint _matches(decision, signal) except -1
cdef tuple _terms_of(order)
