import cython

from agents.state.market_view cimport MarketView
from core.frame cimport Header
from mesh.context cimport Context
from mesh.message_handler cimport MessageHandler


cdef class Quotes(MessageHandler):
    cdef public object moved
    cdef public dict watched
    cdef dict _feeds
    cdef dict _filters
    cdef Context _ctx

    @cython.locals(feed=MarketView)
    cpdef on_message(self, str publisher, Header header, message)
    cpdef bint can_wait(self) except -1
