"""A group: agents of one process hand their frames to each other in memory.

Nothing else changes for them. What is published is logged first, each follower's tracker checks each frame, requests have
deadlines and numbers, and a handler runs to its end before the next begins: frames wait in a queue, in order, until their
turn comes. What is asked and answered goes before what is published, so that an order does not wait for the news of the
tick that caused it; and what goes to agents outside of the group leaves when the queue is empty.

A frame that several members follow is decoded once: messages are immutable. This file is compiled (`group.pxd`).
"""

from collections.abc import Callable
from typing import Any, Protocol

from core.frame import Header, unpack
from core.sequence import IN_ORDER, UNKNOWN
from mesh.codec import decode_frame
from mesh.engine import Engine
from mesh.link import Link
from schemas.errors import FrameError
from schemas.messages import Message
from schemas.streams import CONTROL_STREAM

OUTSIDE_MAX = 64
"""So many publications may wait for the queue before they leave the process anyway."""

DEAD_ITEMS_MAX = 256
"""So many items that are done with may lie in front of a queue."""

TOKEN = b"\0group/"
"""Begins the routing token of a member: libzmq's own ids are shorter, and nobody can choose one that begins with 0."""


class Outlet(Protocol):
    """The sockets of one member."""

    tapped: bool
    """Whether somebody looks at the member's frames."""

    def send_out(self, frame: bytes) -> None:
        """Send a publication to the followers outside of the group."""
        ...

    def show(self, source: str, frame: bytes) -> None:
        """Show a frame that came to the member to whoever looks."""
        ...


class _Member:
    def __init__(self, name: str, engine: Engine, outlet: Outlet) -> None:
        self.name = name
        self.engine = engine
        self.outlet = outlet
        self.token = TOKEN + name.encode()


class _Follower:
    def __init__(self, member: _Member, link: Link) -> None:
        self.member = member
        self.link = link


class _News:
    """One publication on its way to the members that follow it, decoded by the first of them, and out of the group."""

    def __init__(self, outlet: Outlet, frame: bytes, followers: list[_Follower] | None) -> None:
        self.outlet = outlet
        self.frame = frame
        self.header: Header | None = None if followers is None else unpack(frame)
        self.message: Message | None = None
        self.followers = followers
        self.next = 0
        """The place of the follower whose turn it is; who follows later than now is not told."""
        self.last = 0 if followers is None else len(followers)


class _Call:
    """A request to a member, or the answer to one."""

    def __init__(self, member: _Member, frame: bytes, token: bytes, peer: str) -> None:
        self.member = member
        self.frame = frame
        self.token = token
        self.peer = peer


class _Queue:
    """What waits, first in first out: a list, from the place of the first on."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.first = 0

    def put(self, item: Any) -> None:
        self.items.append(item)

    def drop(self) -> None:
        """Forget the first; the list is cut when that costs little for each item."""
        self.first += 1
        if self.first == len(self.items):
            self.items.clear()
            self.first = 0
        elif self.first >= DEAD_ITEMS_MAX and 2 * self.first > len(self.items):
            del self.items[: self.first]
            self.first = 0


class Group:
    """The queue between the members of one process."""

    def __init__(self, clock: Callable[[], int], wall_clock: Callable[[], int]) -> None:
        """Begin without members; the clocks tell monotonic and Unix time in nanoseconds."""
        self._clock = clock
        self._wall_clock = wall_clock
        self._members: dict[str, _Member] = {}
        self._by_token: dict[bytes, _Member] = {}
        self._followers: dict[str, list[_Follower]] = {}
        self._calls = _Queue()
        self._news = _Queue()
        self._outside = _Queue()

    def join(self, name: str, engine: Engine, outlet: Outlet) -> None:
        """Take a member in; nobody follows it yet."""
        member = self._members[name] = _Member(name, engine, outlet)
        self._by_token[member.token] = member

    def follow(self, name: str) -> None:
        """Have a member whose engine has started follow the other members that it wants to."""
        member = self._members[name]
        for publisher in member.engine.trackers:
            if publisher in self._members:
                follower = _Follower(member, member.engine.link(publisher))
                self._followers.setdefault(publisher, []).append(follower)

    def holds(self, name: str) -> bool:
        """Return whether an agent is a member."""
        return name in self._members

    def waits(self) -> bool:
        """Return whether anything waits for `run`."""
        return bool(self._calls.items or self._news.items or self._outside.items)

    def publish(self, outlet: Outlet, publisher: str, frame: bytes) -> None:
        """Queue a publication for its followers here, and for those outside."""
        news = _News(outlet, frame, self._followers.get(publisher))
        if news.last:
            self._news.put(news)
        self._outside.put(news)

    def request(self, client: str, peer: str, frame: bytes) -> None:
        """Queue a request of a member to another."""
        asker, member = self._members[client], self._members[peer]
        self._calls.put(_Call(member, frame, asker.token, ""))

    def reply(self, server: str, token: bytes, frame: bytes) -> bool:
        """Queue an answer; False if the token is not a member's."""
        member = self._by_token.get(token)
        if member is None:
            return False
        self._calls.put(_Call(member, frame, b"", server))
        return True

    def run(self) -> None:
        """Hand over what waits, and what comes of it, until nothing waits any more."""
        ahead_ns = self._wall_clock() - self._clock()
        calls, news, outside = self._calls, self._news, self._outside
        while True:
            if calls.items:
                call = calls.items[calls.first]
                calls.drop()
                self._hand_call(call, ahead_ns)
            elif news.items:
                self._hand_next(news.items[news.first], ahead_ns)
                if len(outside.items) - outside.first > OUTSIDE_MAX:
                    self.send_out()
            elif outside.items:
                self.send_out()
            else:
                return

    def send_out(self) -> None:
        """Send what is for the followers outside of the group."""
        outside = self._outside
        while outside.items:
            news = outside.items[outside.first]
            outside.drop()
            news.outlet.send_out(news.frame)

    def _hand_call(self, call: _Call, ahead_ns: int) -> None:
        member = call.member
        if member.outlet.tapped:
            member.outlet.show(call.peer or call.token[len(TOKEN) :].decode(), call.frame)
        now_ns = self._clock()
        if call.token:
            member.engine.on_request(call.token, call.frame, now_ns, now_ns + ahead_ns)
        else:
            member.engine.on_reply(call.peer, call.frame, now_ns, now_ns + ahead_ns)

    def _hand_next(self, news: _News, ahead_ns: int) -> None:
        """Hand the first of the news to the next of its followers, oldest follower first."""
        followers = news.followers
        assert followers is not None
        follower = followers[news.next]
        news.next += 1
        if news.next == news.last:
            self._news.drop()
        self._hand_news(follower, news, ahead_ns)

    def _hand_news(self, follower: _Follower, news: _News, ahead_ns: int) -> None:
        member = follower.member
        header = news.header
        assert header is not None
        link = follower.link
        order = link.tracker.observe(header.stream, header.epoch, header.seq)
        if order == UNKNOWN and header.stream != CONTROL_STREAM:
            return
        if member.outlet.tapped:
            member.outlet.show(link.publisher, news.frame)
        now_ns = self._clock()
        if order != IN_ORDER:
            member.engine.on_publication(link.publisher, news.frame, now_ns, now_ns + ahead_ns)
            return
        if news.message is None:
            try:
                news.message = decode_frame(header, news.frame)
            except FrameError:
                # The engine refuses and counts it once more, for each follower.
                member.engine.on_deliver(link.publisher, news.frame, now_ns, now_ns + ahead_ns)
                return
        member.engine.take_decoded(link, header, news.message, now_ns, now_ns + ahead_ns)
