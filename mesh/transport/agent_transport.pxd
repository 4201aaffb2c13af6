import cython

from mesh.protocol.engine cimport Engine
from mesh.transport.group cimport Group
from mesh.transport.receivers cimport Receiver
from mesh.transport.same_host cimport SameHost
from mesh.transport.zmq_wire cimport Wire


cdef int CONTROL_KIND

cdef int type_of(bytes frame) except -1


cdef class Watched:
    cdef readonly object socket
    cdef readonly Wire wire
    cdef Receiver receiver
    cdef int drain_max
    cdef str local
    cdef bint watching
    cdef bint owed


cdef class AgentTransport:
    cdef public object venue
    cdef readonly bint tapped
    cdef object _show
    cdef str _name
    cdef object _config
    cdef object _begin
    cdef object _end
    cdef object _send_hwm
    cdef object _receive_hwm
    cdef object _tap_hwm
    cdef object _sockets
    cdef Group _group
    cdef SameHost _local
    cdef bint _grouped
    cdef bint _watching
    cdef dict _names
    cdef dict _clients
    cdef dict _askers
    cdef dict _followers
    cdef Watched _draining
    cdef list _owing
    cdef Engine _engine
    cdef object _loop
    cdef Watched _publications
    cdef set _subscribed
    cdef Wire _out
    cdef Watched _answers
    cdef Watched _taps
    cdef object _tap

    cpdef publish(self, bytes frame)
    cpdef send_out(self, bytes frame)
    @cython.locals(asker=Watched)
    cpdef bint request(self, str peer, bytes frame) except -1
    cpdef bint reply(self, bytes token, bytes frame) except -1
    cpdef catch_up(self)
    @cython.locals(watched=Watched)
    cpdef settle(self)
    cdef _watch(self, Watched watched)
    cdef _unwatch(self, Watched watched)
    @cython.locals(count=int)
    cdef _drain(self, Watched watched)
    cdef _owe(self, Watched watched)
    @cython.locals(watched=Watched)
    cpdef _tap_changed(self, bint attached)
