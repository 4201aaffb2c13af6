"""How the venue can be told to misbehave, for tests: a small table of faults that are used up.

Told by `POST /paper/fault` from loopback, `{"fault": NAME, ...}`:

| fault | fields | effect |
|---|---|---|
| drop_reply | count | the next order creates are carried out, their replies dropped and the connection closed |
| error_after | count, status | the next order creates are carried out and answered as a venue does that broke down |
| error_before | count, status | the next order creates are answered so and not carried out |
| rate_limit | count, retry_after | the next requests are answered as the venue answers one too many |
| ban | retry_after | the client is banned for so many seconds from now on |
| clock | ms | the venue's clock shows so much more than ours, or less, until the faults are forgotten |
| delay | count, ms | the replies to the next requests are held back |
| hide | count, seconds | the next orders cannot be found by queries for so long after their creation |
| mute_user | count | the next frames of the user data stream are dropped |
| repeat_user | count | the next changes of orders are told twice, where the venue may do so |
| early_user | count | the next requests that change orders are answered after the changes are told, not before |
| late | count, ms | the next requests that change orders are found to have waited so long before they are looked at |
| shutdown | seconds | every websocket is told that it will be closed, where the venue does that, and then is |
| close_user, close_market | | every such websocket is closed now |
| drop_market | count, stream | the next frames of that market stream (all if empty) are dropped |
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


class FaultTable:
    """The faults that are still to happen."""

    def __init__(self) -> None:
        """Begin without faults."""
        self._pending: dict[tuple[str, str], Fault] = {}
        self.clock_ns = 0
        """What the venue's clock shows more than it should."""

    def tell(self, fault: Fault) -> None:
        """Take on a fault; it replaces one of the same name and stream."""
        if fault.fault == "clear":
            self._pending.clear()
            self.clock_ns = 0
        elif fault.fault == "clock":
            self.clock_ns = fault.ms * MS
        else:
            self._pending[fault.fault, fault.stream] = fault

    def use(self, name: str, stream: str = "") -> Fault | None:
        """Return the fault of that name if it is to happen now, and use it up by one."""
        if not self._pending:
            return None
        for key in ((name, stream), (name, "")):
            fault = self._pending.get(key)
            if fault is not None:
                fault.count -= 1
                if fault.count <= 0:
                    del self._pending[key]
                return fault
        return None

    def creating(
        self,
        orders: dict[int, VenueOrder],
        wall_ns: int,
        create: Callable[[], Answer],
        failed: Callable[[int, bool], Answer],
    ) -> Answer | None:
        """Return the answer to a request that is to create an order in `orders`, as the faults have it.

        `create` carries it out; `failed(status, executed)` is what a venue says that broke down before or after that.
        None means that no answer is given, and the connection is closed.
        """
        before = self.use("error_before")
        if before is not None:
            return failed(before.status, False)
        count = len(orders)
        answer = create()
        if len(orders) == count:
            return answer
        hidden = self.use("hide")
        if hidden is not None:
            order = next(reversed(orders.values()))
            order.hidden_until_ns = wall_ns + int(hidden.seconds * 1e9)
        after = self.use("error_after")
        if after is not None:
            return failed(after.status, True)
        return None if self.use("drop_reply") is not None else answer
