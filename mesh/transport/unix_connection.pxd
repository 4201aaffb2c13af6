from mesh.transport.receivers cimport Receiver
from mesh.transport.unix_wire cimport UnixWire


cdef class UnixConnection:
    cdef public object socket
    cdef public UnixWire wire
    cdef public str peer
    cdef public Receiver receiver
    cdef public bytes token
    cdef public int doorbell
    cdef public bint greeted

    cpdef close(self)
