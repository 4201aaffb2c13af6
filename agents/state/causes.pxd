import cython

from libc.stdint cimport uint32_t, uint64_t

@cython.locals(cause=tuple, was_seq=uint64_t, was_epoch=uint64_t, was_stream=uint64_t)
cpdef add_cause(list found, uint32_t stream, uint32_t epoch, uint64_t seq)
