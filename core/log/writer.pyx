"""The publication log: every frame of a publisher, appended before it is sent.

A log is a folder of preallocated, memory-mapped segments (`core.log.segment` gives the layout). Appending copies the
frame, stores its length last, and makes no system call: the death of the process loses nothing, as the pages belong to
the kernel. `sync` makes durable what was appended so far; call it from another thread, it does not hold the GIL while
the disk works. An index in memory answers "this stream after that seq" at any depth (`core.log.index`).

A new segment costs some milliseconds, mostly for its first pages, and so does giving up one that retention removes. The
thread that syncs does both ahead of need (`prepare`): it makes the next segment under a temporary name, and the append that
fills the active one only completes its header and renames it. An opening removes what has a temporary name.

One process writes (the folder is locked), others follow with `LogReader`. Opening checks every record
(`core.log.recovery`): a torn tail is cut, damage is refused.

We chose our own files over SQLite and LMDB for the cost of an append (`performance.md` section G) and because SQLite
hides damage in its write-ahead log. We gave up queries: the archive has them.

A segment that was moved (`core.log.moved`) is mapped where it lies now by the thread that syncs, and takes the place of its
former self at the next new segment, so that this one's room is free soon.

Retention removes whole segments, the oldest first. A stream whose last record went that way is unknown after the
next opening, so a stream that must never restart its seq belongs into a log that keeps everything.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcpy
from posix.unistd cimport close

import errno
import fcntl
import os
from pathlib import Path

from core.frame cimport frame_header, header_read, refuse_header
from core.log.index cimport index_stream
from core.log.recovery cimport boot_id, recover, recovery, segment_map_moved
from core.log.segment cimport (
    RECORD_HEADER,
    SEAL_BYTES,
    SEGMENT_HEADER,
    SegmentList,
    header_of,
    record_bytes,
    record_fits,
    record_write,
    seal_write,
    segment,
    segment_header_write,
    segment_make,
    segment_sync,
    segment_sync_closed,
    segment_touch,
    segment_unmap,
)
from core.log.view cimport Log, is_later, segment_path

from schemas.errors import LogBusyError

cdef int64_t SEGMENT_BYTES_MIN = 4096
cdef int64_t SEGMENT_BYTES_MAX = <int64_t>1 << 31  # record lengths are 32 bits
cdef str TEMPORARY = ".tmp"              # behind the name of a segment that is not complete
cdef str SPARE = "spare" + TEMPORARY

cdef enum:
    BOOT_ID_BYTES = 16
    AHEAD_BYTES = 1 << 17
    AHEAD_BYTES_MAX = 1 << 23


@cython.final
@cython.binding(False)
cdef class LogWriter(Log):
    """The one writer of the log in the folder `path`, which is created if it does not exist.

    `segment_bytes` is the size of new segments, a multiple of 4096; `retention_bytes` bounds all segments that hold records
    together, 0 keeps everything. `torn_bytes` tells how much was cut on opening. `known`, if given, is what an anchor tells of
    the log up to a record: its position, where the log began then, and of each stream the first and the last (epoch, seq).
    Then only what follows that record is checked and indexed now, and a segment in front of it when something in it is read.

    Raises:
        LogBusyError: If another writer has the log open.
        LogDamagedError: If a record that is not in the torn tail does not match its checksum.
        LogVersionError: If its frames are of another version; the log is left as it is.
        OSError: If a segment cannot be created or read.
    """

    def __cinit__(self, *args, **kwargs):
        self.folder = -1
        self.syncing_base = -1
        self.retired = SegmentList()
        self.arrived = SegmentList()

    def __init__(self, str path not None, *, int64_t segment_bytes=1 << 26, int64_t retention_bytes=0, tuple known=None):
        if not SEGMENT_BYTES_MIN <= segment_bytes <= SEGMENT_BYTES_MAX or segment_bytes % SEGMENT_BYTES_MIN:
            raise ValueError(
                f"segment_bytes {segment_bytes}: a multiple of {SEGMENT_BYTES_MIN} up to {SEGMENT_BYTES_MAX} is needed"
            )
        if self.folder >= 0:
            raise ValueError("the log is open")
        self.path = path
        self.segment_bytes = segment_bytes
        self.retention_bytes = retention_bytes
        if known is not None:
            self.begun, self.begun_oldest, self.before = known
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def __dealloc__(self):
        segment_unmap(&self.spare)
        if self.folder >= 0:
            close(self.folder)

    @property
    def position(self):
        """Where the next record goes, unless it needs a new segment."""
        return self.active.base + self.offset

    cpdef int64_t append(self, bytes frame) except -1:
        """Append the frame and return the position of its record.

        Raises:
            FrameError: If it has no header of this version.
            ValueError: If it is larger than a segment, or not after the last record of its stream by epoch and seq.
            OSError: If a new segment cannot be created, or a sync failed before; nothing is appended.
        """
        if frame is None:
            raise TypeError("a frame must be bytes, not None")
        return self.append_c(<const uint8_t*>PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame))

    def sync(self):
        """Return once everything that was appended before the call is on disk.

        Raises:
            OSError: If it could not be written. What is on disk is then unknown, so the log refuses all further
                appends and syncs: the process has to end and open it again.
        """
        self._check_open()
        cdef segment active = self.active
        cdef int64_t offset = self.offset
        cdef int64_t end = active.base + offset
        closed = [self.segments.items[i].base for i in range(self.segments.count)]
        closed = [at for at in closed if self.unsynced_base <= at < active.base]
        header_of(&active).synced = self.synced
        self.syncing_base = active.base  # from here on another thread may append
        folder = -1
        try:
            if self.folder_changed:
                folder = os.dup(self.folder)
                self.folder_changed = False
            for at in closed:
                segment_sync_closed(segment_path(self.path, at))
            segment_sync(&active, offset)
            if folder >= 0:
                os.fsync(folder)
        except OSError:
            self.failed = True
            raise
        finally:
            self.syncing_base = -1
            if folder >= 0:
                os.close(folder)
        self._touch_ahead(min(2 * (end - self.synced), AHEAD_BYTES_MAX))
        self.synced = max(self.synced, end)
        self.unsynced_base = max(self.unsynced_base, active.base)

    def prepare(self):
        """Make the next segment ready once the active one is half full, and unmap what retention has removed.

        For the thread that syncs, after each sync. Where the disk has no room it makes none, without an error: the append
        that needs a segment then tries by itself, and raises what stands in its way.
        """
        self._check_open()
        self._unmap_retired()
        if self.spare.data is NULL and not self.spare_refused and 2 * self.offset >= self.active.size:
            self._map_moved()
            self._make_spare()

    def touch(self, int64_t bytes):
        """Have the kernel make what the next `bytes` of appends need, without a sync; for another thread than the one that
        appends."""
        self._check_open()
        self._touch_ahead(bytes)

    def close(self):
        """Give up the log; without `sync`, what was appended reaches the disk when the kernel writes it."""
        while self.segments.count:
            self.segments.drop_last()
        while self.arrived.count:
            self.arrived.drop_last()
        self.active.data = NULL
        self._unmap_retired()
        if self.spare.data is not NULL:
            segment_unmap(&self.spare)
            Path(self.path, SPARE).unlink(missing_ok=True)
        if self.folder >= 0:
            os.close(self.folder)
        self.folder = -1

    cdef int64_t append_c(self, const uint8_t* data, size_t size) except -1:
        cdef frame_header header
        cdef index_stream* entry
        cdef int64_t position
        if self.failed or self.active.data is NULL:
            self._check_open()
        cdef int status = header_read(data, size, &header)
        if status != 0:
            return refuse_header(status, data, size)
        entry = self.index.prepare(header.stream)
        if not is_later(header.epoch, header.seq, entry.epoch, entry.seq):
            raise ValueError(
                f"frame of stream {header.stream:#010x} at epoch {header.epoch}, seq {header.seq}: "
                f"the log is at epoch {entry.epoch}, seq {entry.seq}"
            )
        if not record_fits(&self.active, self.offset, size):
            self._rotate(size)
        if self.offset + record_bytes(size) > self.touched:
            self.touched = segment_touch(&self.active, self.offset, record_bytes(size) + AHEAD_BYTES)
        position = self.active.base + self.offset
        self.crc = record_write(&self.active, self.offset, data, size)
        self.index.add(entry, header.epoch, header.seq, position, self.active.base)
        self.offset += record_bytes(size)
        return position

    cdef int refresh(self) except -1:
        if self.folder < 0:
            raise ValueError("the log is closed")
        return 0

    cdef int _check_open(self) except -1:
        self.refresh()
        if self.failed:
            raise OSError(errno.EIO, "an earlier sync of the log failed", self.path)
        return 0

    cdef int _open(self) except -1:
        cdef recovery found
        cdef index_stream* entry
        Path(self.path).mkdir(parents=True, exist_ok=True)
        self.folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self.folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogBusyError(f"{self.path}: another process writes this log") from error
        for stream, (_, last) in self.before.items():
            entry = self.index.prepare(stream)
            entry.epoch, entry.seq = last
        recover(self, boot_id(), &found, self.begun)
        self.crc = found.crc
        self.torn_bytes = found.torn_bytes
        self.synced = found.synced
        self.folder_changed = True
        moved = [os.path.islink(segment_path(self.path, self.segments.items[i].base)) for i in range(self.segments.count)]
        self.moved = sum(moved)
        if self.segments.count == 0:
            return self._create(found.end, found.end)
        self._go_on(found.end - self.segments.items[self.segments.count - 1].base, 0)
        if found.sealed:
            return self._create(self.active.base + self.active.size, found.end)
        return 0

    # Goes on in a new segment that has room for `size` bytes; on an error the log is as before.
    cdef int _rotate(self, int64_t size) except -1:
        cdef int64_t allowed = self.segment_bytes - SEGMENT_HEADER - RECORD_HEADER - SEAL_BYTES
        if size > allowed:
            raise ValueError(f"frame of {size} bytes: a segment of {self.segment_bytes} holds {allowed} at most")
        cdef segment full = self.active
        cdef int64_t offset = self.offset
        self._create(full.base + full.size, full.base + offset)
        seal_write(&full, offset)
        self._take_arrived()
        return self._retain()

    # Makes a segment at `base` whole, then visible, and goes on in it; on an error nothing has changed.
    cdef int _create(self, int64_t base, int64_t prev_end) except -1:
        cdef segment fresh = self.spare
        cdef bint spare = fresh.data is not NULL
        path = segment_path(self.path, base)
        temporary = os.path.join(self.path, SPARE) if spare else path + TEMPORARY
        self.segments.reserve()
        if not spare:
            self._unmap_retired()
            segment_make(temporary, self.segment_bytes, &fresh)
        fresh.base = base
        segment_header_write(&fresh, prev_end, self.crc, boot_id())
        try:
            os.rename(temporary, path)
        except BaseException as error:
            if spare and not isinstance(error, FileNotFoundError):
                raise       # it is kept for the next attempt
            segment_unmap(&fresh)
            if spare:
                # Somebody has removed it.
                self.spare.data = NULL
                return self._create(base, prev_end)
            os.unlink(temporary)
            raise
        if spare:
            self.spare.data = NULL
        self.spare_refused = False
        self.segments.add(&fresh)
        self.folder_changed = True
        return self._go_on(SEGMENT_HEADER, self.spare_touched if spare else 0)

    # Makes a segment without a place, and has the kernel make its first pages. An append may need a segment meanwhile: it
    # makes its own, and this one is for the next.
    cdef int _make_spare(self) except -1:
        cdef segment fresh
        try:
            segment_make(os.path.join(self.path, SPARE), self.segment_bytes, &fresh)
        except OSError:
            self.spare_refused = True
            return 0
        with nogil:
            self.spare_touched = segment_touch(&fresh, 0, AHEAD_BYTES)
        self.spare = fresh
        return 0

    # Maps what was moved since the last time where it lies now.
    cdef int _map_moved(self) except -1:
        cdef segment item
        while self.moved + 1 < <Py_ssize_t>self.segments.count:
            if not segment_map_moved(self.path, self.segments.items[self.moved].base, &item):
                break
            self.arrived.add(&item)
            self.moved += 1
        return 0

    # Has what was moved take the place of its former self, which the thread that syncs unmaps.
    cdef int _take_arrived(self) except -1:
        cdef segment* former
        while self.arrived.count:
            former = self.segments.at(self.arrived.items[0].base)
            if former.base != self.arrived.items[0].base or former.base == self.syncing_base:
                break
            self.retired.add(former)
            former[0] = self.arrived.items[0]
            self.arrived.forget_first()
        return 0

    # Unmaps what retention has removed, and what was moved: the kernel then frees a whole file, so it does it without the GIL.
    cdef int _unmap_retired(self) except -1:
        cdef segment item
        while self.retired.count:
            self.retired.count -= 1
            item = self.retired.items[self.retired.count]
            with nogil:
                segment_unmap(&item)
        return 0

    # Goes on at `offset` of the last segment in the list, which the kernel has made writable up to `touched`.
    cdef int _go_on(self, int64_t offset, int64_t touched) except -1:
        cdef bytes boot = boot_id()
        cdef const uint8_t* bytes_of_boot = boot
        self.offset = offset
        self.touched = max(offset, touched)
        self.active = self.segments.items[self.segments.count - 1]
        memcpy(header_of(&self.active).boot, bytes_of_boot, BOOT_ID_BYTES)
        header_of(&self.active).synced = self.synced
        return 0

    # Touches what the next `bytes` of appends need, in the spare segment too where they reach into it, without the GIL.
    cdef int _touch_ahead(self, int64_t bytes) except -1:
        cdef segment item = self.active
        cdef segment spare = self.spare
        cdef int64_t beyond = self.offset + bytes - item.size
        cdef int64_t offset = self.offset
        cdef int64_t end
        cdef int64_t spare_end = 0
        if item.data is NULL:
            return 0
        with nogil:
            end = segment_touch(&item, offset, bytes + AHEAD_BYTES)
            if spare.data is not NULL and beyond > 0:
                spare_end = segment_touch(&spare, 0, beyond + AHEAD_BYTES)
        if item.base == self.active.base:
            self.touched = max(self.touched, end)
        if spare.data is self.spare.data:
            self.spare_touched = max(self.spare_touched, spare_end)
        return 0

    cdef int _retain(self) except -1:
        cdef int64_t total = 0
        cdef size_t i
        for i in range(self.segments.count):
            total += self.segments.items[i].size
        while 0 < self.retention_bytes < total and self.segments.count > 1:
            if self.segments.items[0].base == self.syncing_base:
                break
            total -= self.segments.items[0].size
            self.retired.reserve()
            os.unlink(segment_path(self.path, self.segments.items[0].base))
            self.segments.move_first(self.retired)
            self.index.drop_before(self.segments.items[0].base)
        return 0
