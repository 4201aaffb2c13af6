"""Fields and C signatures of `mesh.context`."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport Header


cdef class Request:
    cdef readonly str client
    cdef readonly Header header
    cdef readonly object message
    cdef readonly bytes token


cdef class Reply:
    cdef readonly str peer
    cdef readonly uint64_t request_id
    cdef readonly object request
    cdef readonly object outcome
    cdef readonly object message


cdef class VenueReply:
    cdef readonly int64_t call_id
    cdef readonly object call
    cdef readonly object outcome
    cdef readonly int status
    cdef readonly bytes body
    cdef readonly object headers
    cdef readonly str text


cdef class Context:
    cdef readonly str name
    cdef readonly uint16_t sender
    cdef readonly uint32_t epoch
    cdef public int64_t now_ns
    cdef public int64_t wall_ns
    cdef public int64_t origin_ns

    cpdef uint64_t publish(
        self, uint32_t stream, message, uint64_t corr=*, uint8_t flags=*, int64_t origin_ns=*
    ) except 0
    cpdef bytes published_record(self)
    cpdef object message_in(self, Header header, bytes record)
    cpdef uint64_t request(self, str peer, message, uint16_t ttl_ms, uint64_t corr=*) except 0
    cpdef reply(self, Request request, message)
    cpdef set_timer(self, str name, int64_t at_ns)
    cpdef cancel_timer(self, str name)
    cpdef object stream_state(self, str publisher, uint32_t stream)
    cpdef record_latency(self, str hop, int64_t latency_ns)
    cpdef count(self, counter, int64_t n=*)
    cpdef open_socket(self, str connection, str url)
    cpdef send_socket(self, str connection, message, bint signed=*)
    cpdef close_socket(self, str connection)
    cpdef set_venue_clock(self, int64_t offset_ns)
    cpdef int64_t call(self, call) except? -1
