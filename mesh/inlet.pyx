"""Inlets: what a readable socket brings, from libzmq's memory to the engine's handlers, with the time of its receipt.

An inlet drains one socket into one engine. Header and sequence of a publication are checked before any Python is run,
and a message in order is decoded where libzmq holds it, without a copy; whatever else came is copied and handed to the
protocol. Each frame gets the monotonic time at which it was taken from the socket; the wall clock is read once for each
drain and goes on with the monotonic one.

The clocks are read here and in the node, and nowhere else.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.errno cimport EAGAIN
from libc.stdint cimport int64_t
from libc.string cimport memset
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, timespec

from core.frame cimport HEADER_SIZE, Header, frame_header, header_load, header_object, header_read
from core.log_segment cimport record
from core.log_tail cimport LogTail
from core.sequence cimport IN_ORDER, UNKNOWN
from mesh.codec cimport payload_of
from mesh.engine cimport Engine
from mesh.link cimport Link
from mesh.local_wire cimport LocalWire
from mesh.wire cimport DISCARDED, Wire, message_t, part_close, part_data, part_size, take


cdef enum:
    BATCH_MAX = 64              # the first message of a batch waits for the last to be decoded
    CLOSE_NS = 20_000           # messages that follow each other within this are taken together


cdef class Inlet:
    """Base of all inlets; `drain` takes at most `count_max` messages.

    `more` tells that the last drain stopped at its first message without looking for another.
    """

    def __init__(self, Engine engine not None, str source not None):
        """Drain into `engine`; `source` names who sends."""
        self.engine = engine
        self.source = source

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits, at most `count_max` messages.

        Returns:
            The number of messages taken, discarded ones too: less than `count_max` means that none is left. A negative
            errno if the socket failed. What a handler raises comes out of here.
        """
        raise NotImplementedError


cdef class Following(Inlet):
    """Base of what takes the publications of one publisher.

    A message in order goes straight to the agent, all else to the link. An agent that takes batches gets the messages of
    one stream that follow each other here in one call. Of a kind that is conflated only the newest message of each stream
    goes to the agent when several of one type follow each other here; what is flagged, and what is not conflated, keeps its
    place among them.
    """

    def __init__(self, Engine engine not None, str source not None):
        """Take what `source` publishes."""
        Inlet.__init__(self, engine, source)
        self.link = engine.link(source)
        self.headers = []
        self.messages = []
        self.held = {}
        cdef uint8_t kind
        for kind in self.link.conflated:
            self.conflates[kind] = True

    cdef int _take(self, const uint8_t* frame, size_t size, const frame_header* header, int64_t now_ns, int64_t wall_ns) except -1:
        if self.conflates[header.stream >> 24] and not header.flags:
            return self._hold(frame, size, header, now_ns, wall_ns)
        if self.held:
            self._hand_over(now_ns, wall_ns)
        payload = payload_of(<char*>frame + HEADER_SIZE, <Py_ssize_t>size - HEADER_SIZE)
        if self.engine.takes_batches:
            self._gather(header_object(header), payload, now_ns, wall_ns)
        else:
            self.engine.take(self.link, header_object(header), payload, now_ns, wall_ns)
        return 0

    # Keeps a message of a conflated stream until the last that is here has come, in place of the one before.
    cdef int _hold(self, const uint8_t* frame, size_t size, const frame_header* header, int64_t now_ns, int64_t wall_ns) except -1:
        cdef bytes before = self.held.get(header.stream)
        if self.headers or (before is not None and header_of(before).type != header.type):
            self._hand_over(now_ns, wall_ns)
        self.held[header.stream] = PyBytes_FromStringAndSize(<const char*>frame, <Py_ssize_t>size)
        return 0

    cdef int _gather(self, Header header, payload, int64_t now_ns, int64_t wall_ns) except -1:
        message = self.engine.decoded(self.link, header, payload)
        if message is None:
            return 0
        if self.headers and (header.stream != self.stream or len(self.headers) >= BATCH_MAX):
            self._hand_over(now_ns, wall_ns)
        self.stream = header.stream
        self.headers.append(header)
        self.messages.append(message)
        return 0

    # Hands what is held and what is gathered to the agent; the lists are given away.
    cdef int _hand_over(self, int64_t now_ns, int64_t wall_ns) except -1:
        cdef list headers = self.headers
        cdef list messages = self.messages
        cdef bytes frame
        cdef frame_header header
        if self.held:
            held, self.held = self.held, {}
            for frame in held.values():
                header = header_of(frame)
                payload = payload_of(PyBytes_AS_STRING(frame) + HEADER_SIZE, len(frame) - HEADER_SIZE)
                self.engine.take(self.link, header_object(&header), payload, now_ns, wall_ns)
        if headers:
            self.headers = []
            self.messages = []
            self.engine.take_batch(self.link, headers, messages, now_ns, wall_ns)
        return 0


@cython.final
cdef class Publications(Following):
    """The SUB socket of one link."""

    def __init__(self, Wire wire not None, Engine engine not None, str source not None):
        """Drain `wire`, on which the publisher `source` is followed."""
        Following.__init__(self, engine, source)
        self.wire = wire

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits in the socket."""
        cdef message_t part
        cdef frame_header header
        cdef int count = 0
        cdef int code = 0
        cdef int64_t ahead_ns = wall_ahead_ns()
        cdef int64_t now_ns
        memset(&header, 0, sizeof(header))
        while count < count_max:
            code = self.wire._receive_frame(&part)
            if code < 0:
                break
            count += 1
            if code == DISCARDED:
                continue
            now_ns = clock_ns(CLOCK_MONOTONIC)
            if header_read(part_data(&part), part_size(&part), &header) != 0:
                self.wire.malformed += 1
                part_close(&part)
            elif self.link.tracker.observe_c(header.stream, header.epoch, header.seq) == IN_ORDER:
                self._take_part(&part, &header, now_ns, now_ns + ahead_ns)
            else:
                self._hand_over(now_ns, now_ns + ahead_ns)
                self.engine.on_publication(self.source, take(&part), now_ns, now_ns + ahead_ns)
        now_ns = clock_ns(CLOCK_MONOTONIC)
        self._hand_over(now_ns, now_ns + ahead_ns)
        return count if code >= 0 or code == -EAGAIN else code

    cdef int _take_part(self, message_t* part, const frame_header* header, int64_t now_ns, int64_t wall_ns) except -1:
        try:
            self._take(part_data(part), part_size(part), header, now_ns, wall_ns)
        finally:
            part_close(part)
        return 0


@cython.final
cdef class LocalPublications(Following):
    """The log of a publisher on this host, read where it lies; what comes is shown first as by `LocalFrames`."""

    def __init__(self, LogTail tail not None, Engine engine not None, str source not None, show=None):
        """Read `tail`, the log of the publisher `source`."""
        Following.__init__(self, engine, source)
        self.tail = tail
        self.show = show

    cpdef int drain(self, int count_max) except? -1:
        """Take what was appended since; records of streams that the link does not follow are counted and passed over."""
        cdef record found
        cdef frame_header header
        cdef int count = 0
        cdef int64_t order
        cdef int64_t ahead_ns = wall_ahead_ns()
        cdef int64_t now_ns = 0
        while count < count_max and self.tail.next(&found):
            count += 1
            header_load(found.frame, &header)
            order = self.link.tracker.observe_c(header.stream, header.epoch, header.seq)
            if order == UNKNOWN:
                continue
            now_ns = clock_ns(CLOCK_MONOTONIC)
            if self.show is not None:
                frame = PyBytes_FromStringAndSize(<char*>found.frame, found.size)
                self.show(self.source, frame, now_ns + ahead_ns)
            if order == IN_ORDER:
                self._take(found.frame, found.size, &header, now_ns, now_ns + ahead_ns)
            else:
                self._hand_over(now_ns, now_ns + ahead_ns)
                frame = PyBytes_FromStringAndSize(<char*>found.frame, found.size)
                self.engine.on_publication(self.source, frame, now_ns, now_ns + ahead_ns)
        if self.headers or self.held:
            now_ns = clock_ns(CLOCK_MONOTONIC)
            self._hand_over(now_ns, now_ns + ahead_ns)
        return count


cdef class LocalFrames(Inlet):
    """A connection to an agent of this host; what comes is shown as `show(source, frame, wall_ns)` first, if that is given."""

    def __init__(self, LocalWire wire not None, Engine engine not None, str source not None, show=None):
        """Drain `wire`, at whose other end is `source`."""
        Inlet.__init__(self, engine, source)
        self.wire = wire
        self.show = show

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
cdef class LocalRequests(LocalFrames):
    """The connection of a client on this host."""

    def __init__(self, LocalWire wire not None, Engine engine not None, str source not None, bytes token not None, show=None):
        """Drain `wire`; `token` routes the answers."""
        LocalFrames.__init__(self, wire, engine, source, show)
        self.token = token

    cdef int _hand(self, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        self.engine.on_request(self.token, frame, now_ns, wall_ns)
        return 0


@cython.final
cdef class LocalReplies(LocalFrames):
    """The connection to a server on this host."""

    cdef int _hand(self, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        self.engine.on_reply(self.source, frame, now_ns, wall_ns)
        return 0


@cython.final
cdef class Requests(Inlet):
    """The ROUTER socket of an agent."""

    def __init__(self, Wire wire not None, Engine engine not None, str source not None):
        """Drain `wire`; `source` names nobody: a request says itself who asks."""
        Inlet.__init__(self, engine, source)
        self.wire = wire

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits: single frames of peers, each with the identity that routes its answer."""
        cdef message_t part
        cdef bytes token
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
            if code != DISCARDED:
                now_ns = clock_ns(CLOCK_MONOTONIC)
                self.engine.on_request(token, take(&part), now_ns, now_ns + ahead_ns)
        return count if code >= 0 or code == -EAGAIN else code


@cython.final
cdef class Replies(Inlet):
    """The DEALER socket to one peer."""

    def __init__(self, Wire wire not None, Engine engine not None, str source not None):
        """Drain `wire`, on which the peer `source` answers."""
        Inlet.__init__(self, engine, source)
        self.wire = wire

    cpdef int drain(self, int count_max) except? -1:
        """Take what waits: answers of the peer."""
        cdef message_t part
        cdef int count = 0
        cdef int code = 0
        cdef int64_t ahead_ns = wall_ahead_ns()
        cdef int64_t now_ns
        while count < count_max:
            code = self.wire._receive_frame(&part)
            if code < 0:
                break
            count += 1
            if code != DISCARDED:
                now_ns = clock_ns(CLOCK_MONOTONIC)
                self.engine.on_reply(self.source, take(&part), now_ns, now_ns + ahead_ns)
        return count if code >= 0 or code == -EAGAIN else code


# The header of a frame that was checked before.
cdef inline frame_header header_of(bytes frame):
    cdef frame_header header
    header_load(<const uint8_t*>PyBytes_AS_STRING(frame), &header)
    return header


cdef inline int64_t clock_ns(int clock) noexcept nogil:
    cdef timespec now
    clock_gettime(clock, &now)
    return now.tv_sec * <int64_t>1000000000 + now.tv_nsec


cdef inline int64_t wall_ahead_ns() noexcept nogil:
    return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC)
