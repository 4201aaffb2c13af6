"""The merge of a replay: recorded messages, ordered by the time of their receipt, straight into the agents that follow them.

Between two timers, and while agents only look on, nothing else happens in a replay: it goes from message to message
without a queue. It stops where something else must come first: a timer or another event that is due, or frames that an
agent sent.

A recording may lead a venue (`mesh.sim.venue_side`), which has each message as it happened there: all that the venue has
by then before an agent has its next message, and before anything that is due.
"""

cimport cython
from libc.stdint cimport int64_t

from core.frame cimport Header
from core.sequence cimport IN_ORDER, UNKNOWN
from mesh.protocol.engine cimport Engine
from mesh.sim.recording cimport Recording
from mesh.sim.venue_side cimport LedRecording

from core.frame import pack
from mesh.protocol import codec

cdef int64_t NEVER_NS = 0x7FFFFFFFFFFFFFFF


@cython.final
cdef class Follower:
    """An engine that follows a recorded publisher."""

    def __init__(self, Engine engine not None, str publisher not None):
        """Follow `publisher` by the link that the engine has to it."""
        self.engine = engine
        self.link = engine.link(publisher)
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
        self.engines.append(engine)
        for track in self.tracks:
            if track.publisher in engine.trackers:
                track.followers.append(Follower(engine, track.publisher))

    def leave(self, Engine engine not None):
        """Stop for none of an engine's timers any more; it must not be among the followers of a track."""
        self.engines.remove(engine)

    def clock_ns(self):
        """Return the monotonic time."""
        return self.now_ns

    def wall_clock_ns(self):
        """Return the Unix time."""
        return self.now_ns + self.ahead_ns

    cpdef int64_t next_due_ns(self):
        """Return when the next timer of any engine is due."""
        cdef int64_t due_ns = NEVER_NS
        cdef Engine engine
        for engine in self.engines:
            if engine.next_due_ns < due_ns:
                due_ns = engine.next_due_ns
        return due_ns

    cpdef bint advance(self, int64_t until_ns) except -1:
        """Hand out messages until one is received at `until_ns` or when a timer is due, or an agent has sent something.

        With `led` set, it stopped where a venue did something: what is due may have changed.

        Returns:
            False once there is no message left.
        """
        cdef Track track = None
        # What a message sets going only ever moves a timer nearer, and only one of an agent that took it.
        self.due_ns = min(until_ns, self.next_due_ns())
        while not self.busy:
            if track is None or track.at_ns >= self.others_at_ns:
                track = self._earliest()
            if self.venues_at_ns <= self.due_ns and (track is None or self.venues_at_ns <= track.at_ns):
                if self._lead(self.due_ns if track is None else min(self.due_ns, track.at_ns)):
                    self.led = True
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
            self.on_epoch(track, header.epoch)
            self.due_ns = min(self.due_ns, self.next_due_ns())
        if recording.tracker.observe_c(header.stream, header.epoch, header.seq) != IN_ORDER:
            recording.tracker.set(header.stream, header.epoch, header.seq)
        self.count += 1
        for follower in track.followers:
            engine = follower.engine
            order = follower.tracker.observe_c(header.stream, header.epoch, header.seq)
            if order == IN_ORDER:
                engine.take_decoded(follower.link, header, message, now_ns, wall_ns)
            elif order != UNKNOWN:
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
