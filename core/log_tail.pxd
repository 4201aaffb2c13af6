from core.log_reader cimport LogReader
from core.log_segment cimport record


cdef class LogTail(LogReader):
    cdef bint next(self, record* out) except -1
