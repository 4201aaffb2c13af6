import cython

from libc.stdint cimport int64_t, uint8_t

from core.frame cimport Header, unpack
from core.log.writer cimport LogWriter
from mesh.context cimport Reply, Request, VenueReply
from mesh.message_handler cimport MessageHandler
from mesh.protocol.codec cimport decode, decode_frame
from mesh.protocol.effects cimport Effects
from mesh.protocol.link cimport Link
from mesh.protocol.peers cimport Peer, Peers
from mesh.protocol.requests cimport RequestClient

cdef uint8_t FLAG_REPLAY


cdef class Engine(Effects):
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
    cdef object _anchor
    cdef MessageHandler _messages
    cdef object _on_request
    cdef object _on_reply
    cdef object _on_frame
    cdef object _on_venue_reply
    cdef Peers _peers
    cdef int64_t _beat_ns
    cdef int64_t _beat_due_ns
    cdef int64_t _started_ns
    cdef str _state

    cpdef Link link(self, str publisher)
    cpdef take(self, Link link, Header header, payload, int64_t now_ns, int64_t wall_ns)
    cpdef decoded(self, Link link, Header header, payload)
    @cython.locals(last=Header, header=Header)
    cpdef take_batch(self, Link link, list headers, list messages, int64_t now_ns, int64_t wall_ns)
    cpdef bint can_wait(self) except -1
    cpdef take_decoded(self, Link link, Header header, message, int64_t now_ns, int64_t wall_ns)
    cpdef on_deliver(self, str publisher, bytes frame, int64_t now_ns, int64_t wall_ns)
    cpdef on_publication(self, str publisher, bytes frame, int64_t now_ns, int64_t wall_ns)
    @cython.locals(header=Header)
    cpdef on_request(self, bytes token, bytes frame, int64_t now_ns, int64_t wall_ns)
    @cython.locals(peer=Peer)
    cpdef take_request(self, bytes token, Header header, message, bytes frame, int64_t now_ns, int64_t wall_ns)
    @cython.locals(header=Header)
    cpdef on_reply(self, str peer, bytes frame, int64_t now_ns, int64_t wall_ns)
    @cython.locals(client=RequestClient)
    cpdef take_reply(self, str peer, Header header, message, bytes frame, int64_t now_ns, int64_t wall_ns)
    cpdef frame_received(self, str connection, bytes frame, int64_t now_ns, int64_t wall_ns)

    cdef _note(self, Link link, Header header)
    cdef _hand_over(self, Link link, Header header, message)
    cdef _act_on(self, Request request, Peer peer, Header header, message)
    @cython.locals(link=Link)
    cdef _ended(self, Reply reply)
