from agents.risk.buying_power cimport BuyingPower
from agents.risk.known_equity cimport KnownEquity
from agents.risk.limits cimport Limits
from agents.risk.margin_power cimport MarginPower
from agents.risk.reservations cimport Reservations
from agents.state.account cimport Account
from core.token_bucket cimport TokenBucket
from libc.stdint cimport uint32_t
from mesh.context cimport Context


cdef class JudgedAccount:
    cdef readonly str execution
    cdef readonly int venue_id
    cdef readonly uint32_t order_stream
    cdef readonly uint32_t margin_stream
    cdef readonly Account account
    cdef readonly Reservations reservations
    cdef public Limits limits
    cdef readonly object config
    cdef readonly BuyingPower buying_power
    cdef readonly MarginPower margin_power
    cdef public TokenBucket bucket
    cdef readonly KnownEquity equity
    cdef bint was_known

    cpdef fault(self, Context ctx)
    cpdef reconciling(self, Context ctx)
    cpdef bint is_known(self, Context ctx) except -1
