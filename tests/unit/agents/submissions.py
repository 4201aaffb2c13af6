"""Submissions as risk makes them: the record of a decision that it has published."""

from core.frame import pack, unpack
from mesh.protocol.codec import encode, type_number
from schemas.messages import Approved, Message, SubmitOrder
from schemas.orders import Side, TimeInForce
from schemas.streams import Kind, stream_id

RISK, EPOCH = 9, 1
"""Who `FakeContext.ask` asks as, and in which life."""

_SEQS: dict[str, int] = {}


def approved(
    client_id: str = "T1",
    qty: int = 100_000,
    price: int = 10_000,
    side: int = Side.BUY,
    time_in_force: int = TimeInForce.GTC,
    instrument: int = 1,
    strategy: str = "maker",
) -> Approved:
    """Return an approval on these terms."""
    return Approved(1, client_id, strategy, instrument, side, qty, price, time_in_force, ((1, 2, 3),), 2, 1)


def record_of(message: Message, *, seq: int = 1, sender: int = RISK, epoch: int = EPOCH, **header: int) -> bytes:
    """Return the record of a publication, on the decision stream of the message's instrument unless told otherwise."""
    stream = header.pop("stream", None)
    if stream is None:
        stream = stream_id(Kind.DECISION, 0, getattr(message, "instrument_id", 0))
    return pack(
        stream=stream,
        type=type_number(message),
        sender=sender,
        epoch=epoch,
        seq=seq,
        payload=encode(message),
        **header,
    )


def submission(decision: Approved, **header: int) -> SubmitOrder:
    """Return the submission of a decision: the same place for each client order id unless told otherwise."""
    seq = header.pop("seq", None) or _SEQS.setdefault(decision.client_order_id, len(_SEQS) + 1)
    return SubmitOrder(record_of(decision, seq=seq, **header))


def place_of(message: SubmitOrder) -> tuple[int, int, int]:
    """Return where the decision of a submission stands: what an order on it names as its cause."""
    header = unpack(message.decision)
    return header.stream, header.epoch, header.seq
