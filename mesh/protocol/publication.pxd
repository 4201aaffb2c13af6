import cython

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from core.log.writer cimport LogWriter
from mesh.protocol.codec cimport Packer


cdef int FULL_EVERY


cdef class _Place:
    cdef uint64_t seq
    cdef tuple told
    cdef int changed


cdef class Publisher:
    cdef readonly uint32_t epoch
    cdef Packer _packer
    cdef LogWriter _log
    cdef dict _places
    cdef _Place _place          # that of `_stream`, which was published on last
    cdef uint32_t _stream
    cdef uint64_t _beats

    @cython.locals(place=_Place, seq=uint64_t, frame=bytes)
    cpdef uint64_t publish(
        self,
        uint32_t stream,
        message,
        uint8_t flags,
        uint64_t corr,
        int64_t origin_ns,
        int64_t recv_ns,
        int64_t decided_ns,
    ) except 0
    @cython.locals(place=_Place)
    cpdef bytes beat(self, int64_t now_ns, bint ending=*)
    @cython.locals(place=_Place)
    cpdef snapshot(self, request, state, int64_t now_ns)
    @cython.locals(place=_Place)
    cpdef dict published(self)
    @cython.locals(place=_Place)
    cdef _Place _place_of(self, uint32_t stream)
