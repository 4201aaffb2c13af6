"""Weighted covariances of several series, as compiled code sees them."""

from libc.stdint cimport int64_t


cdef class EwmaCorrelation:
    cdef readonly int series
    cdef readonly double half_life
    cdef readonly int64_t count
    cdef int64_t warm_count
    cdef double decay
    cdef double fresh
    cdef double* returns
    cdef double* products
    cdef double* squares
    cdef int64_t* counts

    cdef int update_c(self, const double* returns) noexcept nogil
    cdef double blend(self, double average, double value) noexcept nogil
    cdef Py_ssize_t place(self, int i, int j) noexcept nogil
    cdef double covariance_c(self, int i, int j) noexcept nogil
    cdef double correlation_c(self, int i, int j) noexcept nogil
