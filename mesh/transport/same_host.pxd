import cython

from mesh.protocol.engine cimport Engine
from mesh.transport.followed_log cimport FollowedLog
from mesh.transport.unix_connection cimport UnixConnection
from mesh.transport.unix_wire cimport Doorbells, give_way


cdef class SameHost:
    cdef readonly str name
    cdef object show
    cdef object _config
    cdef object _begin
    cdef object _end
    cdef object _listener
    cdef int _doorbell
    cdef Doorbells _doorbells
    cdef bint _watching
    cdef bint _behind
    cdef dict _clients
    cdef list _askers
    cdef dict _servers
    cdef dict _followed
    cdef list _conflated
    cdef bint _coming
    cdef int _count
    cdef dict _lost
    cdef Engine _engine
    cdef object _loop

    cpdef published(self, bytes frame)
    cpdef ring(self)
    cpdef bint asks(self, str peer) except -1
    @cython.locals(left=bint)
    cpdef bint ask(self, str peer, bytes frame) except -1
    @cython.locals(connection=UnixConnection, code=int)
    cdef bint _send(self, str peer, bytes frame) except -1
    @cython.locals(connection=UnixConnection)
    cpdef object answer(self, bytes token, bytes frame)
    @cython.locals(followed=FollowedLog)
    cpdef meet(self, str publisher)
    @cython.locals(followed=FollowedLog)
    cpdef reopen(self, str publisher)
    @cython.locals(connection=UnixConnection)
    cpdef watch(self)
    @cython.locals(connection=UnixConnection)
    cpdef unwatch(self)
    @cython.locals(connection=UnixConnection)
    cpdef close(self)
    cpdef show_to(self, show)
    @cython.locals(connection=UnixConnection)
    cpdef str client(self, bytes token)
    @cython.locals(connection=UnixConnection)
    cpdef dict counters(self)
    @cython.locals(publisher=str)
    cpdef catch_up(self)
    @cython.locals(followed=FollowedLog)
    cpdef bint read(self, str publisher, int count_max=*) except -1
    @cython.locals(more=bint, followed=FollowedLog)
    cdef _rung(self)
    cdef _come(self)
    @cython.locals(connection=UnixConnection)
    cdef _serve(self)
