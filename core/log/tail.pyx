"""The end of a publication log: what its writer appends from now on, read where it lies.

A tail maps the same pages as the writer, so a record costs its reader neither a copy nor a system call, and a reader that
is slow loses nothing: what it has not read is still there. Segments that it has read to their end are unmapped.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize

from core.log.reader cimport LogReader
from core.log.segment cimport AT_RECORD, SEGMENT_HEADER, record, record_read, segment, walk
from core.log.view cimport segment_bases


@cython.final
cdef class LogTail(LogReader):
    """A log that another process writes, from its end at this moment on; of one that is still empty, from its beginning.

    Raises:
        FileNotFoundError: If there is no folder `path`.
        LogDamagedError: Here or later, on reaching a damaged place that is not a torn tail.
    """

    def __init__(self, str path not None):
        cdef record found
        self.path = path
        bases = segment_bases(path)
        if bases and self._open_segment(bases[len(bases) - 1]) and self.segments.count:
            self._begin()
            while self.advance(&self.polled, &found) == AT_RECORD:
                pass

    def poll(self, Py_ssize_t count_max=1024):
        """Return copies of the frames that were appended since the last poll, at most `count_max`."""
        cdef record found
        frames = []
        while len(frames) < count_max and self.next(&found):
            frames.append(PyBytes_FromStringAndSize(<const char*>found.frame, found.size))
        return frames

    # Reads the next record; False if there is none. It lies where it is until the next call.
    cdef bint next(self, record* out) except -1:
        cdef segment* item
        # What was read to its end is dropped: until its own end, the first segment has what comes next.
        if self.polling and self.segments.count:
            item = &self.segments.items[0]
            if self.polled.position >= item.base + SEGMENT_HEADER:
                if record_read(item, self.polled.position - item.base, out) == AT_RECORD:
                    self.polled = walk(out.next, out.crc, True)
                    return True
        if not self.polling:
            if self.segments.count == 0 and not self._load():
                return False
            self._begin()
        if self.advance(&self.polled, out) != AT_RECORD:
            return False
        while self.segments.count > 1 and self.segments.items[1].base <= out.position:
            self.segments.drop_first()
        return True
