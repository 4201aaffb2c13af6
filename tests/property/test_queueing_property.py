"""Orders in a recorded queue, against a queue of single lots in which nothing is estimated."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.paper.market.queue_models import QueueModel
from agents.paper.market.queueing import RestingOrders
from core.book import ASK, BID, OrderBook
from schemas.orders import Side
from tests.unit.agents.paper.paper_kit import make_order

PRICE = 100
OWN = "own"

Step = tuple[str, int]
steps = st.lists(st.tuples(st.sampled_from(("add", "cancel", "trade")), st.integers(1, 9)), max_size=40)


class Queue:
    """One level as a list of lots, oldest first; the order's own are not displayed."""

    def __init__(self, displayed: int, own: int, *, from_behind: bool) -> None:
        self.lots = ["other"] * displayed + [OWN] * own
        self.from_behind = from_behind

    @property
    def ahead(self) -> int:
        return self.lots.index(OWN)

    @property
    def displayed(self) -> int:
        return self.lots.count("other")

    def add(self, count: int) -> None:
        self.lots += ["other"] * count

    def cancel(self, count: int) -> None:
        """Remove what others have, from the end or from the front."""
        places = [place for place, lot in enumerate(self.lots) if lot != OWN]
        for place in sorted(places[-count:] if self.from_behind else places[:count], reverse=True):
            del self.lots[place]

    def displace(self, count: int) -> None:
        """Remove those behind the order whose lots, in the recording, the trade took instead of the order's."""
        places = [place for place, lot in enumerate(self.lots) if lot != OWN]
        for place in sorted(places[:count], reverse=True):
            del self.lots[place]

    def trade(self, count: int) -> int:
        """Take from the front; return how many of the order's own were taken."""
        filled = 0
        for _ in range(min(count, len(self.lots))):
            filled += self.lots.pop(0) == OWN
        return filled


@settings(max_examples=300, deadline=None)
@given(displayed=st.integers(0, 20), own=st.integers(1, 30), steps=steps, from_behind=st.booleans())
def test_queue_position_is_that_of_single_lots(displayed: int, own: int, steps: list[Step], from_behind: bool) -> None:
    book = OrderBook()
    book.update(ASK, PRICE + 5, 1)
    queue = Queue(displayed, own, from_behind=from_behind)
    orders = RestingOrders(book, QueueModel("risk_averse" if from_behind else "optimistic"))
    book.update(BID, PRICE, displayed)
    order = make_order(1, Side.BUY, PRICE, own)
    orders.rest(order)
    for kind, count in steps:
        filled = 0
        if kind == "add":
            queue.add(count)
        elif kind == "cancel":
            queue.cancel(count)
        else:
            # A trade never reaches beyond what others have: the recorded market has no order of ours.
            count = min(count, queue.displayed)
            if not count:
                continue
            ahead = queue.ahead
            filled = queue.trade(count)
            got = orders.on_trade(PRICE, count, Side.SELL)
            assert sum(qty for _, qty in got) == filled == min(own, max(0, count - ahead))
            order.cum_qty_lots += filled
            own -= filled
            queue.displace(filled)
        if not own:
            assert len(orders) == 0
            return
        book.update(BID, PRICE, queue.displayed)
        orders.on_levels([PRICE], [])
        assert orders.ahead_lots(order) == queue.ahead
