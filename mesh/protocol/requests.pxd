import cython

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

from core.frame cimport Header
from mesh.context cimport Reply, Request
from mesh.protocol.codec cimport Packer

cdef int64_t MS
cdef int64_t RETRY_FIRST_NS
cdef int64_t RETRY_LATER_NS
cdef int64_t RETRY_NS_MAX
cdef int64_t NEVER_NS
cdef int64_t GRID_NS


cdef class _Pending:
    cdef public object message
    cdef public bytes frame
    cdef public int64_t asked_ns
    cdef public int64_t deadline_ns
    cdef public int64_t retry_ns
    cdef public bint sent


cdef class RequestClient:
    cdef str _peer
    cdef uint32_t _epoch
    cdef Packer _packer
    cdef object _send
    cdef uint64_t _last
    cdef dict _pending
    cdef readonly int64_t due_ns

    @cython.locals(pending=_Pending, send_ns=int64_t, wait_ns=int64_t, retry_ns=int64_t, grid_ns=int64_t)
    cpdef uint64_t ask(
        self, message, uint16_t ttl_ms, uint64_t corr, int64_t origin_ns, int64_t decided_ns, int64_t recv_ns=*
    ) except 0
    @cython.locals(pending=_Pending, due_ns=int64_t)
    cpdef list on_timer(self, int64_t now_ns)
    @cython.locals(pause_ns=int64_t, grid_ns=int64_t, left=bint)
    cdef _repeat(self, _Pending pending, int64_t now_ns)
    @cython.locals(pending=_Pending)
    cpdef Reply on_reply(self, Header header, message)


cdef class _Client:
    cdef public uint32_t epoch
    cdef public uint64_t last
    cdef public dict waiting
    cdef public dict replies


cdef class RequestServer:
    cdef Packer _packer
    cdef object _send
    cdef dict _clients

    @cython.locals(state=_Client, number=uint64_t, kept=uint64_t)
    cpdef Request on_request(self, bytes token, Header header, message, str client, bint same_host, int64_t now_ns)
    @cython.locals(header=Header, token=bytes, state=_Client, number=uint64_t, kept=uint64_t)
    cpdef reply(self, Request request, message, int64_t decided_ns, int64_t origin_ns=*, int64_t recv_ns=*)
    @cython.locals(state=_Client)
    cdef _Client _client(self, Header header, bytes token)
    cdef bytes _answer(
        self, bytes token, Header header, message, int64_t decided_ns, int64_t origin_ns, int64_t recv_ns
    )
