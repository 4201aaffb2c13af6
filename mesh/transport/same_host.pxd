import cython

from mesh.protocol.engine cimport Engine
from mesh.transport.receivers cimport Inlet
from mesh.transport.unix_wire cimport Bells, Flag, LocalWire, give_way


cdef class Connection:
    cdef public object socket
    cdef public LocalWire wire
    cdef public str peer
    cdef public Inlet inlet
    cdef public bytes token
    cdef public int bell
    cdef public bint greeted


cdef class Followed:
    cdef public str folder
    cdef public bytes kinds
    cdef public object tail
    cdef public Inlet inlet
    cdef public Connection connection
    cdef public Flag flag


cdef class Local:
    cdef readonly str name
    cdef object show
    cdef object _config
    cdef object _begin
    cdef object _end
    cdef object _listener
    cdef int _bell
    cdef Bells _bells
    cdef bint _watching
    cdef bint _behind
    cdef dict _clients
    cdef list _askers
    cdef dict _servers
    cdef dict _followed
    cdef list _patient
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
    @cython.locals(connection=Connection, code=int)
    cdef bint _send(self, str peer, bytes frame) except -1
    @cython.locals(connection=Connection)
    cpdef object answer(self, bytes token, bytes frame)
    @cython.locals(followed=Followed)
    cpdef meet(self, str publisher)
    @cython.locals(followed=Followed)
    cpdef reopen(self, str publisher)
    @cython.locals(connection=Connection)
    cpdef watch(self)
    @cython.locals(connection=Connection)
    cpdef unwatch(self)
    @cython.locals(connection=Connection)
    cpdef close(self)
    @cython.locals(server=Connection, client=Connection, followed=Followed)
    cpdef show_to(self, show)
    @cython.locals(connection=Connection)
    cpdef str client(self, bytes token)
    @cython.locals(connection=Connection)
    cpdef dict counters(self)
    @cython.locals(publisher=str)
    cpdef catch_up(self)
    @cython.locals(followed=Followed)
    cpdef bint read(self, str publisher) except -1
    @cython.locals(more=bint)
    cdef _rung(self)
    cdef _come(self)
    @cython.locals(connection=Connection)
    cdef _serve(self)
