import cython

from agents.state.account cimport Account
from core.frame cimport Header
from core.int_field cimport ObjectField
from core.stream_table cimport StreamTable
from libc.stdint cimport uint8_t, uint32_t
from mesh.context cimport Context
from mesh.message_handler cimport MessageHandler

cdef uint8_t FLAG_STALE
cdef ObjectField _MARK_PX
cdef ObjectField _TRADE_PRICE
cdef ObjectField _QUOTE_BID
cdef ObjectField _QUOTE_ASK


cdef class Mark:
    cdef readonly object info
    cdef readonly str publisher
    cdef readonly uint32_t stream
    cdef readonly object px_e8
    cdef readonly bint known
    cdef object _tick_e8

    cpdef take(self, Header header, message)
    cdef _set(self, px_e8)


cdef class MarkTable(MessageHandler):
    cdef dict _by_publisher
    cdef Context _ctx
    cdef object _booked

    @cython.locals(streams=StreamTable, mark=Mark, account=Account)
    cpdef on_message(self, str publisher, Header header, message)
