import cython

from libc.stdint cimport int64_t

from mesh.protocol.engine cimport Engine
from mesh.transport.group cimport Group


cdef class DutyCycle:
    cdef public bint open
    cdef readonly int64_t now_ns
    cdef readonly int64_t armed_ns
    cdef object _loop
    cdef Group _group
    cdef int64_t _pause_ns
    cdef bint _busy
    cdef list _engines
    cdef list _transports
    cdef list _later
    cdef object _timer
    cdef object _due

    @cython.locals(now_ns=int64_t, engine=Engine)
    cpdef begin(self)
    @cython.locals(due_ns=int64_t, engine=Engine)
    cpdef end(self)
    @cython.locals(delay_ns=int64_t)
    cpdef arm(self, int64_t due_ns, int64_t delay_ns_min)
