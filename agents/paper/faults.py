"""How the venue can be told to misbehave, for tests: a small table of faults that are used up.

Told by `POST /paper/fault` from loopback, `{"fault": NAME, ...}`. With an `endpoint`, which is a path or a method and a
path ("POST /api/v3/order"), a fault of requests is one of requests to that endpoint; without one, those of requests that
are carried out or not are faults of order creates. Orders over a websocket are the REST request of their meaning. Which
fault works in which dialect: docs/configuration.md.

| fault | fields | effect |
|---|---|---|
| drop_reply | count, endpoint | the next such requests are carried out, their replies dropped and the connection closed |
| error_after | count, status, endpoint | the next such requests are carried out and answered as when a venue breaks down |
| error_before | count, status, endpoint | the next such requests are answered so and not carried out |
| rate_limit | count, retry_after, endpoint | the next requests are answered as the venue answers one too many |
| ban | retry_after | the client is banned for so many seconds from now on |
| clock | ms | the venue's clock shows so much more than ours, or less, until the faults are forgotten |
| delay | count, ms, endpoint | the replies to the next requests are held back |
| hide | count, seconds | the next orders cannot be found by queries for so long after their creation |
| mute_user | count | the next frames of the user data stream are dropped |
| repeat_user | count | the next changes of orders are told twice, where the venue may do so |
| early_user | count | the next requests that change orders are answered after the changes are told, not before |
| late | count, ms | the next requests that change orders are found to have waited so long before they are looked at |
| shutdown | seconds | every websocket is told that it will be closed, where the venue does that, and then is |
| close_user, close_market | | every such websocket is closed now |
| drop_market | count, stream | the next frames of that market stream (all if empty) are dropped |
| silence | seconds, stream | no frame of that market stream (all if empty) is sent for so long, whatever its connection |
| reset_sequence | stream | the numbers of that book (all if empty) begin anew, as after a restart of the venue's service |
| clear | | all faults are forgotten |
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from agents.paper.orders import VenueOrder
from schemas.units import MS

Answer = TypeVar("Answer")

FAULTS = frozenset(
    {
        "drop_reply",
        "error_after",
        "error_before",
        "rate_limit",
        "ban",
        "clock",
        "delay",
        "hide",
        "mute_user",
        "repeat_user",
        "early_user",
        "late",
        "shutdown",
        "close_user",
        "close_market",
        "drop_market",
        "silence",
        "reset_sequence",
        "clear",
    }
)


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One fault as it is told; `count` says how often it still happens."""

    fault: str
    count: int = 1
    status: int = 503
    retry_after: int = 1
    ms: int = 0
    seconds: float = 0.0
    stream: str = ""
    endpoint: str = ""


class FaultTable:
    """The faults that are still to happen."""

    def __init__(self) -> None:
        """Begin without faults."""
        self._pending: dict[tuple[str, str], Fault] = {}
        self._silent_until_ns: dict[str, int] = {}
        self.clock_ns = 0
        """What the venue's clock shows more than it should."""

    def tell(self, fault: Fault) -> None:
        """Take on a fault; it replaces one of the same name and stream or endpoint."""
        if fault.fault == "clear":
            self._pending.clear()
            self._silent_until_ns.clear()
            self.clock_ns = 0
        elif fault.fault == "clock":
            self.clock_ns = fault.ms * MS
        else:
            self._pending[fault.fault, fault.stream or fault.endpoint] = fault

    def use(self, name: str, *places: str) -> Fault | None:
        """Return the fault of that name if it is to happen now, at one of `places` or anywhere, and use it up by one."""
        return self.use_at(name, *places, "")

    def use_at(self, name: str, *places: str) -> Fault | None:
        """Return the fault of that name if it is to happen at one of `places`, and use it up by one."""
        for place in places if self._pending else ():
            fault = self._pending.get((name, place))
            if fault is not None:
                fault.count -= 1
                if fault.count <= 0:
                    del self._pending[name, place]
                return fault
        return None

    def silence(self, stream: str, until_ns: int) -> None:
        """Have nothing of a market stream, or of all if it is empty, be sent up to a time."""
        self._silent_until_ns[stream] = until_ns

    def silent(self, stream: str, wall_ns: int) -> bool:
        """Return whether nothing of a market stream is sent now."""
        return bool(self._silent_until_ns) and any(
            wall_ns < self._silent_until_ns.get(each, 0) for each in (stream, "")
        )

    def answering(
        self, places: tuple[str, ...], do: Callable[[], Answer], failed: Callable[[int, bool], Answer]
    ) -> Answer | None:
        """Return the answer to a request to the endpoint that `places` name, which is no create: as `creating` does."""
        before = self.use_at("error_before", *places)
        if before is not None:
            return failed(before.status, False)
        answer = do()
        after = self.use_at("error_after", *places)
        if after is not None:
            return failed(after.status, True)
        return None if self.use_at("drop_reply", *places) is not None else answer

    def creating(
        self,
        places: tuple[str, ...],
        orders: dict[int, VenueOrder],
        wall_ns: int,
        create: Callable[[], Answer],
        failed: Callable[[int, bool], Answer],
    ) -> Answer | None:
        """Return the answer to a request that is to create an order in `orders`, as the faults have it.

        `create` carries it out; `failed(status, executed)` is what a venue says that broke down before or after that.
        None means that no answer is given, and the connection is closed.
        """
        before = self.use("error_before", *places)
        if before is not None:
            return failed(before.status, False)
        count = len(orders)
        answer = create()
        if len(orders) == count:
            return answer
        hidden = self.use("hide", *places)
        if hidden is not None:
            order = next(reversed(orders.values()))
            order.hidden_until_ns = wall_ns + int(hidden.seconds * 1e9)
        after = self.use("error_after", *places)
        if after is not None:
            return failed(after.status, True)
        return None if self.use("drop_reply", *places) is not None else answer
