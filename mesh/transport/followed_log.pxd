from mesh.transport.receivers cimport Receiver
from mesh.transport.unix_connection cimport UnixConnection
from mesh.transport.unix_wire cimport Flag


cdef class FollowedLog:
    cdef public object greeting
    cdef public Receiver receiver
    cdef public UnixConnection connection
    cdef public Flag flag
    cdef str _publisher
    cdef str _folder

    cpdef open(self, engine, show)
    cpdef bint waits(self) except -1
    cpdef bint read(self, int count_max=*) except -1
