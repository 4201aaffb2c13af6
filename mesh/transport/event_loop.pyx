"""The loop of an agent that talks to nobody but its peers: it waits for a few descriptors, without the GIL, and one timer.

It offers the few calls of an asyncio event loop that the node and the transport make, so that both run on either; an
agent with a shell needs the real one. There are no tasks here: `run` drives one coroutine, which waits for futures of
this loop. What a callback raises goes to the exception handler, as it does there.

Waiting is one `epoll_pwait2`, whose cost does not grow with the descriptors that are quiet and whose timeout is in
nanoseconds; a kernel before Linux 5.11 waits in milliseconds.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EINTR, ENOSYS, EPERM, errno
from libc.stdint cimport int64_t, uint32_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec
from posix.unistd cimport read, write

import os
import signal
from collections import deque


cdef extern from "sys/epoll.h" nogil:
    int EPOLL_CLOEXEC
    int EPOLL_CTL_ADD
    int EPOLL_CTL_DEL
    int EPOLL_CTL_MOD
    uint32_t EPOLLIN
    uint32_t EPOLLET
    union epoll_data:
        int fd
    struct epoll_event:
        uint32_t events
        epoll_data data
    int epoll_create1(int flags)
    int epoll_ctl(int epoll, int what, int fd, epoll_event* event)
    int epoll_wait(int epoll, epoll_event* events, int count_max, int timeout_ms)


cdef extern from "unistd.h" nogil:
    long syscall(long number, int epoll, epoll_event* events, int count_max, const timespec* timeout, void* mask, size_t size)


cdef enum:
    EPOLL_PWAIT2 = 441          # the same number on every architecture
    EVENTS_MAX = 32

cdef int64_t SECOND = 1_000_000_000
cdef int64_t MS = 1_000_000
cdef int64_t WAIT_NS_MAX = 3_600 * SECOND


class Future:
    """The end of something, which one coroutine may wait for."""

    def __init__(self):
        self._done = False
        self._error = None

    def done(self):
        """Return whether it has ended."""
        return self._done

    def set_result(self, result):
        """End it well; `result` is None, for nothing here has another."""
        self._done = True

    def set_exception(self, error):
        """End it with an error, which is raised where it is waited for."""
        self._done = True
        self._error = error

    def __await__(self):
        while not self._done:
            yield self
        if self._error is not None:
            raise self._error


@cython.final
cdef class Timer:
    """A call at a time; `cancel` forgets it."""

    cdef int64_t at_ns
    cdef object callback

    def cancel(self):
        """Do not call."""
        self.callback = None


@cython.final
cdef class EpollLoop:
    """Waits for descriptors, timers, signals and other threads, and calls back."""

    cdef int epoll
    cdef bint in_ms
    cdef epoll_event[EVENTS_MAX] events
    cdef dict callbacks
    cdef int doorbell
    cdef object ready
    cdef list timers
    cdef object on_error
    cdef dict handlers
    cdef int woken
    cdef int wake

    def __cinit__(self):
        self.woken = self.wake = self.epoll = self.doorbell = -1

    def __init__(self):
        """Take the process's signals."""
        self.callbacks = {}
        self.ready = deque()
        self.timers = []
        self.handlers = {}
        self.epoll = epoll_create1(EPOLL_CLOEXEC)
        if self.epoll < 0:
            raise OSError(errno, os.strerror(errno))
        self.woken, self.wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.add_reader(self.woken, self._woken)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)

    def close(self):
        """Give up signals and descriptors."""
        signal.set_wakeup_fd(-1)
        for number in self.handlers:
            signal.signal(number, signal.SIG_DFL)
        os.close(self.wake)
        os.close(self.woken)
        os.close(self.epoll)

    def add_reader(self, int fd, callback, *args):
        """Call `callback(*args)` whenever `fd` is readable."""
        self._watch(fd, EPOLLIN, callback, args)

    def add_doorbell(self, int fd, callback):
        """Call `callback()` whenever something is added to the eventfd `fd`, of which nothing need be read.

        In each round it comes after all other descriptors. There may be one.
        """
        self._watch(fd, EPOLLIN | EPOLLET, callback, ())
        self.doorbell = fd

    cdef int _watch(self, int fd, uint32_t events, callback, tuple args) except -1:
        cdef epoll_event event
        cdef int what = EPOLL_CTL_MOD if fd in self.callbacks else EPOLL_CTL_ADD
        event.events = events
        event.data.fd = fd
        if epoll_ctl(self.epoll, what, fd, &event) < 0:
            raise OSError(errno, os.strerror(errno))
        self.callbacks[fd] = (callback, args)
        return 0

    def remove_reader(self, int fd):
        """Do not look at `fd` any more; False if that is so already."""
        cdef epoll_event event
        if self.callbacks.pop(fd, None) is None:
            return False
        if epoll_ctl(self.epoll, EPOLL_CTL_DEL, fd, &event) < 0:
            raise OSError(errno, os.strerror(errno))
        return True

    def call_soon(self, callback, *args):
        """Call `callback(*args)` in the next round."""
        self.ready.append((callback, args))

    def call_soon_threadsafe(self, callback, *args):
        """Do as `call_soon`, from another thread."""
        cdef char byte = 0
        self.ready.append((callback, args))
        write(self.wake, &byte, 1)

    def call_later(self, double delay_s, callback):
        """Call `callback()` after `delay_s` seconds."""
        cdef Timer timer = Timer.__new__(Timer)
        timer.at_ns = now() + <int64_t>(delay_s * 1e9)
        timer.callback = callback
        self.timers.append(timer)
        return timer

    def add_signal_handler(self, int number, callback):
        """Call `callback()` when the signal comes."""
        self.handlers[number] = callback
        signal.signal(number, self._signalled)

    def set_exception_handler(self, handler):
        """Call `handler(loop, context)` with what a callback raises."""
        self.on_error = handler

    def create_future(self):
        """Return a future of this loop."""
        return Future()

    def run(self, coroutine):
        """Run until the coroutine ends; return nothing, raise what it raises."""
        try:
            while True:
                future = coroutine.send(None)
                while not future.done():
                    self._turn()
        except StopIteration:
            return

    def _signalled(self, number, frame):
        self.ready.append((self.handlers[number], ()))

    def _woken(self):
        cdef char[64] bytes
        read(self.woken, bytes, sizeof(bytes))

    cdef int _turn(self) except -1:
        cdef int i
        cdef int found
        cdef bint rung = False
        # What was called may have been what `run` waits for: look at the descriptors then, but do not wait.
        found = self._wait(self._call_ready() == 0)
        PyErr_CheckSignals()
        for i in range(found):
            if self.events[i].data.fd == self.doorbell:
                rung = True
            else:
                self._call_reader(self.events[i].data.fd)
        if rung:
            self._call_reader(self.doorbell)
        self._call_timers()
        return 0

    cdef int _call_reader(self, int fd) except -1:
        # What was called before may have removed it.
        callback = self.callbacks.get(fd)
        return 0 if callback is None else self._call(callback)

    # Waits until a descriptor is readable or something is due; the number of readable descriptors.
    cdef int _wait(self, bint may_wait) except -1:
        cdef int64_t left_ns = self._left_ns() if may_wait and not self.ready else 0
        cdef timespec timeout
        cdef int found
        timeout.tv_sec = left_ns // SECOND
        timeout.tv_nsec = left_ns % SECOND
        if left_ns == 0:
            found = epoll_wait(self.epoll, self.events, EVENTS_MAX, 0)
        elif self.in_ms:
            with nogil:
                found = epoll_wait(self.epoll, self.events, EVENTS_MAX, <int>((left_ns + MS - 1) // MS))
        else:
            with nogil:
                found = <int>syscall(EPOLL_PWAIT2, self.epoll, self.events, EVENTS_MAX, &timeout, NULL, 0)
            if found < 0 and errno in (ENOSYS, EPERM):
                self.in_ms = True
                return 0
        if found < 0:
            if errno != EINTR:
                raise OSError(errno, os.strerror(errno))
            return 0
        return found

    cdef int64_t _left_ns(self) except -1:
        cdef int64_t due_ns = now() + WAIT_NS_MAX
        cdef Timer timer
        for timer in self.timers:
            if timer.callback is not None and timer.at_ns < due_ns:
                due_ns = timer.at_ns
        return max(0, due_ns - now())

    cdef int _call_ready(self) except -1:
        cdef int count = len(self.ready)
        for _ in range(count):
            self._call(self.ready.popleft())
        return count

    cdef int _call_timers(self) except -1:
        cdef int64_t now_ns
        cdef Timer timer
        if not self.timers:
            return 0
        now_ns = now()
        for timer in self.timers:
            if timer.at_ns <= now_ns:
                break
        else:
            return 0
        due = [each for each in self.timers if (<Timer>each).at_ns <= now_ns]
        self.timers = [each for each in self.timers if (<Timer>each).at_ns > now_ns and (<Timer>each).callback is not None]
        for timer in due:
            if timer.callback is not None:
                self._call((timer.callback, ()))
        return 0

    cdef int _call(self, tuple work) except -1:
        try:
            work[0](*work[1])
        except BaseException as error:
            if self.on_error is None:
                raise
            self.on_error(self, {"message": "a callback failed", "exception": error})
        return 0


cdef inline int64_t now() noexcept nogil:
    cdef timespec at
    clock_gettime(CLOCK_MONOTONIC, &at)
    return at.tv_sec * SECOND + at.tv_nsec
