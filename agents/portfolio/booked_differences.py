"""Differences of balances that an operator has booked: execution is asked to, for it alone writes the account's events."""

from collections.abc import Iterable

from agents.portfolio.followed_account import FollowedAccount
from agents.state.positions import text_e8
from mesh.agent import Context, Outcome, Reply, Request
from schemas.messages import Ack, Transfer

BOOK_TTL_MS = 2_000
TEXT_MAX = 400


class _Booking:
    """Differences that execution was asked to book on an operator's word."""

    def __init__(self, request: Request, waiting: int) -> None:
        self.request = request
        self.waiting = waiting
        self.booked: list[str] = []
        self.refused: list[str] = []


class BookedDifferences:
    """What was asked for and is not answered yet."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[int, _Booking] = {}

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def begin(self, request: Request, text: str, accounts: Iterable[FollowedAccount]) -> bool:
        """Have what differs booked as transfers; return whether there is anything that does.

        Whoever follows the account's order events then has them, and the operator is answered when all are booked.
        """
        wall_ns = self._ctx.wall_ns
        transfers = [
            (each, Transfer(asset, text_e8(value_e8), wall_ns, wall_ns, text))
            for each in accounts
            for asset, value_e8 in each.check.differences_e8.items()
        ]
        booking = _Booking(request, len(transfers))
        for each, transfer in transfers:
            self._waiting[self._ctx.request(each.publisher, transfer, ttl_ms=BOOK_TTL_MS)] = booking
        return bool(transfers)

    def take(self, reply: Reply) -> None:
        """Take execution's answer; answer the operator when every transfer was booked or refused."""
        booking = self._waiting.pop(reply.request_id, None)
        transfer, answer = reply.request, reply.message
        if booking is None or not isinstance(transfer, Transfer):
            return
        line = f"{transfer.asset} {transfer.amount}"
        if isinstance(answer, Ack) and answer.accepted:
            booking.booked.append(line)
        else:
            why = answer.text if isinstance(answer, Ack) else Outcome(reply.outcome).name
            booking.refused.append(f"{line}: {why}")
        booking.waiting -= 1
        if not booking.waiting:
            text = "; ".join(
                [
                    f"booked {', '.join(booking.booked) or 'nothing'}",
                    *(f"not booked {each}" for each in booking.refused),
                ]
            )
            self._ctx.reply(booking.request, Ack(accepted=not booking.refused, text=text[:TEXT_MAX]))
