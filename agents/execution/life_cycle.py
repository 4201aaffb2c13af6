"""What becomes of resting orders when execution stops in order, and of those that it finds when it starts.

At a stop nothing new is taken on, and unless the orders are to be left, every one of ours is canceled; the agent is done
when the venue has confirmed the last one, which the node waits for as long as it may (`Agent.stopping`). An order that is
UNKNOWN, or whose cancel has no end, holds the stop up till then: a stop that comes to its end in time leaves none.

At a start what rests is kept, unless it is to be canceled: then every order of ours that is open when the account has first
agreed with the venue, whichever way it came to be known, for only then are all of them known. Orders that are not ours are
left alone. Those of ours whose log is lost are not told from such: whoever starts with an empty log looks at the venue.
"""

from agents.execution.mass_cancel import MassCancel
from agents.execution.order_table import OrderTable
from agents.execution.readiness import Readiness
from schemas.orders import Reason


class LifeCycle:
    """Ends orders with execution, or with its start, as the configuration says."""

    def __init__(
        self,
        table: OrderTable,
        readiness: Readiness,
        mass_cancel: MassCancel,
        *,
        cancel_at_stop: bool,
        cancel_at_start: bool,
    ) -> None:
        """Take the orders, what says whether they are taken on, and what is to become of those that rest."""
        self._table = table
        self._readiness = readiness
        self._mass_cancel = mass_cancel
        self._cancel_at_stop = cancel_at_stop
        self._cancel_at_start = cancel_at_start
        self._agreed = False

    def on_agreed(self) -> None:
        """Take note that the account agrees with the venue: the first time, nothing of ours is unknown any more."""
        if not self._agreed and self._cancel_at_start:
            self._mass_cancel.own(Reason.CANCELED_AT_START)
        self._agreed = True

    def stopping(self) -> bool:
        """Take nothing on any more, cancel what rests, and return whether nothing of ours is left that should not be."""
        self._readiness.close("execution stops")
        if not self._cancel_at_stop:
            return True
        self._mass_cancel.own(Reason.CANCELED_AT_STOP)
        return all(order.external for order in self._table.open.values())

    def end_run(self) -> None:
        """Take nothing on any more in this life, and cancel every order of ours, on an operator's word."""
        self._readiness.close("the run ends")
        self._mass_cancel.own(Reason.CANCELED_AT_STOP)
