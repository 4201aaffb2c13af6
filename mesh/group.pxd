import cython

from libc.stdint cimport int64_t

from core.frame cimport Header
from mesh.engine cimport Engine
from mesh.link cimport Link


cdef class _Member:
    cdef public str name
    cdef public Engine engine
    cdef public object outlet
    cdef public bytes token


cdef class _Follower:
    cdef public _Member member
    cdef public Link link


cdef class _News:
    cdef public bytes frame
    cdef public Header header
    cdef public object message


cdef class _Call:
    cdef public _Member member
    cdef public bytes frame
    cdef public bytes token
    cdef public str peer


cdef class Group:
    cdef object _clock
    cdef object _wall_clock
    cdef dict _members
    cdef dict _by_token
    cdef dict _followers
    cdef object _calls
    cdef object _news
    cdef object _outside

    @cython.locals(news=_News)
    cpdef publish(self, outlet, str publisher, bytes frame)
    @cython.locals(member=_Member)
    cpdef request(self, str client, str peer, bytes frame)
    @cython.locals(member=_Member)
    cpdef bint reply(self, str server, bytes token, bytes frame) except -1
    @cython.locals(follower=_Follower, news=_News, ahead_ns=int64_t)
    cpdef run(self)
    cpdef send_out(self)
    cpdef bint waits(self) except -1
    @cython.locals(member=_Member, now_ns=int64_t)
    cdef _hand_call(self, _Call call, int64_t ahead_ns)
    @cython.locals(member=_Member, header=Header, link=Link, now_ns=int64_t, order=int64_t)
    cdef _hand_news(self, _Follower follower, _News news, int64_t ahead_ns)
