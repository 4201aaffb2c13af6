import cython

from libc.stdint cimport int64_t, uint32_t

from core.frame cimport Header, unpack
from core.sequence cimport SequenceTracker
from mesh.protocol.clock cimport Clock
from mesh.protocol.codec cimport Packer, decode_frame
from mesh.protocol.engine cimport Engine
from mesh.protocol.link cimport Link

cdef Py_ssize_t OUTSIDE_MAX
cdef int64_t IN_ORDER
cdef int64_t UNKNOWN
cdef uint32_t CONTROL_STREAM


cdef class _Member:
    cdef str name
    cdef Engine engine
    cdef object outlet
    cdef bytes token
    cdef list followers


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
    cdef object message
    cdef bytes token
    cdef str peer


@cython.final
cdef class _Queue:
    cdef list ring
    cdef Py_ssize_t first
    cdef Py_ssize_t count

    cdef put(self, item)
    cdef drop(self)


cdef class Group:
    cdef Clock _clock
    cdef object _wall_clock
    cdef dict _members
    cdef dict _by_token
    cdef list _no_followers
    cdef _Queue _calls
    cdef _Queue _news
    cdef _Queue _outside

    @cython.locals(member=_Member, news=_News, followers=list)
    cpdef publish(self, outlet, str publisher, bytes frame)
    @cython.locals(asker=_Member, member=_Member)
    cpdef request(self, str client, str peer, bytes frame)
    @cython.locals(member=_Member, answerer=_Member)
    cpdef bint reply(self, str server, bytes token, bytes frame) except -1
    @cython.locals(calls=_Queue, news=_Queue, outside=_Queue, call=_Call, ahead_ns=int64_t)
    cpdef run(self)
    @cython.locals(outside=_Queue, news=_News)
    cpdef send_out(self)
    @cython.locals(member=_Member)
    cpdef join(self, str name, Engine engine, outlet)
    @cython.locals(member=_Member, followed=_Member)
    cpdef follow(self, str name)
    @cython.locals(member=_Member, followed=_Member)
    cpdef enter(self, str name, Engine engine, outlet)
    @cython.locals(member=_Member, gone=_Member)
    cpdef leave(self, str name)
    cpdef bint waits(self) except -1
    cdef _add(self, _Member followed, _Member member, Link link)
    @cython.locals(member=_Member, engine=Engine, now_ns=int64_t)
    cdef _hand_call(self, _Call call, int64_t ahead_ns)
    @cython.locals(follower=_Follower)
    cdef _hand_next(self, _News news, int64_t ahead_ns)
    @cython.locals(member=_Member, engine=Engine, header=Header, link=Link, now_ns=int64_t, order=int64_t)
    cdef _hand_news(self, _Follower follower, _News news, int64_t ahead_ns)


@cython.locals(call=_Call)
cdef _Call _call(_Member member, bytes frame, message, bytes token, str peer)


@cython.locals(each=_Follower)
cdef list _without(_Member gone, list followers)
