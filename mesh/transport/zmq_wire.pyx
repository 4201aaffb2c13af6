"""The message path of one ZeroMQ socket: drain and send without a coroutine, a future or an exception per message.

A drain receives until the socket has no more, told by libzmq's return code, and calls a handler once per frame; a send
returns a code. The functions are looked up at run time in the very libzmq that pyzmq has loaded, so that nothing is
linked and both halves of the process use one library (`design.md` section 3). Sockets are made and closed by pyzmq.

The GIL is kept: every call is non-blocking and shorter than giving the GIL away. All calls on one socket come from one
thread. Tickmesh frames are single parts; what comes as several is discarded whole and counted.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EHOSTUNREACH, EINTR, ENOTSOCK, errno
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uintptr_t


cdef extern from "dlfcn.h" nogil:
    int RTLD_NOLOAD
    int RTLD_LAZY
    void* dlopen(const char* path, int flags)
    void* dlsym(void* library, const char* name)
    char* dlerror()


# Values and layout of zmq.h, part of libzmq's stable ABI since 4.0.
cdef enum:
    DONTWAIT = 1
    SNDMORE = 2
    EVENTS = 15


ctypedef int (*message_call)(message_t* message) noexcept nogil
ctypedef void* (*data_call)(message_t* message) noexcept nogil
ctypedef size_t (*size_call)(message_t* message) noexcept nogil
ctypedef int (*receive_call)(message_t* message, void* socket, int flags) noexcept nogil
ctypedef int (*send_call)(void* socket, const void* data, size_t size, int flags) noexcept nogil
ctypedef int (*option_call)(void* socket, int option, void* value, size_t* size) noexcept nogil

cdef message_call message_init = NULL
cdef message_call message_close = NULL
cdef message_call message_more = NULL
cdef data_call message_data = NULL
cdef size_call message_size = NULL
cdef receive_call message_receive = NULL
cdef send_call bytes_send = NULL
cdef option_call option_get = NULL


def load(path):
    """Look up libzmq's functions in the loaded library at `path` or in what it depends on.

    Raises:
        ImportError: If that library is not loaded in this process or does not lead to libzmq.
    """
    global message_init, message_close, message_more, message_data, message_size
    global message_receive, bytes_send, option_get
    cdef bytes name = path.encode()
    cdef void* library = dlopen(name, RTLD_NOLOAD | RTLD_LAZY)
    if library is NULL:
        raise ImportError(f"{path} is not loaded in this process")
    message_init = <message_call>symbol(library, b"zmq_msg_init")
    message_close = <message_call>symbol(library, b"zmq_msg_close")
    message_more = <message_call>symbol(library, b"zmq_msg_more")
    message_data = <data_call>symbol(library, b"zmq_msg_data")
    message_size = <size_call>symbol(library, b"zmq_msg_size")
    message_receive = <receive_call>symbol(library, b"zmq_msg_recv")
    bytes_send = <send_call>symbol(library, b"zmq_send")
    option_get = <option_call>symbol(library, b"zmq_getsockopt")


@cython.final
cdef class Wire:
    """Send and drain on one socket, given by its address (`socket.underlying`).

    Counters: `sent` and `received` frames, `back_pressured` and `not_connected` sends; discarded were `multipart`
    messages, frames larger than `frame_bytes_max` (`oversized`) and frames without a valid header (`malformed`, counted by
    who reads headers).
    """

    def __init__(self, uintptr_t underlying, size_t frame_bytes_max=1 << 22):
        assert bytes_send is not NULL, "load() comes first"
        self.socket = <void*>underlying
        self.frame_bytes_max = frame_bytes_max

    cpdef int send(self, bytes frame) except? -1:
        """Queue `frame`; return OK, BACK_PRESSURED if the queue is full or nobody is connected, or a negative errno."""
        if frame is None:
            raise TypeError("a frame is bytes")
        return self._count_sent(self._send(frame, 0))

    cpdef int send_to(self, bytes identity, bytes frame) except? -1:
        """Queue `frame` to one peer of a ROUTER; return OK, BACK_PRESSURED, NOT_CONNECTED or a negative errno."""
        if identity is None or frame is None:
            raise TypeError("an identity and a frame are bytes")
        cdef int code = self._send(identity, SNDMORE)
        if code == OK:
            code = self._send(frame, 0)
        return self._count_sent(code)

    def drain(self, handler, int count_max):
        """Call `handler(frame)` for each frame that waits, at most `count_max`.

        Returns:
            The number of messages taken from the socket, discarded ones too: less than `count_max` means that none is
            left. A negative errno if the socket failed. What the handler raises comes out of here.
        """
        cdef message_t part
        cdef int count = 0
        cdef int code = OK
        while count < count_max:
            code = self._receive_frame(&part)
            if code < 0:
                break
            count += 1
            if code != DISCARDED:
                handler(take(&part))
        return count if code >= 0 or code == -EAGAIN else code

    def events(self):
        """Have the socket do its waiting internal work; return its ZMQ_EVENTS or a negative errno."""
        cdef int events = 0
        cdef size_t size = sizeof(events)
        if self.socket is NULL:
            return -ENOTSOCK
        return events if option_get(self.socket, EVENTS, &events, &size) == 0 else -errno

    def detach(self):
        """Forget the socket, which is about to be closed: from now on every call returns -ENOTSOCK."""
        self.socket = NULL

    cdef int _send(self, bytes data, int flags) noexcept:
        if self.socket is NULL:
            return -ENOTSOCK
        while bytes_send(self.socket, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), flags | DONTWAIT) < 0:
            if errno == EAGAIN:
                return BACK_PRESSURED
            if errno == EHOSTUNREACH:
                return NOT_CONNECTED
            if errno != EINTR:
                return -errno
        return OK

    cdef int _count_sent(self, int code) noexcept:
        if code == OK:
            self.sent += 1
        elif code == BACK_PRESSURED:
            self.back_pressured += 1
        elif code == NOT_CONNECTED:
            self.not_connected += 1
        return code

    # Receives one part into `part`, which only then must be closed; 0 or a negative errno.
    cdef int _receive(self, message_t* part) noexcept:
        if self.socket is NULL:
            return -ENOTSOCK
        message_init(part)
        while message_receive(part, self.socket, DONTWAIT) < 0:
            if errno != EINTR:
                return -errno
        return OK

    # Receives what must be the last part of its message; 0, DISCARDED (`part` is closed) or a negative errno.
    cdef int _receive_frame(self, message_t* part) noexcept:
        cdef int code = self._receive(part)
        if code < 0:
            return code
        self.received += 1
        if message_more(part):
            self.multipart += 1
            return self._discard_rest(part)
        if message_size(part) > self.frame_bytes_max:
            self.oversized += 1
            message_close(part)
            return DISCARDED
        return OK

    cdef int _discard_rest(self, message_t* part) noexcept:
        cdef int code = OK
        cdef bint more = True
        while True:
            more = message_more(part)
            message_close(part)
            if not more:
                return DISCARDED
            code = self._receive(part)
            if code < 0:
                return code


cdef const uint8_t* part_data(message_t* part) noexcept:
    return <const uint8_t*>message_data(part)


cdef size_t part_size(message_t* part) noexcept:
    return message_size(part)


cdef void part_close(message_t* part) noexcept:
    message_close(part)


# Returns the content of a received part and closes it, also when there is no memory for the copy.
cdef bytes take(message_t* part):
    try:
        return PyBytes_FromStringAndSize(<char*>message_data(part), <Py_ssize_t>message_size(part))
    finally:
        message_close(part)


cdef void* symbol(void* library, const char* name) except NULL:
    cdef void* address = dlsym(library, name)
    if address is NULL:
        raise ImportError(f"pyzmq's library does not lead to libzmq's {name.decode()}: {dlerror().decode()}")
    return address
