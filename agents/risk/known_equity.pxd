import cython

from agents.risk.limits cimport LossLimits
from agents.state.causes cimport add_cause
from core.frame cimport Header
from libc.stdint cimport int64_t, uint32_t, uint64_t
from mesh.context cimport Context


cdef class KnownEquity:
    cdef readonly uint32_t stream
    cdef readonly object equity
    cdef str _publisher
    cdef int64_t _age_ns_max
    cdef int64_t _seen_ns
    cdef uint32_t _epoch
    cdef uint64_t _seq

    cpdef take(self, Header header, equity, int64_t now_ns, int64_t wall_ns)
    cdef add_cause(self, list found)
    @cython.locals(age_ns=int64_t)
    cpdef fault(self, Context ctx, LossLimits limits)
