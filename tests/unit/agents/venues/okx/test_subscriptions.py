"""Subscribing at OKX: many arguments in one message, an answer to each."""

import json

from agents.venues.okx.subscriptions import ARGS_MAX, OkxSubscriptions, event_of, message
from agents.venues.reports import SubscriptionReply

NAMES = ["trades:BTC-USDT", "books:BTC-USDT", "books:ETH-USDT"]


def ack(name, event="subscribe"):
    channel, _, instrument = name.partition(":")
    return json.dumps({"event": event, "arg": {"channel": channel, "instId": instrument}, "connId": "a"}).encode()


def test_a_request_is_through_when_each_of_its_arguments_is():
    subscribed = OkxSubscriptions({"public": NAMES})
    (request,) = subscribed.requests("public")
    assert request.message == {
        "id": "sub1",
        "op": "subscribe",
        "args": [
            {"channel": "trades", "instId": "BTC-USDT"},
            {"channel": "books", "instId": "BTC-USDT"},
            {"channel": "books", "instId": "ETH-USDT"},
        ],
    }
    replies = [subscribed.reply_of(ack(name)) for name in (NAMES[1], NAMES[0], NAMES[0], NAMES[2])]
    assert [reply.request == request.id for reply in replies] == [False, False, False, True]
    assert all(reply.accepted for reply in replies)


def test_a_connection_that_comes_up_again_begins_anew():
    subscribed = OkxSubscriptions({"public": NAMES[:1]})
    subscribed.requests("public")
    assert subscribed.reply_of(ack(NAMES[0])).request == "sub1"
    subscribed.requests("public")
    assert subscribed.reply_of(ack(NAMES[0])).request == "sub1"


def test_many_channels_are_asked_for_in_messages_of_less_than_64_kb():
    names = [f"books-l2-tbt:SOME-LONG-NAME-{number}-SWAP" for number in range(2 * ARGS_MAX + 1)]
    requests = OkxSubscriptions({"public": names}).requests("public")
    assert [len(request.message["args"]) for request in requests] == [ARGS_MAX, ARGS_MAX, 1]
    assert max(len(json.dumps(request.message)) for request in requests) < 64_000


def test_an_error_is_of_the_request_that_it_names():
    subscribed = OkxSubscriptions({"public": NAMES})
    (request,) = subscribed.requests("public")
    named = b'{"id":"sub1","event":"error","code":"60012","msg":"Invalid request"}'
    assert subscribed.reply_of(named) == SubscriptionReply(request.id, False, "60012 Invalid request", lasting=True)
    told = "Wrong URL or channel:books,instId:ETH-USDT doesn't exist."
    error = json.dumps({"event": "error", "code": "60018", "msg": told}).encode()
    assert subscribed.reply_of(error) == SubscriptionReply(request.id, False, f"60018 {told}", lasting=True)
    assert subscribed.reply_of(b'{"event":"error","code":"60011","msg":"Please log in"}').request == request.id


def test_what_is_sent_again_are_the_arguments_that_were_not_acknowledged():
    subscribed = OkxSubscriptions({"public": NAMES})
    (request,) = subscribed.requests("public")
    subscribed.reply_of(ack(NAMES[0]))
    subscribed.reply_of(b'{"id":"sub1","event":"error","code":"60014","msg":"Requests too frequent"}')
    again = subscribed.again(request)
    assert again.id == "sub1"
    assert again.message["args"] == [
        {"channel": "books", "instId": "BTC-USDT"},
        {"channel": "books", "instId": "ETH-USDT"},
    ]
    assert [subscribed.reply_of(ack(name)).request for name in NAMES[1:]] == ["books:BTC-USDT", "sub1"]


def test_only_some_refusals_last():
    subscribed = OkxSubscriptions({"public": NAMES})
    subscribed.requests("public")
    frame = '{"id":"sub1","event":"error","code":"%s","msg":""}'
    lasting = {code: subscribed.reply_of((frame % code).encode()).lasting for code in ("60014", "60018", "60029")}
    assert lasting == {"60014": False, "60018": True, "60029": True}


def test_other_frames_are_no_answers():
    subscribed = OkxSubscriptions({"public": NAMES})
    assert subscribed.reply_of(b'{"event":"notice","code":"64008","msg":"soon"}') is None
    assert subscribed.reply_of(b"pong") is None
    assert subscribed.reply_of(ack(NAMES[0], "unsubscribe")).accepted


def test_a_notice_is_an_event():
    event = event_of(b'{"event":"notice","code":"64008","msg":"soon","connId":"a"}')
    assert (event.event, event.code) == ("notice", "64008")
    assert event_of(b'{"arg":{"channel":"books"}}') is None
    assert message("unsubscribe", ["books:BTC-USDT"]) == {
        "op": "unsubscribe",
        "args": [{"channel": "books", "instId": "BTC-USDT"}],
    }
