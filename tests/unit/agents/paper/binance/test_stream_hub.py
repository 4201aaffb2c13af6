"""Websocket addresses, subscriptions and the user data stream."""

import json

import pytest

from tests.unit.agents.paper.paper_kit import KEY, Desk, sign

NAME = "btcusdt@bookTicker"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def frames(desk: Desk, conn_id: int) -> list[bytes]:
    desk.sent.pop(conn_id, None)
    desk.run(2)
    return desk.sent.get(conn_id, [])


def test_combined_frames_and_raw_data_parts(desk: Desk) -> None:
    desk.exchange.ws_open(1, f"/stream?streams={NAME}/ethusdt@trade", desk.wall_ns)
    desk.exchange.ws_open(2, f"/ws/{NAME}", desk.wall_ns)
    desk.run(2)
    assert desk.sent[1]
    assert [json.loads(frame) for frame in desk.sent[2]] == [json.loads(frame)["data"] for frame in desk.sent[1]]
    assert desk.sent[1][0] == b'{"stream":"btcusdt@bookTicker","data":' + desk.sent[2][0] + b"}"


@pytest.mark.parametrize("route", ["/public", "/market", "/private"])
def test_routes_of_usdm_mean_the_same(desk: Desk, route: str) -> None:
    assert desk.exchange.ws_open(1, f"{route}/stream?streams={NAME}", desk.wall_ns)
    assert frames(desk, 1)


def test_subscribe_list_and_unsubscribe(desk: Desk) -> None:
    desk.exchange.ws_open(1, "/ws", desk.wall_ns)

    def ask(method: str, params: list[object]) -> object:
        desk.exchange.ws_message(1, json.dumps({"method": method, "params": params, "id": 5}), desk.wall_ns)
        answer = json.loads(desk.sent[1][-1])
        assert answer.pop("id") == 5
        return answer

    assert frames(desk, 1) == []
    assert ask("SUBSCRIBE", [NAME]) == {"result": None}
    assert frames(desk, 1)
    assert ask("LIST_SUBSCRIPTIONS", []) == {"result": [NAME]}
    assert ask("SET_PROPERTY", ["combined", True]) == {"result": None}
    assert b'"stream"' in frames(desk, 1)[0]
    assert ask("UNSUBSCRIBE", [NAME]) == {"result": None}
    assert frames(desk, 1) == []
    assert "error" in str(ask("SHOUT", []))
    assert "error" in str(ask("SUBSCRIBE", [7]))


def test_hostile_messages_are_answered_with_an_error(desk: Desk) -> None:
    desk.exchange.ws_open(1, "/ws", desk.wall_ns)
    desk.exchange.ws_open(2, "/ws-api/v3", desk.wall_ns)
    for text in ("", "[" * 5000, '{"method":3}', '"x"'):
        for conn_id in (1, 2):
            desk.exchange.ws_message(conn_id, text, desk.wall_ns)
            assert b'"error"' in desk.sent[conn_id][-1]


def test_unknown_addresses_are_not_served(desk: Desk) -> None:
    assert not desk.exchange.ws_open(1, "/nothing", desk.wall_ns)
    assert not desk.exchange.ws_open(1, "/", desk.wall_ns)


def test_user_stream_needs_a_good_signature(desk: Desk) -> None:
    desk.exchange.ws_open(1, "/ws-api/v3", desk.wall_ns)
    params = {"apiKey": KEY, "timestamp": desk.wall_ns // 1_000_000, "signature": sign("other")}
    request = {"id": "a", "method": "userDataStream.subscribe.signature", "params": params}
    desk.exchange.ws_message(1, json.dumps(request), desk.wall_ns)
    answer = json.loads(desk.sent[1][0])
    assert (answer["id"], answer["status"], answer["error"]["code"]) == ("a", 400, -1022)
    desk.order("BUY", "0.01", "50000")
    assert len(desk.sent[1]) == 1


def test_user_stream_events_carry_their_subscription(desk: Desk) -> None:
    conn_id = desk.listen()
    assert json.loads(desk.sent[conn_id][0])["result"] == {"subscriptionId": 0}
    desk.order("BUY", "0.01", "50000")
    assert json.loads(desk.sent[conn_id][1])["subscriptionId"] == 0
    assert [event["e"] for event in desk.events()] == ["executionReport", "outboundAccountPosition"]


def test_listen_key_carries_the_same_events(desk: Desk) -> None:
    reply = desk.reply("POST", "/api/v3/userDataStream", "")
    key = json.loads(reply.body)["listenKey"]
    assert desk.exchange.ws_open(3, f"/ws/{key}", desk.wall_ns)
    desk.order("BUY", "0.01", "50000")
    assert [json.loads(frame)["e"] for frame in desk.sent[3]] == ["executionReport", "outboundAccountPosition"]


HOUR_NS = 3_600 * 10**9


def listen_key(desk: Desk) -> str:
    """Ask for the account's listen key."""
    key: str = json.loads(desk.reply("POST", "/api/v3/userDataStream", "").body)["listenKey"]
    return key


def later(desk: Desk, duration_ns: int) -> None:
    """Let the time pass without a market."""
    desk.exchange.halted = True
    desk.wall_ns += duration_ns
    desk.exchange.advance(desk.wall_ns)


def test_expired_listen_key_tells_its_connections_and_closes_them(desk: Desk) -> None:
    key = listen_key(desk)
    for conn_id in (3, 4):
        assert desk.exchange.ws_open(conn_id, f"/ws/{key}", desk.wall_ns)
    desk.listen(5)
    began_ns = desk.wall_ns
    later(desk, HOUR_NS - 1)
    assert desk.closed == []
    assert desk.exchange.advance(desk.wall_ns) == began_ns + HOUR_NS, "the venue asks to be called when the key ends"
    later(desk, 1)
    told = {"e": "listenKeyExpired", "E": desk.wall_ns // 1_000_000, "listenKey": key}
    assert [[json.loads(frame) for frame in desk.sent[conn_id]] for conn_id in (3, 4)] == [[told], [told]]
    assert desk.closed == [3, 4]
    assert desk.exchange.ws_open(6, f"/ws/{key}", desk.wall_ns), "any name may be listened to"
    desk.order("BUY", "0.01", "50000")
    assert 6 not in desk.sent
    assert json.loads(desk.reply("PUT", "/api/v3/userDataStream", f"listenKey={key}").body)["code"] == -1125
    assert listen_key(desk) != key


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_listen_key_lives_an_hour_from_its_last_keepalive(desk: Desk, method: str) -> None:
    key = listen_key(desk)
    assert desk.exchange.ws_open(3, f"/ws/{key}", desk.wall_ns)
    later(desk, HOUR_NS - 1)
    if method == "PUT":
        assert desk.reply("PUT", "/api/v3/userDataStream", f"listenKey={key}").status == 200
    else:
        assert listen_key(desk) == key, "an account has one listen key at a time"
    later(desk, HOUR_NS - 1)
    assert desk.closed == []
    later(desk, 1)
    assert desk.closed == [3]


def test_deleted_listen_key_closes_its_connections_without_a_word(desk: Desk) -> None:
    key = listen_key(desk)
    assert desk.exchange.ws_open(3, f"/ws/{key}", desk.wall_ns)
    assert desk.reply("DELETE", "/api/v3/userDataStream", f"listenKey={key}").status == 200
    assert desk.closed == [3]
    desk.order("BUY", "0.01", "50000")
    assert 3 not in desk.sent
    for method in ("PUT", "DELETE"):
        assert json.loads(desk.reply(method, "/api/v3/userDataStream", f"listenKey={key}").body)["code"] == -1125
    later(desk, 2 * HOUR_NS)
    assert 3 not in desk.sent


def test_closed_connection_gets_nothing_more(desk: Desk) -> None:
    desk.exchange.ws_open(1, f"/stream?streams={NAME}", desk.wall_ns)
    desk.exchange.ws_close(1)
    assert frames(desk, 1) == []


def test_time_and_ping_over_the_websocket_api(desk: Desk) -> None:
    desk.exchange.ws_open(1, "/ws-api/v3", desk.wall_ns)
    desk.exchange.ws_message(1, '{"id":1,"method":"time"}', desk.wall_ns)
    assert json.loads(desk.sent[1][0])["result"] == {"serverTime": desk.wall_ns // 1_000_000}
