"""A group: agents of one process hand their frames to each other in memory.

Nothing else changes for them. What is published is logged first, each follower's tracker checks each frame, requests have
deadlines and numbers, and a handler runs to its end before the next begins: frames wait in a queue, in order, until their
turn comes. What is asked and answered goes before what is published, so that an order does not wait for the news of the
tick that caused it; and what goes to agents outside of the group leaves when the queue is empty.

Messages are immutable, so a member may be given the very message that another has sent: its frame is read only if the
message was not plain (`mesh.protocol.codec`), and then once for all. This file is compiled (`group.pxd`).
"""

from collections.abc import Callable
from typing import Any, Protocol

from core.frame import Header, unpack
from core.sequence import IN_ORDER, UNKNOWN
from mesh.protocol.clock import Clock
from mesh.protocol.codec import decode_frame
from mesh.protocol.engine import Engine
from mesh.protocol.link import Link
from schemas.errors import FrameError
from schemas.messages import Message
from schemas.streams import CONTROL_STREAM

OUTSIDE_MAX = 64
"""So many publications may wait for the queue before they leave the process anyway."""

QUEUE_ITEMS = 64
"""Places that a queue begins with; a power of two."""

KINDS = 256
"""Of streams: the first byte of a frame."""

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
        self.followers: list[list[_Follower]] = [[] for _ in range(KINDS)]
        """By kind of stream, as nobody should be handed what it does not follow."""


class _Follower:
    def __init__(self, member: _Member, link: Link) -> None:
        self.member = member
        self.link = link


class _News:
    """One publication on its way to the members that follow it, and out of the group.

    Its message is known from the start if it is plain, else read by the first follower. `next` is the place of the follower
    whose turn it is, `last` that behind the last: who follows later is not told.
    """

    outlet: Outlet
    frame: bytes
    header: Header
    message: Message | None
    followers: list[_Follower]
    next: int
    last: int


class _Call:
    """A request to a member, or the answer to one (which has no token); its message if that is plain."""

    member: _Member
    frame: bytes
    message: Message | None
    token: bytes
    peer: str


class _Queue:
    """What waits, first in first out: a ring, `count` items from the place `first` on."""

    def __init__(self) -> None:
        self.ring: list[Any] = [None] * QUEUE_ITEMS
        self.first = 0
        self.count = 0

    def put(self, item: Any) -> None:
        if self.count == len(self.ring):
            self.ring = self.ring[self.first :] + self.ring[: self.first] + [None] * self.count
            self.first = 0
        self.ring[(self.first + self.count) & (len(self.ring) - 1)] = item
        self.count += 1

    def drop(self) -> None:
        """Forget the first."""
        self.ring[self.first] = None
        self.first = (self.first + 1) & (len(self.ring) - 1)
        self.count -= 1


class Group:
    """The queue between the members of one process."""

    def __init__(self, clock: Callable[[], int], wall_clock: Callable[[], int]) -> None:
        """Begin without members; the clocks tell monotonic and Unix time in nanoseconds."""
        self._clock = Clock(clock)
        self._wall_clock = wall_clock
        self._members: dict[str, _Member] = {}
        self._by_token: dict[bytes, _Member] = {}
        self._no_followers: list[_Follower] = []
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
            followed = self._members.get(publisher)
            if followed is not None:
                self._add(followed, member, member.engine.link(publisher))

    def enter(self, name: str, engine: Engine, outlet: Outlet) -> None:
        """Take a member in that is late: it follows those that are here, and those that want to follow it."""
        self.join(name, engine, outlet)
        self.follow(name)
        followed = self._members[name]
        for member in self._members.values():
            if name in member.engine.trackers:
                self._add(followed, member, member.engine.link(name))

    def leave(self, name: str) -> None:
        """Forget a member, which has died; nothing may wait for `run`."""
        gone = self._members.pop(name)
        del self._by_token[gone.token]
        for member in self._members.values():
            member.followers = [_without(gone, those) for those in member.followers]

    def holds(self, name: str) -> bool:
        """Return whether an agent is a member."""
        return name in self._members

    def waits(self) -> bool:
        """Return whether anything waits for `run`."""
        return self._calls.count + self._news.count + self._outside.count > 0

    def publish(self, outlet: Outlet, publisher: str, frame: bytes) -> None:
        """Queue a publication for its followers here, and for those outside; who has not joined has none here."""
        member = self._members.get(publisher)
        news = _News.__new__(_News)
        news.outlet = outlet
        news.frame = frame
        followers = self._no_followers if member is None else member.followers[frame[0]]
        if followers:
            assert member is not None, "followers are members'"
            news.followers = followers
            news.last = len(followers)
            news.header = unpack(frame)
            news.message = member.engine.packer.message_of(frame)
            self._news.put(news)
        self._outside.put(news)

    def request(self, client: str, peer: str, frame: bytes) -> None:
        """Queue a request of a member to another."""
        asker, member = self._members[client], self._members[peer]
        self._calls.put(_call(member, frame, asker.engine.packer.message_of(frame), asker.token, client))

    def reply(self, server: str, token: bytes, frame: bytes) -> bool:
        """Queue an answer; False if the token is not a member's."""
        member = self._by_token.get(token)
        if member is None:
            return False
        answerer = self._members[server]
        self._calls.put(_call(member, frame, answerer.engine.packer.message_of(frame), b"", server))
        return True

    def run(self) -> None:
        """Hand over what waits, and what comes of it, until nothing waits any more."""
        ahead_ns = self._wall_clock() - self._clock.now_ns(0)
        calls, news, outside = self._calls, self._news, self._outside
        while True:
            if calls.count:
                call = calls.ring[calls.first]
                calls.drop()
                self._hand_call(call, ahead_ns)
            elif news.count:
                self._hand_next(news.ring[news.first], ahead_ns)
                if outside.count > OUTSIDE_MAX:
                    self.send_out()
            elif outside.count:
                self.send_out()
            else:
                return

    def send_out(self) -> None:
        """Send what is for the followers outside of the group."""
        outside = self._outside
        while outside.count:
            news = outside.ring[outside.first]
            outside.drop()
            news.outlet.send_out(news.frame)

    def _add(self, followed: _Member, member: _Member, link: Link) -> None:
        follower = _Follower(member, link)
        for kind in dict.fromkeys([prefix[0] for prefix in link.prefixes]):
            followed.followers[kind].append(follower)

    def _hand_call(self, call: _Call, ahead_ns: int) -> None:
        member = call.member
        engine = member.engine
        if member.outlet.tapped:
            member.outlet.show(call.peer, call.frame)
        now_ns = self._clock.now_ns(0)
        if call.message is None:
            if call.token:
                engine.on_request(call.token, call.frame, now_ns, now_ns + ahead_ns)
            else:
                engine.on_reply(call.peer, call.frame, now_ns, now_ns + ahead_ns)
        elif call.token:
            engine.take_request(call.token, unpack(call.frame), call.message, call.frame, now_ns, now_ns + ahead_ns)
        else:
            engine.take_reply(call.peer, unpack(call.frame), call.message, call.frame, now_ns, now_ns + ahead_ns)

    def _hand_next(self, news: _News, ahead_ns: int) -> None:
        """Hand the first of the news to the next of its followers, oldest follower first."""
        follower = news.followers[news.next]
        news.next += 1
        if news.next == news.last:
            self._news.drop()
        self._hand_news(follower, news, ahead_ns)

    def _hand_news(self, follower: _Follower, news: _News, ahead_ns: int) -> None:
        member = follower.member
        engine = member.engine
        header = news.header
        link = follower.link
        order = link.tracker.observe(header.stream, header.epoch, header.seq)
        if order == UNKNOWN and header.stream != CONTROL_STREAM:
            return
        if member.outlet.tapped:
            member.outlet.show(link.publisher, news.frame)
        now_ns = self._clock.now_ns(0)
        if order != IN_ORDER:
            engine.on_publication(link.publisher, news.frame, now_ns, now_ns + ahead_ns)
            return
        if news.message is None:
            try:
                news.message = decode_frame(header, news.frame)
            except FrameError:
                # The engine refuses and counts it once more, for each follower.
                engine.on_deliver(link.publisher, news.frame, now_ns, now_ns + ahead_ns)
                return
        engine.take_decoded(link, header, news.message, now_ns, now_ns + ahead_ns)


def _without(gone: _Member, followers: list[_Follower]) -> list[_Follower]:
    kept = []
    for each in followers:
        if each.member is not gone:
            kept.append(each)
    return kept


def _call(member: _Member, frame: bytes, message: Message | None, token: bytes, peer: str) -> _Call:
    call = _Call.__new__(_Call)
    call.member = member
    call.frame = frame
    call.message = message
    call.token = token
    call.peer = peer
    return call
