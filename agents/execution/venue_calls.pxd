import cython

from agents.venues.binance.spot_account cimport SpotAccount
from agents.venues.reports cimport Verdict
from libc.stdint cimport int64_t
from mesh.context cimport Context, VenueReply



cdef class ReconcilePass:
    cdef readonly int64_t started_ns
    cdef public int outstanding
    cdef public str failed
    cdef public int64_t fills
    cdef public int phase
    cdef public list reports
    cdef public dict balances_e8
    cdef public dict trade_ids


cdef class VenueCalls:
    cdef public Context ctx
    cdef readonly int64_t blocked_until_ns
    cdef SpotAccount _account
    cdef dict _out

    cpdef bint is_blocked(self) except -1
    cpdef call(self, call, handler, subject, ReconcilePass run=*)
    @cython.locals(run=ReconcilePass)
    cpdef ReconcilePass end(self, VenueReply reply)
    @cython.locals(verdict=Verdict)
    cpdef Verdict verdict(self, VenueReply reply)
    cpdef note_rate_limit(self, Verdict verdict)
