"""Receivers: what a readable socket or log brings, from where it lies to the engine's handlers, with the time of its receipt.

A receiver drains one source into one engine. Header and sequence of a publication are checked before any Python is run,
and a message in order is decoded where libzmq or the log holds it, without a copy; whatever else came is copied and handed
to the protocol. Each frame gets the monotonic time at which it was taken; the wall clock is read once for each drain and
goes on with the monotonic one.

There is one way to receive, whether a tap is attached or not: a receiver whose `show` is set first calls it with each
frame, `show(source, frame, wall_ns)`, and then goes on as ever. One that nobody looks at tests that for each frame.

The clocks are read here and in the node, and nowhere else.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.errno cimport EAGAIN
from libc.stdint cimport int64_t
from libc.string cimport memset
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, timespec

from core.frame cimport HEADER_SIZE, Header, frame_header, header_load, header_object, header_read
from core.log.segment cimport record
from core.log.tail cimport LogTail
from core.conflator cimport Conflator, kept
from core.sequence cimport IN_ORDER, UNKNOWN
from mesh.protocol.codec cimport payload_of, read_plain
from mesh.protocol.engine cimport Engine
from mesh.transport.unix_wire cimport UnixWire
from mesh.transport.zmq_wire cimport DISCARDED, Wire, message_t, part_close, part_data, part_size, take


cdef enum:
    BATCH_MAX = 64              # the first message of a batch waits for the last to be decoded
    CLOSE_NS = 20_000           # messages that follow each other within this are taken together
    PASSED_FOR_ONE = 16         # records that are passed over in the time that a message takes its agent


cdef class Receiver:
    """Base of all receivers; `drain` takes at most `count_max` messages.

    `more` tells that the last drain stopped without having seen that nothing is left. `show` may be set and taken away
    between two drains.
    """

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits, at most `count_max` messages.

        Returns:
            The number of messages taken, discarded ones too: less than `count_max` means that none is left. A negative
            errno if the socket failed. What a handler raises comes out of here.
        """
        raise NotImplementedError


@cython.final
cdef class XPubReceiver(Receiver):
    """An XPUB socket: its reports of who subscribes to what are no frames, and are shown to nobody."""

    def __init__(self, Wire wire not None, handler not None):
        """Drain `wire` into `handler(report)`."""
        self.wire = wire
        self.handler = handler

    cpdef int drain(self, int count_max) except? -1:
        """Take the reports that wait."""
        return self.wire.drain(self.handler, count_max)


cdef class FrameReceiver(Receiver):
    """Base of what takes frames of peers."""

    def __init__(self, Engine engine not None, str source not None, show=None):
        """Drain into `engine`; `source` names who sends."""
        self.engine = engine
        self.source = source
        self.show = show


cdef class PublicationReceiver(FrameReceiver):
    """Base of what takes the publications of one publisher.

    A message in order goes straight to the agent, all else to the link. An agent that takes batches gets the messages of
    one stream that follow each other here in one call. Of a kind that is conflated only the newest message of each stream
    goes to the agent when several of one type follow each other here; what is flagged, and what is not conflated, keeps its
    place among them.
    """

    def __init__(self, Engine engine not None, str source not None, show=None):
        """Take what `source` publishes."""
        FrameReceiver.__init__(self, engine, source, show)
        self.link = engine.link(source)
        self.headers = []
        self.messages = []
        self.newest = Conflator()
        cdef uint8_t kind
        for kind in self.link.conflated:
            self.conflates[kind] = True

    # Takes a message that is in order; False if it only overtook another that is kept until the last that is here has come.
    cdef bint _take(self, const uint8_t* frame, size_t size, const frame_header* header) except -1:
        cdef int64_t now_ns
        cdef Py_ssize_t waiting = self.newest.count
        if self.conflates[header.stream >> 24] and not header.flags:
            if self.headers or not self.newest.put(header, frame, size):
                self._hand_over(clock_ns(CLOCK_MONOTONIC))
                self.newest.put(header, frame, size)
                return True
            return self.newest.count != waiting
        now_ns = clock_ns(CLOCK_MONOTONIC)
        if self.newest.count:
            self._hand_over(now_ns)
        if self.engine.takes_batches:
            self._gather(frame, size, header, now_ns)
        else:
            self._hand(frame, size, header, now_ns)
        return True

    # Hands one message to the agent; a plain one is read where it lies.
    cdef int _hand(self, const uint8_t* frame, size_t size, const frame_header* header, int64_t now_ns) except -1:
        cdef char* payload = <char*>frame + HEADER_SIZE
        message = read_plain(header.type, payload, size - HEADER_SIZE)
        if message is None:
            taken = payload_of(payload, size - HEADER_SIZE)
            self.engine.take(self.link, header_object(header), taken, now_ns, now_ns + self.ahead_ns)
        else:
            self.engine.take_decoded(self.link, header_object(header), message, now_ns, now_ns + self.ahead_ns)
        return 0

    cdef int _gather(self, const uint8_t* frame, size_t size, const frame_header* header, int64_t now_ns) except -1:
        cdef Header kept_header = header_object(header)
        cdef char* payload = <char*>frame + HEADER_SIZE
        message = read_plain(header.type, payload, size - HEADER_SIZE)
        if message is None:
            message = self.engine.decoded(self.link, kept_header, payload_of(payload, size - HEADER_SIZE))
        if message is None:
            return 0
        if self.headers and (header.stream != self.stream or len(self.headers) >= BATCH_MAX):
            self._hand_over(now_ns)
        self.stream = header.stream
        self.headers.append(kept_header)
        self.messages.append(message)
        return 0

    # Hands what was kept and what is gathered to the agent; the lists are given away.
    cdef int _hand_over(self, int64_t now_ns) except -1:
        cdef list headers = self.headers
        cdef list messages = self.messages
        cdef kept* item
        cdef frame_header header
        cdef Py_ssize_t place
        for place in range(self.newest.release()):
            item = self.newest.at(place)
            header_load(item.frame, &header)
            self.engine.waited = True
            self._hand(item.frame, item.size, &header, now_ns)
            self.engine.waited = False
        if headers:
            self.headers = []
            self.messages = []
            self.engine.take_batch(self.link, headers, messages, now_ns, now_ns + self.ahead_ns)
        return 0

    # Hands over all that waits.
    cdef int _end(self) except -1:
        if self.headers or self.newest.count:
            self._hand_over(clock_ns(CLOCK_MONOTONIC))
        return 0

    # Hands a frame that is not in order to the link.
    cdef int _pass_on(self, const uint8_t* frame, size_t size) except -1:
        cdef int64_t now_ns = clock_ns(CLOCK_MONOTONIC)
        self._hand_over(now_ns)
        self.engine.on_publication(self.source, copied(frame, size), now_ns, now_ns + self.ahead_ns)
        return 0

    cdef int _show(self, const uint8_t* frame, size_t size) except -1:
        self.show(self.source, copied(frame, size), clock_ns(CLOCK_MONOTONIC) + self.ahead_ns)
        return 0


@cython.final
cdef class SubReceiver(PublicationReceiver):
    """The SUB socket of one link."""

    def __init__(self, Wire wire not None, Engine engine not None, str source not None, show=None):
        """Drain `wire`, on which the publisher `source` is followed."""
        PublicationReceiver.__init__(self, engine, source, show)
        self.wire = wire

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits in the socket."""
        cdef message_t part
        cdef frame_header header
        cdef int count = 0
        cdef int code = 0
        self.ahead_ns = wall_ahead_ns()
        memset(&header, 0, sizeof(header))
        while count < count_max:
            code = self.wire._receive_frame(&part)
            if code < 0:
                break
            count += 1
            if code != DISCARDED:
                try:
                    self._take_frame(part_data(&part), part_size(&part), &header)
                finally:
                    part_close(&part)
        self._end()
        return count if code >= 0 or code == -EAGAIN else code

    cdef int _take_frame(self, const uint8_t* frame, size_t size, frame_header* header) except -1:
        if self.show is not None:
            self._show(frame, size)
        if header_read(frame, size, header) != 0:
            self.wire.malformed += 1
        elif self.link.tracker.observe_c(header.stream, header.epoch, header.seq) == IN_ORDER:
            self._take(frame, size, header)
        else:
            self._pass_on(frame, size)
        return 0


@cython.final
cdef class LogReceiver(PublicationReceiver):
    """The log of a publisher on this host, read where it lies."""

    def __init__(self, LogTail tail not None, Engine engine not None, str source not None, show=None):
        """Read `tail`, the log of the publisher `source`."""
        PublicationReceiver.__init__(self, engine, source, show)
        self.tail = tail

    cpdef int drain(self, int count_max) except? -1:
        """Take what was appended since; records of streams that the link does not follow are counted and passed over.

        What the agent is not called for takes hardly any time: 16 such records count as one towards `count_max`, so that
        the newest message is the newest of many. The number that is returned is that of all, and says nothing of what is
        left: `more` does.
        """
        cdef record found
        cdef frame_header header
        cdef int count = 0
        cdef int64_t spent = 0
        cdef int64_t order
        self.ahead_ns = wall_ahead_ns()
        while spent < <int64_t>count_max * PASSED_FOR_ONE and self.tail.next(&found):
            count += 1
            header_load(found.frame, &header)
            order = self.link.tracker.observe_c(header.stream, header.epoch, header.seq)
            if order == UNKNOWN:
                spent += 1
                continue
            if self.show is not None:
                self._show(found.frame, found.size)
            if order != IN_ORDER:
                self._pass_on(found.frame, found.size)
                spent += PASSED_FOR_ONE
            elif self._take(found.frame, found.size, &header):
                spent += PASSED_FOR_ONE
            else:
                spent += 1
        self._end()
        self.more = spent >= <int64_t>count_max * PASSED_FOR_ONE
        return count


cdef class UnixReceiver(FrameReceiver):
    """A connection to an agent of this host."""

    def __init__(self, UnixWire wire not None, Engine engine not None, str source not None, show=None):
        """Drain `wire`, at whose other end is `source`."""
        FrameReceiver.__init__(self, engine, source, show)
        self.wire = wire

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits; only one message where they are far between: the loop comes again if there is more."""
        cdef bytes frame
        cdef int count = 0
        cdef int64_t ahead_ns = wall_ahead_ns()
        cdef int64_t now_ns = clock_ns(CLOCK_MONOTONIC)
        # Whether more waits costs a call; the loop tells as well, where messages are far between.
        cdef bint apart = now_ns - self.last_ns > CLOSE_NS
        if apart:
            count_max = 1
        while count < count_max and (frame := self.wire.receive()) is not None:
            count += 1
            now_ns = clock_ns(CLOCK_MONOTONIC)
            if self.show is not None:
                self.show(self.source, frame, now_ns + ahead_ns)
            self._hand(frame, now_ns, now_ns + ahead_ns)
        self.last_ns = clock_ns(CLOCK_MONOTONIC)
        self.more = apart and count > 0
        return count

    cdef int _hand(self, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        raise NotImplementedError


@cython.final
cdef class UnixRequestReceiver(UnixReceiver):
    """The connection of a client on this host."""

    def __init__(self, UnixWire wire not None, Engine engine not None, str source not None, bytes token not None, show=None):
        """Drain `wire`; `token` routes the answers."""
        UnixReceiver.__init__(self, wire, engine, source, show)
        self.token = token

    cdef int _hand(self, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        self.engine.on_request(self.token, frame, now_ns, wall_ns)
        return 0


@cython.final
cdef class UnixReplyReceiver(UnixReceiver):
    """The connection to a server on this host."""

    cdef int _hand(self, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        self.engine.on_reply(self.source, frame, now_ns, wall_ns)
        return 0


@cython.final
cdef class RouterReceiver(FrameReceiver):
    """The ROUTER socket of an agent; what comes is shown with the token that routes its answer, `show(token, frame, wall_ns)`."""

    def __init__(self, Wire wire not None, Engine engine not None, show=None):
        """Drain `wire`; a request says itself who asks."""
        FrameReceiver.__init__(self, engine, "", show)
        self.wire = wire

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits: single frames of peers, each with the identity that routes its answer."""
        cdef message_t part
        cdef bytes token, frame
        cdef int count = 0
        cdef int code = 0
        cdef int64_t ahead_ns = wall_ahead_ns()
        cdef int64_t now_ns
        while count < count_max:
            code = self.wire._receive(&part)
            if code < 0:
                break
            count += 1
            token = take(&part)
            code = self.wire._receive_frame(&part)
            if code < 0:
                break
            if code == DISCARDED:
                continue
            frame = take(&part)
            now_ns = clock_ns(CLOCK_MONOTONIC)
            if self.show is not None:
                self.show(token, frame, now_ns + ahead_ns)
            self.engine.on_request(token, frame, now_ns, now_ns + ahead_ns)
        return count if code >= 0 or code == -EAGAIN else code


@cython.final
cdef class DealerReceiver(FrameReceiver):
    """The DEALER socket to one peer."""

    def __init__(self, Wire wire not None, Engine engine not None, str source not None, show=None):
        """Drain `wire`, on which the peer `source` answers."""
        FrameReceiver.__init__(self, engine, source, show)
        self.wire = wire

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits: answers of the peer."""
        cdef message_t part
        cdef bytes frame
        cdef int count = 0, code = 0
        cdef int64_t ahead_ns = wall_ahead_ns()
        cdef int64_t now_ns
        while count < count_max:
            code = self.wire._receive_frame(&part)
            if code < 0:
                break
            count += 1
            if code == DISCARDED:
                continue
            frame = take(&part)
            now_ns = clock_ns(CLOCK_MONOTONIC)
            if self.show is not None:
                self.show(self.source, frame, now_ns + ahead_ns)
            self.engine.on_reply(self.source, frame, now_ns, now_ns + ahead_ns)
        return count if code >= 0 or code == -EAGAIN else code


cdef inline bytes copied(const uint8_t* frame, size_t size):
    return PyBytes_FromStringAndSize(<const char*>frame, <Py_ssize_t>size)


cdef inline int64_t clock_ns(int clock) noexcept nogil:
    cdef timespec now
    clock_gettime(clock, &now)
    return now.tv_sec * <int64_t>1000000000 + now.tv_nsec


cdef inline int64_t wall_ahead_ns() noexcept nogil:
    return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC)
