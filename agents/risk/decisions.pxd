import cython

from agents.state.recent cimport Recent
from core.int_field cimport IntField, ObjectField
from libc.stdint cimport int64_t

cdef ObjectField SIGNAL_ID
cdef _Origin APPROVED
cdef _Origin DENIED


cdef class _Origin:
    cdef IntField sender
    cdef IntField epoch
    cdef ObjectField signal_id


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

    @cython.locals(origin=_Origin, asker=_Asker)
    cpdef add(self, decision)
    @cython.locals(asker=_Asker)
    cpdef answer_to(self, int64_t sender, int64_t epoch, signal)
    @cython.locals(asker=_Asker, number=int64_t)
    cpdef bint used(self, int64_t sender, int64_t epoch, signal_id) except -1
    cdef _Asker _asker(self, int64_t sender, int64_t epoch)
    @cython.locals(asker=_Asker)
    cdef _Asker _begin(self, int64_t sender, int64_t epoch)
    @cython.locals(origin=_Origin, asker=_Asker)
    cdef _forget(self, decision)


cdef _Origin _origin_of(decision)
cdef bint _matches(decision, signal) except -1
