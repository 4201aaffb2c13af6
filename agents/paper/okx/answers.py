"""How OKX answers over REST: a code, a message, and a list."""

from typing import Any

from agents.paper.call import HttpReply, json_reply
from schemas.errors import TickmeshError

Json = dict[str, Any]


class OkxRefusal(TickmeshError):
    """A request that is not carried out: OKX's code and words, and the status of the reply."""

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        """Keep what the answer will hold."""
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status


def answer(data: list[Any]) -> Json:
    """Return an answer that is as asked for."""
    return {"code": "0", "msg": "", "data": data}


def refused(refusal: OkxRefusal) -> HttpReply:
    """Return the reply to a request that is refused."""
    return json_reply({"code": str(refusal.code), "msg": refusal.text, "data": []}, refusal.status)


def missing(name: str) -> OkxRefusal:
    """Return the refusal of a request without a parameter that it must have."""
    return OkxRefusal(50014, f"Parameter {name} can not be empty.", 400)


def wrong(name: str) -> OkxRefusal:
    """Return the refusal of a parameter."""
    return OkxRefusal(51000, f"Parameter {name} error", 400)
