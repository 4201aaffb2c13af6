import cython

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport Header
from mesh.context cimport Context, Request
from mesh.protocol.clock cimport Clock
from mesh.protocol.codec cimport Packer, message_in, show
from mesh.protocol.input_log cimport InputLog
from mesh.protocol.latencies cimport Latencies
from mesh.protocol.link cimport Link
from mesh.protocol.publication cimport Publisher
from mesh.protocol.requests cimport RequestClient, RequestServer
from mesh.protocol.timers cimport Timers


cdef class Effects(Context):
    cdef readonly int64_t next_due_ns
    cdef readonly Packer packer
    cdef Clock _clock
    cdef object _transport
    cdef InputLog _inputs
    cdef object _send
    cdef int64_t _recv_ns
    cdef list _frames           # published and not sent yet: the first `_unsent`
    cdef list _plain            # the message of each, if it is plain
    cdef Py_ssize_t _unsent
    cdef Publisher _publisher
    cdef dict _links
    cdef dict _clients
    cdef RequestServer _server
    cdef Timers _timers
    cdef Latencies _latencies
    cdef dict _counters
    cdef int64_t _call_id

    @cython.locals(seq=uint64_t, decided_ns=int64_t)
    cpdef uint64_t publish(
        self, uint32_t stream, message, uint64_t corr=*, uint8_t flags=*, int64_t origin_ns=*
    ) except 0
    @cython.locals(record=bytes)
    cpdef bytes published_record(self)
    cpdef object message_in(self, Header header, bytes record)
    @cython.locals(client=RequestClient, number=uint64_t, decided_ns=int64_t)
    cpdef uint64_t request(self, str peer, message, uint16_t ttl_ms, uint64_t corr=*) except 0
    cpdef reply(self, Request request, message)
    @cython.locals(link=Link)
    cpdef object stream_state(self, str publisher, uint32_t stream)
    cpdef record_latency(self, str hop, int64_t latency_ns)
    cpdef set_timer(self, str name, int64_t at_ns)
    cpdef cancel_timer(self, str name)
    cpdef count(self, counter, int64_t n=*)
    cpdef open_socket(self, str connection, str url)
    cpdef send_socket(self, str connection, message, bint signed=*)
    cpdef close_socket(self, str connection)
    cpdef set_venue_clock(self, int64_t offset_ns)
    cpdef int64_t call(self, call) except? -1

    cdef _at(self, int64_t now_ns, int64_t wall_ns)
    @cython.locals(decided_ns=int64_t)
    cdef int64_t _decided(self) except -1
    cdef _sent(self, int64_t decided_ns)
    @cython.locals(place=Py_ssize_t, frame=bytes)
    cdef _flush(self)
    cdef _hold(self)
    cdef _venue(self)
