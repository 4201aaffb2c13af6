"""Who is asking, and when: API keys, signatures, timestamps and receive windows, as Binance checks them.

Signed is the query string with the body behind it, without the `signature` parameter, in the order in which it was
sent; over the websocket API the parameters are sorted by name. (binance-spot-api-docs, rest-api.md, "Request
security".)
"""

import hmac
import re
from collections.abc import Mapping

from agents.paper.binance.refusals import Refusal, illegal, mandatory
from agents.paper.call import Call
from agents.venues.binance.signer import signing

RECV_WINDOW_MS = 5_000
RECV_WINDOW_MS_MAX = 60_000
AHEAD_MS_MAX = 1_000
_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")
_NUMBER = r"^[0-9]{1,20}$"
_is_number = re.compile(r"[0-9]{1,20}").fullmatch


def api_key_of(call: Call) -> str | None:
    """Return the API key that came with a call."""
    return call.headers.get("x-mbx-apikey")


class Authenticator:
    """The credentials of the venue's one account."""

    def __init__(self, key: str, secret: str) -> None:
        """Let in who knows `key`, and signs with `secret`, which may be the private key of an Ed25519 or RSA pair (PEM)."""
        self.key = key
        self._sign, self.can_log_in = signing(secret, "the paper venue's account")

    def check_key(self, key: str | None) -> None:
        """Refuse a key that is missing, ill-formed (-2014) or not ours (-2015)."""
        if not key or _KEY.fullmatch(key) is None:
            raise Refusal(-2014, "API-key format invalid.", 401)
        if not hmac.compare_digest(key, self.key):
            raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)

    def check_request(self, call: Call) -> None:
        """Refuse a signed REST request with a wrong key, signature or time."""
        self.check_key(api_key_of(call))
        self._check(call.params, _unsigned(call.query) + _unsigned(call.body), call.wall_ns)

    def check_params(self, params: Mapping[str, object], wall_ns: int) -> None:
        """Refuse a signed websocket request (`apiKey` and `signature` among its parameters)."""
        texts = {name: param_text(value) for name, value in params.items()}
        self.check_key(texts.get("apiKey"))
        payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts) if name != "signature")
        self._check(texts, payload, wall_ns)

    def check_time(self, params: Mapping[str, object], wall_ns: int) -> None:
        """Refuse a websocket request of a session that is not of this time."""
        self._check_time({name: param_text(value) for name, value in params.items()}, wall_ns)

    def sign(self, payload: str) -> str:
        """Return the signature of `payload`."""
        return self._sign(payload)

    def _check(self, params: Mapping[str, str], payload: str, wall_ns: int) -> None:
        if not params.get("signature"):
            raise mandatory("signature")
        self._check_time(params, wall_ns)
        given, right = params["signature"], self.sign(payload)
        if not (hmac.compare_digest(given, right) or hmac.compare_digest(given.lower(), right)):
            raise Refusal(-1022, "Signature for this request is not valid.")

    def _check_time(self, params: Mapping[str, str], wall_ns: int) -> None:
        timestamp = _number(params, "timestamp", None)
        window = _number(params, "recvWindow", RECV_WINDOW_MS)
        if window > RECV_WINDOW_MS_MAX:
            raise Refusal(-1131, "'recvWindow' must be less than 60000.")
        now_ms = wall_ns // 1_000_000
        if timestamp >= now_ms + AHEAD_MS_MAX:
            raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now_ms - timestamp > window:
            raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _unsigned(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))


def param_text(value: object) -> str:
    """Return a parameter of a websocket request as its signature has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(params: Mapping[str, str], name: str, default: int | None) -> int:
    text = params.get(name, "")
    if not text:
        if default is None:
            raise mandatory(name)
        return default
    if _is_number(text):
        return int(text)
    if re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,3}", text) and name == "recvWindow":
        return int(float(text))
    raise illegal(name, _NUMBER)
