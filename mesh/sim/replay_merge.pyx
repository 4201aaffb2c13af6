"""The merge of a replay: recorded messages, ordered by the time of their receipt, straight into the agents that follow them.

While agents only look on, nothing else happens in a replay: it goes from message to message, and to the timers between
them, without a queue. It stops where something else must come first: an event that is due, or frames that an agent sent.

Who has a stream conflated is given it as in a process of its own, if its handler can wait: of messages that follow each
other only the newest, when something else is about to reach the agent, with the time at which it came.

A recording may lead a venue (`mesh.sim.venue_side`), which has each message as it happened there: all that the venue has
by then before an agent has its next message, and before anything that is due.
"""

cimport cython
from cpython.list cimport PyList_GET_SIZE
from libc.stdint cimport int64_t

from core.frame cimport Header
from core.sequence cimport IN_ORDER, UNKNOWN
from mesh.protocol.engine cimport Engine
from mesh.protocol.link cimport Link
from mesh.sim.recording cimport Recording
from mesh.sim.venue_side cimport LedRecording

from core.frame import pack
from mesh.protocol import codec

cdef int64_t NEVER_NS = 0x7FFFFFFFFFFFFFFF
cdef Py_ssize_t WAITING_MAX = 64


@cython.final
cdef class Inbox:
    """What waits for one engine, in the order in which it came."""

    def __init__(self, Engine engine not None, int64_t ahead_ns):
        """Begin with nothing; the wall clock is `ahead_ns` ahead."""
        self.engine = engine
        self.ahead_ns = ahead_ns
        self.waiting = []

    # Keeps a message of a conflated stream, in place of the one before if that is of the same stream and type.
    cdef int put(self, Link link, Header header, message) except -1:
        cdef Py_ssize_t count = PyList_GET_SIZE(self.waiting)
        cdef Waiting last = None
        if count:
            last = <Waiting>self.waiting[count - 1]
            if last.header.stream == header.stream and last.header.type == header.type and last.link is link:
                if last.header.epoch == header.epoch:
                    last.header, last.message = header, message
                    return 0
            if count == WAITING_MAX:
                self.hand_over()
        last = Waiting.__new__(Waiting)
        last.link, last.header, last.message = link, header, message
        self.waiting.append(last)
        return 0

    # Gives the engine what waits.
    cdef int hand_over(self) except -1:
        cdef Waiting each
        cdef list waiting = self.waiting
        if PyList_GET_SIZE(waiting):
            self.waiting = []
            for each in waiting:
                self.engine.take_decoded(
                    each.link, each.header, each.message, each.header.recv_ns, each.header.recv_ns + self.ahead_ns
                )
        return 0


@cython.final
cdef class Waiting:
    """One message that waits."""


@cython.final
cdef class Follower:
    """An engine that follows a recorded publisher."""

    def __init__(self, Inbox inbox not None, str publisher not None):
        """Follow `publisher` by the link that the engine of `inbox` has to it."""
        self.inbox = inbox
        self.engine = inbox.engine
        self.link = self.engine.link(publisher)
        for kind in self.link.conflated:
            self.conflates[kind] = True
        # A recording hands over in no time: there is nothing to measure of its way, and its clock is not ours.
        self.link.same_host = False
        self.tracker = self.link.tracker

    @property
    def streams(self):
        """The streams of the publisher that the engine follows."""
        return self.tracker.streams()


@cython.final
cdef class Track:
    """One recording of one publisher, and who follows it."""

    def __init__(self, str publisher not None, Recording recording not None):
        """Begin at the message at hand; there must be one."""
        self.publisher = publisher
        self.recording = recording
        self.followers = []
        self.epoch = recording.fields.epoch


@cython.final
cdef class ReplayMerge:
    """Hands out the messages of some recordings in the order of their receipt; equal times in the order of the tracks."""

    def __init__(self, tracks, int64_t now_ns, int64_t ahead_ns, on_epoch not None):
        """Begin at `now_ns` of monotonic time, which the wall clock is `ahead_ns` ahead of.

        `on_epoch(track, epoch)` is called before the first message of a publisher's next epoch is handed out.
        """
        cdef Track track
        self.tracks = list(tracks)
        self.engines = []
        self.inboxes = []
        self.now_ns = now_ns
        self.ahead_ns = ahead_ns
        self.on_epoch = on_epoch
        for track in self.tracks:
            track.at_ns = track.recording.wall_ns - ahead_ns
        self.venues = [track.recording for track in self.tracks if isinstance(track.recording, LedRecording)]
        self.venues_at_ns = 0 if self.venues else NEVER_NS

    def follow(self, Engine engine not None):
        """Hand messages to an engine that has started, too, and stop for its timers."""
        cdef Track track
        inbox = Inbox(engine, self.ahead_ns)
        self.engines.append(engine)
        self.inboxes.append(inbox)
        for track in self.tracks:
            if track.publisher in engine.trackers:
                track.followers.append(Follower(inbox, track.publisher))

    def leave(self, Engine engine not None):
        """Stop for none of an engine's timers any more; it must not be among the followers of a track."""
        cdef Inbox inbox
        self.engines.remove(engine)
        self.inboxes = [inbox for inbox in self.inboxes if inbox.engine is not engine]

    def clock_ns(self):
        """Return the monotonic time."""
        return self.now_ns

    def wall_clock_ns(self):
        """Return the Unix time."""
        return self.now_ns + self.ahead_ns

    cpdef int hand_over(self) except -1:
        """Give every agent what waits for it: something else is about to reach it, or somebody to look at it."""
        cdef Inbox inbox
        for inbox in self.inboxes:
            inbox.hand_over()
        return 0

    cpdef int64_t next_due_ns(self):
        """Return when the next timer of any engine is due; one that was due before it was set is so a moment later."""
        cdef int64_t due_ns = NEVER_NS
        cdef Engine engine
        for engine in self.engines:
            if engine.next_due_ns < due_ns:
                due_ns = engine.next_due_ns
        return due_ns if due_ns > self.fired_ns else self.fired_ns + 1

    cpdef int fire(self, int64_t due_ns) except -1:
        """Have the timers act that are due at `due_ns`, which is now."""
        cdef Inbox inbox
        cdef int64_t now_ns = max(self.now_ns, due_ns)
        self.now_ns = self.fired_ns = now_ns
        for inbox in self.inboxes:
            if inbox.engine.next_due_ns <= now_ns:
                inbox.hand_over()
                inbox.engine.on_timers(now_ns, now_ns + self.ahead_ns)
        return 0

    cpdef bint advance(self, int64_t until_ns, int64_t event_ns) except -1:
        """Hand out what was received before `until_ns`, and fire timers, until `event_ns` or an agent has sent something.

        It stops too, with `stirred` set, where a venue did something or something was scheduled: there may be an event that
        is due sooner. An event comes before timers of its time.

        Returns:
            False once there is no message left.
        """
        cdef int64_t due_ns
        while True:
            due_ns = self.next_due_ns()
            if not self._advance(min(due_ns, min(event_ns, until_ns))):
                return False
            if self.stirred or self.busy:
                return True
            # A message may have moved a timer nearer.
            due_ns = self.next_due_ns()
            if min(due_ns, event_ns) >= until_ns or event_ns <= max(self.now_ns, due_ns):
                return True
            self.fire(due_ns)
            if self.stirred or self.busy:
                return True

    # Hands out messages until one is received at `until_ns` or later, or when a timer has become due.
    cdef bint _advance(self, int64_t until_ns) except -1:
        cdef Track track = None
        # What a message sets going only ever moves a timer nearer, and only one of an agent that took it.
        self.due_ns = until_ns
        while not self.busy and not self.stirred:
            if track is None or track.at_ns >= self.others_at_ns:
                track = self._earliest()
            if self.venues_at_ns <= self.due_ns and (track is None or self.venues_at_ns <= track.at_ns):
                if self._lead(self.due_ns if track is None else min(self.due_ns, track.at_ns)):
                    self.stirred = True
                    return True
            if track is None:
                return False
            if track.at_ns >= self.due_ns:
                return True
            if track.at_ns > self.now_ns:
                self.now_ns = track.at_ns
            self._hand_out(track)
            if track.recording.step():
                track.at_ns = track.recording.wall_ns - self.ahead_ns
            else:
                self.tracks.remove(track)
                track = None
        return True

    # Hands venues what they have by `until_ns`, in the order of its time there; stops, True, where one does something.
    cdef bint _lead(self, int64_t until_ns) except -1:
        cdef LedRecording each
        cdef LedRecording found
        cdef int64_t at_ns
        while True:
            found = None
            for each in self.venues:
                if found is None or each.due_ns < found.due_ns:
                    found = each
            at_ns = found.due_ns - self.ahead_ns if found.due_ns != NEVER_NS else NEVER_NS
            if at_ns > until_ns or found.due_ns == NEVER_NS:
                self.venues_at_ns = at_ns
                return False
            if at_ns > self.now_ns:
                self.now_ns = at_ns
            if found.lead():
                self.venues_at_ns = 0
                return True

    # Returns the track whose message is next, and notes when that of any other is.
    cdef Track _earliest(self):
        cdef Track found = None
        cdef Track track
        self.others_at_ns = NEVER_NS
        for track in self.tracks:
            if found is None:
                found = track
            elif track.at_ns < found.at_ns:
                self.others_at_ns = found.at_ns
                found = track
            elif track.at_ns < self.others_at_ns:
                self.others_at_ns = track.at_ns
        return found

    cdef int _hand_out(self, Track track) except -1:
        cdef Recording recording = track.recording
        cdef object message = recording.message
        cdef int64_t now_ns = self.now_ns
        cdef int64_t wall_ns = now_ns + self.ahead_ns
        cdef Header header = recording.header(now_ns)
        cdef Follower follower
        cdef Engine engine
        cdef int64_t order
        if header.epoch != track.epoch:
            self.hand_over()
            self.on_epoch(track, header.epoch)
            self.due_ns = min(self.due_ns, self.next_due_ns())
        if recording.tracker.observe_c(header.stream, header.epoch, header.seq) != IN_ORDER:
            recording.tracker.set(header.stream, header.epoch, header.seq)
        self.count += 1
        for follower in track.followers:
            engine = follower.engine
            order = follower.tracker.observe_c(header.stream, header.epoch, header.seq)
            if order == IN_ORDER:
                if follower.conflates[header.stream >> 24] and not header.flags and engine.can_wait():
                    follower.inbox.put(follower.link, header, message)
                    continue
                follower.inbox.hand_over()
                engine.take_decoded(follower.link, header, message, now_ns, wall_ns)
            elif order != UNKNOWN:
                follower.inbox.hand_over()
                self._hand_frame(track, follower, header)
            if engine.next_due_ns < self.due_ns:
                self.due_ns = engine.next_due_ns
        return 0

    cdef int _hand_frame(self, Track track, Follower follower, header) except -1:
        # What is not in order is the link's to judge, and links take frames.
        frame = pack(
            stream=header.stream, type=header.type, sender=header.sender, epoch=header.epoch, seq=header.seq,
            origin_ns=header.origin_ns, send_ns=header.send_ns, recv_ns=header.recv_ns,
            decided_ns=header.decided_ns, corr=header.corr, flags=header.flags, payload=codec.encode(track.recording.message),
        )
        follower.engine.on_publication(track.publisher, frame, self.now_ns, self.now_ns + self.ahead_ns)
        return 0
