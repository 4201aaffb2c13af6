import cython
from libc.stdint cimport int64_t

from core.frame cimport Header, unpack
from core.int_field cimport IntField
from mesh.context cimport Context

cdef int64_t _DECISIONS
cdef IntField _INSTRUMENT_ID


cdef class Approval:
    cdef readonly object terms
    cdef readonly tuple decision


@cython.locals(header=Header)
cpdef object approval_in(bytes record, Header asked, Context ctx)
cdef str _fault(terms, Header header, Header asked)
