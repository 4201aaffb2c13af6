"""The message path of one Unix socket between two agents of one host, and the doorbells that wake followers.

A Unix `SOCK_SEQPACKET` keeps the bounds of messages, is full for one peer without touching another, and tells at once when
the peer's process is gone. A round trip over it is a fifth of one over libzmq, whose I/O threads stand between (measured).
Every call is non-blocking and made with the GIL held.
"""

import fcntl
import os

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINVAL, ECONNREFUSED, ECONNRESET, EINTR, EMSGSIZE, ENOTCONN, EPIPE, errno
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint64_t
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap
from posix.unistd cimport read, write

from core.frame cimport frame_header, header_load
from mesh.transport.zmq_wire cimport BACK_PRESSURED, NOT_CONNECTED, OK


cdef extern from *:
    int exchange "__atomic_exchange_n"(int* at, int value, int order) nogil
    int load "__atomic_load_n"(int* at, int order) nogil
    int __ATOMIC_SEQ_CST


cdef extern from "sched.h" nogil:
    int sched_yield()


cdef extern from "sys/socket.h" nogil:
    int MSG_DONTWAIT
    int MSG_NOSIGNAL
    int MSG_TRUNC
    ssize_t send(int fd, const void* data, size_t size, int flags)
    ssize_t recv(int fd, void* data, size_t size, int flags)


cdef enum:
    FRAME_BYTES_MAX = 1 << 18
    CONFLATED_MAX = 64               # messages: what a follower finds when it looks stays soon read
    AT_ONCE = 1
    AFTER_MANY = 2

cdef int64_t FRESH_NS = 500_000

cdef char[FRAME_BYTES_MAX] scratch

MFD_NOEXEC_SEAL = 8         # Linux 6.3; a host may insist on it (sysctl vm.memfd_noexec)


@cython.final
cdef class UnixWire:
    """Send and receive on the connected socket `fd`, which its owner closes; counters as those of `zmq_wire.Wire`."""

    def __init__(self, int fd):
        self.fd = fd

    cpdef int send(self, bytes frame) except? -1:
        """Queue `frame`; return OK, BACK_PRESSURED if the peer does not read, or NOT_CONNECTED if it is gone.

        Raises:
            OSError: If the socket failed, or the frame is larger than one message can be.
        """
        if frame is None:
            raise TypeError("a frame is bytes")
        if PyBytes_GET_SIZE(frame) > FRAME_BYTES_MAX:
            raise OSError(EMSGSIZE, f"a frame of {len(frame)} bytes; allowed between agents of one host: {FRAME_BYTES_MAX}")
        if self.closed:
            self.not_connected += 1
            return NOT_CONNECTED
        while send(self.fd, PyBytes_AS_STRING(frame), PyBytes_GET_SIZE(frame), MSG_DONTWAIT | MSG_NOSIGNAL) < 0:
            if errno == EAGAIN:
                self.back_pressured += 1
                return BACK_PRESSURED
            if errno in (EPIPE, ECONNRESET, ENOTCONN, ECONNREFUSED):
                self.not_connected += 1
                return NOT_CONNECTED
            if errno != EINTR:
                raise OSError(errno, "a Unix socket failed")
        self.sent += 1
        return OK

    def close(self):
        """Send and receive nothing any more."""
        self.closed = True

    # Returns the next frame; None if there is none, or the peer is gone (`closed`).
    cdef bytes receive(self):
        cdef ssize_t size
        while not self.closed:
            size = recv(self.fd, scratch, FRAME_BYTES_MAX, MSG_DONTWAIT | MSG_TRUNC)
            if size > FRAME_BYTES_MAX:
                self.oversized += 1
            elif size > 0:
                self.received += 1
                return PyBytes_FromStringAndSize(scratch, size)
            elif size == 0 or errno in (ECONNRESET, EPIPE):
                self.closed = True
            elif errno == EAGAIN:
                return None
            elif errno != EINTR:
                raise OSError(errno, "a Unix socket failed")
        return None


cpdef give_way(bytes asked):
    """Let another process have this CPU, if one waits for it, after the request `asked` was sent.

    Not for one whose tick has been under way for half a millisecond: then others are too, and whoever is asked had better take
    many together.
    """
    cdef frame_header header
    header_load(<const uint8_t*>PyBytes_AS_STRING(asked), &header)
    if header.send_ns - header.origin_ns < FRESH_NS:
        sched_yield()


cpdef hush(int fd):
    """Take note that the doorbell `fd` was rung, if it was."""
    cdef uint64_t count
    read(fd, &count, sizeof(count))


@cython.final
cdef class Flag:
    """A flag in memory that two processes share; `fd`, from which it is mapped, may be closed then.

    Raises:
        OSError: If `fd` is no memory to share, or could be taken away while it is in use.
    """

    def __cinit__(self, int fd):
        if not fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK or os.fstat(fd).st_size < sizeof(int):
            raise OSError(EINVAL, "a flag has no memory that stays")
        self.page = <int*>mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
        if self.page == MAP_FAILED:
            self.page = NULL
            raise OSError(errno, "a flag cannot be mapped")

    def __dealloc__(self):
        if self.page is not NULL:
            munmap(self.page, sizeof(int))

    cpdef bint test_and_set(self) noexcept:
        """Set it; True if it was set already."""
        return exchange(self.page, 1, __ATOMIC_SEQ_CST) != 0

    cpdef bint is_set(self) noexcept:
        """Return whether it is set, as it is now."""
        return load(self.page, __ATOMIC_SEQ_CST) != 0

    cpdef clear(self):
        """Clear it: whoever sets it from now on finds it so."""
        exchange(self.page, 0, __ATOMIC_SEQ_CST)


def flag_fd():
    """Return the descriptor of a flag that is not set.

    Raises:
        OSError: If the host has no more descriptors or memory.
    """
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        fd = os.memfd_create("doorbell", flags | MFD_NOEXEC_SEAL)
    except OSError as error:
        if error.errno != EINVAL:
            raise
        fd = os.memfd_create("doorbell", flags)
    os.ftruncate(fd, sizeof(int))
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    return fd


@cython.final
@cython.internal
cdef class Doorbell:
    cdef int fd
    cdef Flag flag
    cdef bint due
    cdef int kept               # messages of conflated kinds that it was not rung for
    cdef uint8_t[256] rings_for


@cython.final
cdef class Doorbells:
    """The descriptors (`eventfd`) that wake the followers of one publisher, each for the kinds of stream that it follows.

    A follower whose flag is set was rung for and has not looked since, so it is not rung again: it clears the flag before it
    looks. For kinds that it has conflated a follower is rung once in `CONFLATED_MAX` messages.
    """

    def __cinit__(self):
        self.doorbells = []

    def add(self, int fd, Flag flag not None, kinds, conflated=b""):
        """Ring `fd` too, when something of one of `kinds` was published, or much of `conflated` kinds; its owner closes it."""
        cdef Doorbell doorbell = Doorbell.__new__(Doorbell)
        cdef uint8_t kind
        doorbell.fd = fd
        doorbell.flag = flag
        for kind in conflated:
            doorbell.rings_for[kind] = AFTER_MANY
        for kind in kinds:
            doorbell.rings_for[kind] = AT_ONCE
        doorbell.due = True
        self.doorbells.append(doorbell)

    def remove(self, int fd):
        """Ring `fd` no more."""
        self.doorbells = [doorbell for doorbell in self.doorbells if (<Doorbell>doorbell).fd != fd]

    cpdef note(self, bytes frame):
        """Take note that `frame` was published."""
        cdef Doorbell doorbell
        cdef uint8_t kind = <uint8_t>frame[0]
        for doorbell in self.doorbells:
            if doorbell.rings_for[kind] == AT_ONCE:
                doorbell.due = True
            elif doorbell.rings_for[kind] == AFTER_MANY:
                doorbell.kept += 1
                if doorbell.kept == CONFLATED_MAX:
                    doorbell.due = True

    cpdef ring(self):
        """Wake whoever follows what was noted and was not rung for since it looked last."""
        cdef uint64_t one = 1
        cdef Doorbell doorbell
        for doorbell in self.doorbells:
            if doorbell.due:
                doorbell.due = False
                doorbell.kept = 0
                if doorbell.flag.test_and_set():
                    continue
                # A follower that only waits for the doorbell to be rung never reads its counter, which is full at last.
                if write(doorbell.fd, &one, sizeof(one)) < 0 and errno == EAGAIN:
                    hush(doorbell.fd)
                    write(doorbell.fd, &one, sizeof(one))
