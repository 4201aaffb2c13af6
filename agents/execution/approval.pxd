import cython
from libc.stdint cimport int64_t

from agents.state.message_fields cimport OrderTerms
from core.frame cimport Header, unpack
from mesh.context cimport Context

cdef int64_t _DECISIONS
cdef OrderTerms APPROVED


cdef class Approval:
    cdef readonly object terms
    cdef readonly tuple decision


@cython.locals(header=Header)
cpdef object approval_in(bytes record, Header asked, Context ctx)
cdef str _fault(terms, Header header, Header asked)
