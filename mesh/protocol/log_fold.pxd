"""C signatures of `mesh.protocol.log_fold`."""

import cython

from core.frame cimport Header, unpack
from libc.stdint cimport int64_t, uint8_t, uint32_t
from mesh.protocol.codec cimport decode_frame

cdef uint8_t FLAG_STALE


cdef class LogFold:
    cdef readonly int64_t position
    cdef readonly int64_t last_position
    cdef readonly bytes last_frame
    cdef readonly uint32_t last_crc
    cdef readonly uint32_t epoch
    cdef readonly int64_t records
    cdef readonly dict passed_over
    cdef readonly dict last
    cdef readonly dict streams
    cdef object _agent
    cdef set _wanted
    cdef set _wanted_last
    cdef object _back
    cdef set _wanted_back

    @cython.locals(header=Header, number=int)
    cpdef take(self, int64_t position, bytes frame)
    @cython.locals(position=int64_t, frame=bytes)
    cpdef take_rest(self, log, end=*)


@cython.locals(folded=LogFold)
cpdef fold(log, agent, anchor=*)
