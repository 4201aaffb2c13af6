"""Answers to whoever asks what is open and held, by the venue's own word and without wearing out its patience.

An operator's command asks again and again until all is gone, far more often than a venue may be asked. So an answer is the
newest look at the account, whoever had it made, as long as it is fresh; else one look is made for all who wait for it.
"""

from collections.abc import Mapping

from agents.instruments import InstrumentInfo
from agents.reaper.account_calls import AccountCalls, AccountLook, held
from mesh.context import Context, Request
from schemas.messages import OpenOrdersAnswer, OpenOrdersRequest
from schemas.units import MS

FRESH_NS = 2_000 * MS
"""A look that began no longer ago is an answer."""
NAMED_MAX = 1_000
"""Orders that are named in an answer; a frame has a bound."""


class AccountAnswers:
    """Who waits for an answer, and what the answer is."""

    def __init__(self, calls: AccountCalls, instruments: Mapping[int, InstrumentInfo]) -> None:
        """Answer with what `calls` see of `instruments`."""
        self._calls = calls
        self._instruments = instruments
        self._waiting: list[Request] = []

    def on_request(self, request: Request) -> None:
        """Answer with what was seen just now, or as soon as it is."""
        calls = self._calls
        now_ns = calls.ctx.now_ns
        seen = calls.seen
        if seen is not None and now_ns - seen.began_ns <= FRESH_NS and (seen.trouble or calls.balances_e8 is not None):
            self._answer(calls.ctx, request, seen)
        elif calls.wait_ns():
            blocked = AccountLook(now_ns)
            blocked.trouble = f"the venue asked not to be called for {calls.wait_ns() / 1e9:.1f} s"
            self._answer(calls.ctx, request, blocked)
        else:
            self._waiting.append(request)
            if len(self._waiting) == 1:
                calls.look(self._on_look, balances=True)

    def _on_look(self, look: AccountLook) -> None:
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            self._answer(self._calls.ctx, request, look)

    def _answer(self, ctx: Context, request: Request, look: AccountLook) -> None:
        asked = request.message
        assert isinstance(asked, OpenOrdersRequest)
        found = [order.client_order_id for order in look.orders if asked.instrument_id in (0, order.instrument_id)]
        trouble = look.trouble or ("the reaper does not know orders by strategy" if asked.strategy else "")
        positions = {} if look.trouble else held(self._instruments, self._calls.balances_e8, self._calls.positions)
        ctx.reply(request, OpenOrdersAnswer(tuple(found[:NAMED_MAX]), (), positions, trouble))
