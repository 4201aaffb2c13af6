"""Fields and C signatures of `agents.venues.binance.spot_answers`."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from agents.venues.reports cimport FillReport, OrderReport, Verdict
from core.decimals cimport Scale


cdef enum:
    SYMBOL
    ORDER_ID
    PRICE
    ORIG_QTY
    EXECUTED_QTY
    STATUS
    SIDE
    CLIENT_ORDER_ID
    ORIG_CLIENT_ORDER_ID
    TYPE
    TIME_IN_FORCE
    TRANSACT_TIME
    UPDATE_TIME
    FILLS
    QTY                # of a fill, as all below
    COMMISSION
    COMMISSION_ASSET
    TRADE_ID
    KEYS
    NO_KEY


cdef enum field_type:
    INTEGER
    TEXT
    LIST
    OTHER


cdef struct field_t:
    field_type type
    int64_t number        # INTEGER: its value
    const uint8_t* text   # how it is written, without quotes
    size_t size


cdef struct fields_t:
    uint32_t seen         # bit K: the object has the key K
    field_t[KEYS] at


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
