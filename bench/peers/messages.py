"""The messages of the chains that are not Tickmesh: msgspec arrays, the fastest general encoding measured here."""

import msgspec


class Tick(msgspec.Struct, array_like=True, gc=False, tag=1):
    """A trade."""

    number: int
    ts_event_ns: int
    price_ticks: int
    qty_lots: int
    aggressor: int


class Wish(msgspec.Struct, array_like=True, gc=False, tag=2):
    """A signal, from a strategy."""

    number: int
    strategy: str
    instrument_id: int
    side: int
    qty_lots: int
    price_ticks: int


class Submit(msgspec.Struct, array_like=True, gc=False, tag=3):
    """An order that may be sent."""

    number: int
    client_order_id: str
    strategy: str
    instrument_id: int
    side: int
    qty_lots: int
    price_ticks: int


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Tick | Wish | Submit).decode


def answer(message: Tick | Wish | Submit) -> bytes:
    """Return what the next agent of the chain is sent."""
    if isinstance(message, Tick):
        return encode(Wish(message.number, "every", 1, 1, message.qty_lots, message.price_ticks))
    assert isinstance(message, Wish)
    name = f"T{message.number}"
    return encode(
        Submit(
            message.number,
            name,
            message.strategy,
            message.instrument_id,
            message.side,
            message.qty_lots,
            message.price_ticks,
        )
    )
