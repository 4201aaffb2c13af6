import cython

from agents.state.market_view cimport MarketView
from core.frame cimport Header
from mesh.context cimport Context


cdef class Quotes:
    cdef public object moved
    cdef public dict watched
    cdef dict _feeds
    cdef dict _filters
    cdef Context _ctx

    @cython.locals(feed=MarketView)
    cpdef on_message(self, str publisher, Header header, message)
