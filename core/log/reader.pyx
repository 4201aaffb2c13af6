"""Reading a publication log from another process, while its writer appends.

The reader maps the same files read-only and sees a record as soon as its length is stored. It takes no lock and the
writer does not know of it. Segments that retention removes stay readable while they are mapped, until `poll` has
passed them; what was removed before it could be mapped is counted in `skipped_bytes`, and so is what was moved to where
it is not found (`core.log.moved`).
"""

from cpython.bytes cimport PyBytes_FromStringAndSize

import os

from core.log.segment cimport (
    AT_END,
    AT_RECORD,
    AT_SEAL,
    FAULT_MISSING,
    FAULT_ORDER,
    record,
    record_read,
    segment,
    segment_load,
    walk,
)
from core.log.view cimport Log, segment_bases, segment_file

from schemas.errors import LogDamagedError


cdef class LogReader(Log):
    """A log that another process may be writing; `poll` follows it from `position` on, by default the oldest record.

    Of segments that end before `position` nothing is read.

    Raises:
        FileNotFoundError: If there is no folder `path`.
        LogDamagedError: Here or later, on reaching a damaged place that is not a torn tail.
        LogVersionError: If its frames are of another version.
    """

    def __init__(self, str path not None, int64_t position=0):
        self.path = path
        self.start = position
        self._load()

    @property
    def position(self):
        """Where the next `poll` begins."""
        return self.polled.position if self.polling else self.start

    def poll(self, Py_ssize_t count_max=1024):
        """Return frames that became visible since the last poll, in log order, at most `count_max`.

        Those in front of a damaged place are returned before it is raised.
        """
        cdef record found
        frames = []
        if self.segments.count == 0 and not self._load():
            return frames
        if not self.polling:
            self._begin()
        try:
            while len(frames) < count_max and self.advance(&self.polled, &found) == AT_RECORD:
                frames.append(PyBytes_FromStringAndSize(<const char*>found.frame, found.size))
        except LogDamagedError:
            if not frames:
                raise
        return frames

    def torn_bytes(self):
        """Return how many bytes lie behind where `poll` has come to, which a writer that died was writing there.

        For who has polled a log to its end: in front of more records it counts those. A live writer may be at it.
        """
        cdef segment* item
        cdef record found
        cdef int64_t used_end
        if not self.polling or self.segments.count == 0:
            return 0
        item = self.segments.at(self.polled.position)
        if record_read(item, self.polled.position - item.base, &found) == AT_SEAL:
            return 0
        descriptor = os.open(segment_file(self.path, item.base), os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.segments.valid_after(self.polled.position, descriptor, &used_end)
        finally:
            os.close(descriptor)
        return used_end - self.polled.position

    def close(self):
        """Unmap the log; nothing can be read from it any more."""
        self.closed = True
        while self.segments.count:
            self.segments.drop_last()

    # A walk maps what comes after by itself; nothing is indexed for it, so it may begin anywhere at no cost.
    cdef int open_segments(self) except -1:
        if self.segments.count == 0:
            self._load()
        return 0

    cdef int refresh(self) except -1:
        cdef record found
        self._drop_gone()
        while self.advance(&self.indexed, &found) == AT_RECORD:
            if self.index_record(&found) == FAULT_ORDER:
                self.indexed.position = found.position
                raise self.damage(found.position, FAULT_ORDER)
        return 0

    cdef int advance(self, walk* at, record* out) except -100:
        cdef int status
        while self.segments.count or self._load():
            status = self.segments.step(at, out)
            if status == AT_RECORD:
                return status
            if status == AT_SEAL:
                if not self._load():
                    return status
            elif not self._grown() and not (status == FAULT_MISSING and self._skip_gap(at)):
                if status == AT_END or self._torn_at(at.position):
                    return AT_END
                raise self.damage(at.position, status)
        return AT_END

    cdef int _begin(self) except -1:
        cdef int64_t oldest = self.segments.items[0].base
        if 0 < self.start < oldest:
            self.skipped_bytes += oldest - self.start
        self.polled = self.segments.start(self.start)
        self.polling = True
        return 0

    # Maps segments that came after the last mapped one; whether there were any.
    cdef bint _load(self) except -1:
        cdef size_t before = self.segments.count
        cdef int64_t last
        cdef bint more
        if self.closed:
            raise ValueError("the log is closed")
        bases = segment_bases(self.path)
        last = self.segments.items[before - 1].base if before else self._before_start(bases)
        for base in bases:
            if base > last and not self._open_segment(base):
                break
        more = self.segments.count > before
        self._drop_gone()
        return more

    # Returns the segment before the one that reading begins in, -1 if there is none.
    cdef int64_t _before_start(self, list bases) except -2:
        older = [base for base in bases if base <= self.start]
        return older[len(older) - 2] if len(older) > 1 else -1

    # Maps one segment; False if its header is torn. One that retention has just removed is passed over.
    cdef bint _open_segment(self, int64_t base) except -1:
        cdef segment item
        path = segment_file(self.path, base)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            if not segment_load(path, descriptor, base, False, &item):
                return False
        finally:
            os.close(descriptor)
        self.segments.add(&item)
        return True

    # Maps the last segment anew if its file was cut short and the writer has completed it since.
    cdef bint _grown(self) except -1:
        cdef segment* last = &self.segments.items[self.segments.count - 1]
        cdef int64_t base = last.base
        if last.bytes >= last.size or os.stat(segment_file(self.path, base)).st_size < last.size:
            return False
        self.segments.drop_last()
        return self._open_segment(base)

    # Unmaps segments that retention has removed, as far as `poll` has passed them.
    cdef int _drop_gone(self) except -1:
        while self.segments.count > 1 and not os.path.exists(segment_file(self.path, self.segments.items[0].base)):
            if self.polling and self.polled.position < self.segments.items[1].base:
                break
            self.segments.drop_first()
            self.index.drop_before(self.segments.items[0].base)
        return 0

    # Moves a walk over segments that retention removed before they were mapped; False if they are missing otherwise:
    # retention removes the oldest first, so then the one before the gap still exists.
    cdef bint _skip_gap(self, walk* at) except -1:
        cdef segment* item = self.segments.at(at.position)
        if os.path.exists(segment_file(self.path, item.base)):
            return False
        if at == &self.polled:
            self.skipped_bytes += (item + 1).base - item.base - item.size
        at[0] = self.segments.start((item + 1).base)
        return True

    # Whether the place is the torn tail of a writer that died: nothing valid follows it.
    cdef bint _torn_at(self, int64_t position) except -1:
        cdef segment* item = self.segments.at(position)
        cdef int64_t used_end
        if item != &self.segments.items[self.segments.count - 1]:
            return False
        descriptor = os.open(segment_file(self.path, item.base), os.O_RDONLY | os.O_CLOEXEC)
        try:
            return not self.segments.valid_after(position, descriptor, &used_end)
        finally:
            os.close(descriptor)
