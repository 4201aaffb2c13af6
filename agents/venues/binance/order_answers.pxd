"""Fields and C signatures of `agents.venues.binance.order_answers`."""

from libc.stdint cimport uint8_t

from agents.venues.binance.answer_fields cimport field_t, fields_t
from agents.venues.reports cimport FillReport, OrderReport, Verdict
from core.decimals cimport Scale


cdef class Traded:
    cdef readonly object id
    cdef readonly str symbol
    cdef bytes name        # the symbol as it stands in an answer
    cdef dict creates      # what creates have in common, by side times time in force
    cdef readonly Scale price
    cdef readonly Scale qty

    cpdef dict create_params(self, int side, int time_in_force)


cdef class AnswerReader:
    cdef dict traded       # by name
    cdef Traded last

    cdef Traded find(self, const field_t* symbol)
    cpdef Verdict read(self, bytes body)
    cdef OrderReport order(self, Traded traded, const fields_t* fields, const uint8_t* end)
    cdef tuple fills(self, Traded traded, OrderReport order, const uint8_t* at, const uint8_t* end)
    cdef FillReport fill(self, Traded traded, OrderReport order, const fields_t* fields, const uint8_t* end)
