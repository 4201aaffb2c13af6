"""Opening a log for writing: check every record, cut a torn tail, refuse damage.

All records are read once, from the oldest on, which also builds the index; where an anchor tells of a record that was
read before, only those behind it are, and what is damaged in front of it is found when that is read. The first place that
holds no valid record is the end if nothing valid follows it: what lies there was being written when the writer died, and
is cut. If something valid does follow, the log is damaged and is refused, with one exception. After a power loss pages may
be missing in any order; so if the machine was booted since the last write, and the place lies behind what was synced,
all from there on is cut: it was never promised. A header that is intact but names another place is always refused.

Segments that were moved (`core.log.moved`) are mapped where they lie and never written. Where they are absent the log begins
with the first that is there, if an anchor lies behind them: what they held is in that.

The last segment but one is sealed if its writer died before it had: a follower goes on to the next at a seal.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcmp, memset
from posix.mman cimport munmap

import os
from pathlib import Path

from core.log.segment cimport (
    AT_END,
    AT_RECORD,
    AT_SEAL,
    FAULT_MISSING,
    SEAL_BYTES,
    FAULT_ORDER,
    SegmentList,
    header_of,
    record,
    record_read,
    seal_write,
    segment,
    segment_forget,
    segment_load,
    segment_map,
    walk,
)
from core.log.moved import lies_at
from core.log.view cimport Log, segment_bases, segment_file, segment_path

from schemas.errors import LogAwayError, LogDamagedError, LogError

cdef str BOOT_ID = "/proc/sys/kernel/random/boot_id"
cdef str TEMPORARY = ".tmp"
cdef str CUT_SHORT = "its file is cut short"
cdef str TORN_HEADER = "no intact segment header, though valid records follow"

cdef bytes _boot = None         # see `boot_id`


cdef int recover(Log log, bytes boot, recovery* out, int64_t known) except -1:
    """Map, check and index all segments of `log`, cut its torn tail, and tell where to go on.

    With `known`, the position of a record, only what follows that is checked and indexed.
    """
    cdef list bases = segment_bases(log.path)
    cdef list absent = _absent_first(log.path, bases)
    bases = bases[len(absent):]
    _load(log, bases)
    for name in os.listdir(log.path):
        if name.endswith(TEMPORARY):
            os.unlink(os.path.join(log.path, name))
    cdef list rest = bases[log.segments.count:]
    cdef walk at = log.segments.start(0) if log.segments.count else walk(min(bases, default=0), 0, True)
    if known > 0 and log.segments.count and not _begin_behind(log, known, &at):
        log.begun, log.before = 0, {}
    if absent and not (log.begun and log.segments.count):
        path = segment_path(log.path, absent[len(absent) - 1])
        raise LogAwayError(path, os.readlink(path))
    cdef int status = _index_all(log, &at)
    out.end, out.crc, out.sealed, out.torn_bytes = at.position, at.crc, status == AT_SEAL, 0
    out.synced = min(_synced(log.segments), at.position)
    if log.segments.count:
        _judge(log, at.position, status, rest, boot, out)
    elif rest:
        _judge_headless(log, rest, out)
    for base in reversed(rest):
        os.unlink(segment_path(log.path, base))
    _seal_before_last(log)
    return 0


# Puts a walk behind the record at `known`; False if there is none, and the walk is as it was.
cdef bint _begin_behind(Log log, int64_t known, walk* at) noexcept:
    cdef segment* item = log.segments.at(known)
    cdef record found
    if not item.base < known < item.base + item.bytes or record_read(item, known - item.base, &found) != AT_RECORD:
        return False
    at[0] = walk(found.next, found.crc, True)
    return True


# Returns the leading segments that were moved and are absent.
cdef list _absent_first(str folder, list bases):
    absent = []
    for base in bases:
        if os.path.exists(segment_file(folder, base)):
            break
        absent.append(base)
    return absent


# Maps the leading segments that are intact and follow each other.
cdef int _load(Log log, list bases) except -1:
    cdef segment item
    cdef int64_t expected = min(bases, default=0)
    cdef int64_t final = max(bases, default=0)
    for base in bases:
        if base != expected or not _map(log.path, base, base == final, &item):
            return 0
        log.segments.add(&item)
        expected = item.base + item.size
    return 0


# Maps one segment, the last one in full length also if its file was cut short; False if its header is torn.
cdef bint _map(str folder, int64_t base, bint last, segment* out) except -1:
    own = segment_path(folder, base)
    moved = os.path.islink(own)
    path = lies_at(own)
    descriptor = os.open(path, (os.O_RDONLY if moved else os.O_RDWR) | os.O_CLOEXEC)
    try:
        if not segment_load(path, descriptor, base, not moved, out):
            return False
        if last and out.bytes < out.size:
            munmap(out.data, out.bytes)
            os.posix_fallocate(descriptor, 0, out.size)
            segment_map(path, descriptor, out.size, True, out)
        return True
    finally:
        os.close(descriptor)


# Maps a segment where it was moved to; False if it was not, or cannot be read there.
cdef bint segment_map_moved(str folder, int64_t base, segment* out) except -1:
    if not os.path.islink(segment_path(folder, base)):
        return False
    try:
        return _map(folder, base, False, out)
    except (OSError, LogError):
        return False


cdef int _index_all(Log log, walk* at) except -100:
    cdef record found
    cdef walk before
    cdef int status = AT_END
    while log.segments.count:
        before = at[0]
        status = log.segments.step(at, &found)
        if status == AT_RECORD:
            status = log.index_record(&found)
        if status != AT_RECORD:
            if status == FAULT_ORDER:
                at[0] = before
            break
    return status


# Decides whether what follows `position` is the end, a torn tail or damage, and cuts a torn tail.
cdef int _judge(Log log, int64_t position, int status, list rest, bytes boot, recovery* out) except -1:
    cdef SegmentList segments = log.segments
    cdef segment* item = segments.at(position)
    cdef segment* final = &segments.items[segments.count - 1]
    cdef const uint8_t* bytes_of_boot = boot
    cdef bint rebooted = memcmp(header_of(final).boot, bytes_of_boot, 16) != 0
    cdef int64_t used_end
    path = segment_path(log.path, item.base)
    if os.path.islink(path):
        raise _damage(log, position, status, rest)      # it was whole and durable when it was moved
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        valid = segments.valid_after(position, descriptor, &used_end) or item != final or status == FAULT_ORDER
        valid = _count_rest(log.path, rest, out) or valid
        if status == AT_SEAL and not rest:
            valid = not rebooted
        if valid and not (rebooted and position >= _synced(segments)):
            raise _damage(log, position, status, rest)
        if rebooted:
            out.synced = position       # it was read from the disk
        if status != AT_SEAL and used_end > position:
            out.torn_bytes += used_end - position
            memset(item.data + (position - item.base), 0, used_end - position)
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    while segments.items[segments.count - 1].base > item.base:
        rest.insert(0, segments.items[segments.count - 1].base)
        out.torn_bytes += segments.items[segments.count - 1].bytes
        segments.drop_last()
    return 0


# Seals the last segment but one if the writer died before it had: who follows the log goes on at a seal only.
cdef int _seal_before_last(Log log) except -1:
    cdef SegmentList segments = log.segments
    cdef segment* item
    cdef int64_t offset
    if segments.count < 2:
        return 0
    item = &segments.items[segments.count - 2]
    offset = header_of(item + 1).prev_end - item.base
    if offset + SEAL_BYTES > item.bytes:
        raise LogDamagedError(segment_path(log.path, item.base), offset, CUT_SHORT)
    if (<const uint32_t*>(item.data + offset))[0] == 0:
        if os.path.islink(segment_path(log.path, item.base)):
            raise LogDamagedError(segment_path(log.path, item.base), offset, CUT_SHORT)
        seal_write(item, offset)
    return 0


# Decides about a log whose very first segment has no intact header.
cdef int _judge_headless(Log log, list rest, recovery* out) except -1:
    if _count_rest(log.path, rest, out):
        raise LogDamagedError(segment_path(log.path, rest[0]), 0, TORN_HEADER)
    return 0


# Whether any of these files holds something valid; what they hold is added to `out.torn_bytes`.
cdef bint _count_rest(str folder, list rest, recovery* out) except -1:
    cdef bint valid = False
    for base in rest:
        valid = _holds_valid(segment_path(folder, base), base, out) or valid
    return valid


cdef bint _holds_valid(str path, int64_t base, recovery* out) except -1:
    cdef SegmentList alone = SegmentList()
    cdef segment item
    cdef int64_t used_end
    cdef bint valid
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        item.base = base
        item.size = os.fstat(descriptor).st_size
        if item.size == 0:
            return False
        valid = segment_load(path, descriptor, base, False, &item)
        if not valid:
            item.base = base
            item.size = os.fstat(descriptor).st_size
            segment_map(path, descriptor, item.size, False, &item)
        alone.add(&item)
        valid = alone.valid_after(base, descriptor, &used_end) or valid
        out.torn_bytes += used_end - base
        return valid
    finally:
        os.close(descriptor)


# Returns the highest position up to which the log is known to have been on disk.
cdef int64_t _synced(SegmentList segments) noexcept:
    cdef int64_t synced = 0
    cdef size_t i
    for i in range(segments.count):
        synced = max(synced, header_of(&segments.items[i]).synced)
        segment_forget(&segments.items[i])
    return synced


# Returns the error for the first damaged place: the next segment's header if all before it is intact.
cdef object _damage(Log log, int64_t position, int status, list rest):
    cdef segment* item = log.segments.at(position)
    if status == AT_SEAL and rest and rest[0] == item.base + item.size:
        return LogDamagedError(segment_path(log.path, rest[0]), 0, TORN_HEADER)
    return log.damage(position, FAULT_MISSING if status == AT_SEAL else status)


# Returns the id that the kernel took at its last boot: without it a power loss cannot be told from damage.
cdef bytes boot_id():
    global _boot
    if _boot is None:
        try:
            _boot = bytes.fromhex(Path(BOOT_ID).read_text().strip().replace("-", ""))
        except FileNotFoundError as error:
            raise LogError(f"{BOOT_ID} is hidden from this process; show all of /proc to it (ProcSubset=all)") from error
    return _boot
