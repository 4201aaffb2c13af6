from core.log.reader cimport LogReader
from core.log.segment cimport record


cdef class LogTail(LogReader):
    cdef bint next(self, record* out) except -1
