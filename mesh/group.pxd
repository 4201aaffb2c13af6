import cython

from libc.stdint cimport int64_t

from core.frame cimport Header, unpack
from mesh.codec cimport decode_frame
from mesh.engine cimport Engine
from mesh.link cimport Link


cdef class _Member:
    cdef str name
    cdef Engine engine
    cdef object outlet
    cdef bytes token


cdef class _Follower:
    cdef _Member member
    cdef Link link


cdef class _News:
    cdef object outlet
    cdef bytes frame
    cdef Header header
    cdef object message
    cdef list followers
    cdef Py_ssize_t next
    cdef Py_ssize_t last


cdef class _Call:
    cdef _Member member
    cdef bytes frame
    cdef bytes token
    cdef str peer


cdef class _Queue:
    cdef list items
    cdef Py_ssize_t first

    cdef put(self, item)
    cdef drop(self)


cdef class Group:
    cdef object _clock
    cdef object _wall_clock
    cdef dict _members
    cdef dict _by_token
    cdef dict _followers
    cdef _Queue _calls
    cdef _Queue _news
    cdef _Queue _outside

    @cython.locals(news=_News)
    cpdef publish(self, outlet, str publisher, bytes frame)
    @cython.locals(asker=_Member, member=_Member)
    cpdef request(self, str client, str peer, bytes frame)
    @cython.locals(member=_Member)
    cpdef bint reply(self, str server, bytes token, bytes frame) except -1
    @cython.locals(calls=_Queue, news=_Queue, outside=_Queue, call=_Call, ahead_ns=int64_t)
    cpdef run(self)
    @cython.locals(outside=_Queue, news=_News)
    cpdef send_out(self)
    @cython.locals(member=_Member)
    cpdef join(self, str name, Engine engine, outlet)
    @cython.locals(member=_Member)
    cpdef follow(self, str name)
    cpdef bint waits(self) except -1
    @cython.locals(member=_Member, now_ns=int64_t)
    cdef _hand_call(self, _Call call, int64_t ahead_ns)
    @cython.locals(followers=list, follower=_Follower)
    cdef _hand_next(self, _News news, int64_t ahead_ns)
    @cython.locals(member=_Member, header=Header, link=Link, now_ns=int64_t, order=int64_t)
    cdef _hand_news(self, _Follower follower, _News news, int64_t ahead_ns)
