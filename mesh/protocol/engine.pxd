import cython

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport Header, unpack
from core.histogram cimport LatencyHistogram
from core.log.writer cimport LogWriter
from mesh.context cimport Context, Request
from mesh.message_handler cimport MessageHandler
from mesh.protocol.clock cimport Clock
from mesh.protocol.codec cimport Packer, decode, decode_frame
from mesh.protocol.link cimport Link
from mesh.protocol.publication cimport Publisher
from mesh.protocol.requests cimport RequestClient, RequestServer

cdef uint8_t REPLAYED


cdef class Peer:
    cdef readonly str name
    cdef readonly bint same_host
    cdef readonly LatencyHistogram transit


cdef class Engine(Context):
    cdef readonly int64_t next_due_ns
    cdef readonly bint takes_batches
    cdef bint waited
    cdef readonly dict trackers
    cdef readonly dict subscriptions_needed
    cdef readonly list peers_needed
    cdef public object rss_bytes
    cdef str _role
    cdef object _config
    cdef object _agent
    cdef LogWriter _log
    cdef object _transport
    cdef Clock _clock
    cdef int64_t _recv_ns
    cdef MessageHandler _messages
    cdef object _on_request
    cdef object _on_reply
    cdef object _on_frame
    cdef object _on_venue_reply
    cdef object _send
    cdef readonly Packer packer
    cdef list _frames           # published and not sent yet: the first `_unsent`
    cdef list _plain            # the message of each, if it is plain
    cdef Py_ssize_t _unsent
    cdef Publisher _publisher
    cdef dict _links
    cdef dict _clients
    cdef RequestServer _server
    cdef dict _peers
    cdef Peer _operator
    cdef LatencyHistogram _work
    cdef LatencyHistogram _sending
    cdef LatencyHistogram _age
    cdef dict _timers
    cdef list _timer_heap
    cdef int64_t _beat_ns
    cdef int64_t _beat_due_ns
    cdef int64_t _started_ns
    cdef str _state
    cdef int64_t _call_id
    cdef dict _counters
    cdef dict _latency

    cpdef Link link(self, str publisher)
    cpdef take(self, Link link, Header header, payload, int64_t now_ns, int64_t wall_ns)
    cpdef decoded(self, Link link, Header header, payload)
    @cython.locals(last=Header, header=Header)
    cpdef take_batch(self, Link link, list headers, list messages, int64_t now_ns, int64_t wall_ns)
    cpdef take_decoded(self, Link link, Header header, message, int64_t now_ns, int64_t wall_ns)
    cpdef on_deliver(self, str publisher, bytes frame, int64_t now_ns, int64_t wall_ns)
    cpdef on_publication(self, str publisher, bytes frame, int64_t now_ns, int64_t wall_ns)
    @cython.locals(header=Header)
    cpdef on_request(self, bytes token, bytes frame, int64_t now_ns, int64_t wall_ns)
    @cython.locals(peer=Peer)
    cpdef take_request(self, bytes token, Header header, message, int64_t now_ns, int64_t wall_ns)
    @cython.locals(header=Header)
    cpdef on_reply(self, str peer, bytes frame, int64_t now_ns, int64_t wall_ns)
    @cython.locals(client=RequestClient)
    cpdef take_reply(self, str peer, Header header, message, int64_t now_ns, int64_t wall_ns)
    cpdef frame_received(self, str connection, bytes frame, int64_t now_ns, int64_t wall_ns)
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
    @cython.locals(histogram=LatencyHistogram)
    cpdef record_latency(self, str hop, int64_t latency_ns)
    cpdef set_timer(self, str name, int64_t at_ns)
    cpdef cancel_timer(self, str name)
    cpdef count(self, str name, int64_t n=*)
    cpdef open_socket(self, str connection, str url)
    cpdef send_socket(self, str connection, message, bint signed=*)
    cpdef close_socket(self, str connection)
    cpdef int64_t call(self, call) except? -1

    cdef _at(self, int64_t now_ns, int64_t wall_ns)
    cdef _venue(self)
    cdef _note(self, Link link, Header header)
    cdef _hand_over(self, Link link, Header header, message)
    cdef _act_on(self, Request request, Peer peer, Header header, message)
    cdef _record_hop(self, LatencyHistogram transit, Header header)
    @cython.locals(decided_ns=int64_t)
    cdef int64_t _decided(self) except -1
    cdef _sent(self, int64_t decided_ns)
    @cython.locals(place=Py_ssize_t, frame=bytes)
    cdef _flush(self)
    cdef _hold(self)
