"""Who listens to which stream."""

from agents.paper.subscribers import ACCOUNT, MARKET, Subscriber, Subscribers


def test_a_frame_goes_to_those_who_subscribed_its_stream() -> None:
    sent: list[tuple[int, bytes]] = []
    hub = Subscribers(lambda number, frame: sent.append((number, frame)))
    connections = [Subscriber(1, MARKET), Subscriber(2, MARKET), Subscriber(3, ACCOUNT)]
    for connection in connections:
        hub.add(connection)
    hub.subscribe(connections[0], ["a", "b"])
    hub.subscribe(connections[1], ["a"])
    assert (hub.market_frame("a", b"1"), hub.market_frame("b", b"2"), hub.market_frame("c", b"3")) == (2, 1, 0)
    assert sent == [(1, b"1"), (2, b"1"), (1, b"2")]
    assert (hub.sent, hub.unheard, len(hub)) == (3, 1, 3)
    assert (hub.of_role(MARKET), hub.of_role(ACCOUNT)) == ([1, 2], [3])


def test_who_left_or_closed_hears_nothing_more() -> None:
    sent: list[int] = []
    hub = Subscribers(lambda number, frame: sent.append(number))
    first, second = Subscriber(1, MARKET), Subscriber(2, MARKET)
    for connection in (first, second):
        hub.add(connection)
        hub.subscribe(connection, ["a"])
    hub.unsubscribe(first, ["a", "never subscribed"])
    assert hub.heard("a")
    hub.close(2)
    hub.close(2)
    assert not hub.heard("a")
    assert hub.market_frame("a", b"1") == 0
    assert sent == []
