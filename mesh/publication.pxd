import cython

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from core.log cimport LogWriter
from mesh.codec cimport Packer


cdef class _Stream:
    cdef public uint64_t seq
    cdef public bint changed


cdef class Publisher:
    cdef readonly uint32_t epoch
    cdef Packer _packer
    cdef LogWriter _log
    cdef object _send
    cdef dict _last
    cdef dict _streams
    cdef dict _changed
    cdef uint64_t _beats

    @cython.locals(state=_Stream)
    cpdef uint64_t publish(
        self,
        uint32_t stream,
        message,
        uint8_t flags,
        uint64_t corr,
        int64_t origin_ns,
        int64_t recv_ns,
        int64_t send_ns,
    ) except 0
