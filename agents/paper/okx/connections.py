"""One connection of OKX's, public or private: what it is called, what was said on it, and the answers that both give."""

from typing import Any

import msgspec

from agents.paper.dialect import Floor
from agents.paper.okx.answers import Json
from agents.paper.subscribers import Subscriber

TOO_LONG = 64 * 1024


class OkxConnection(Subscriber, eq=False):
    """One websocket, and what it is called; a private one has arguments of channels instead of streams."""

    name: str = ""
    business: bool = False
    """Whether it is the one that has the bars, and nothing else of the market."""
    logged_in: bool = False
    args: dict[str, Json] = {}


class OkxRequest(msgspec.Struct):
    """One message of a client."""

    op: str
    id: str = ""
    args: list[Any] = []
    expTime: str | int = ""


def parsed(floor: Floor, connection: OkxConnection, text: str) -> OkxRequest | None:
    """Return a message, None if it is a ping, which is answered, or can't be read, which is refused."""
    if text == "ping":
        floor.send(connection.id, b"pong")
        return None
    try:
        if len(text) > TOO_LONG:
            raise msgspec.ValidationError("too long")
        return msgspec.json.decode(text, type=OkxRequest)
    except (msgspec.MsgspecError, RecursionError):
        refuse(floor, connection, "", 60012, f"Invalid request: {text[:200]}")
        return None


def acknowledge(floor: Floor, connection: OkxConnection, op: str, number: str, arg: Any) -> None:
    """Say that a channel is subscribed, or is not any more."""
    head = {"id": number} if number else {}
    body = {"event": op, "arg": arg, "connId": connection.name}
    floor.send(connection.id, msgspec.json.encode(head | body))


def refuse(floor: Floor, connection: OkxConnection, number: str, code: int, said: str) -> None:
    """Say that a message is not carried out."""
    head = {"id": number} if number else {}
    body = {"event": "error", "code": str(code), "msg": said, "connId": connection.name}
    floor.send(connection.id, msgspec.json.encode(head | body))


def notice(floor: Floor, connection: OkxConnection) -> None:
    """Say that a connection will be closed."""
    said = "The connection will soon be closed for a service upgrade. Please reconnect."
    body = {"event": "notice", "code": "64008", "msg": said, "connId": connection.name}
    floor.send(connection.id, msgspec.json.encode(body))
