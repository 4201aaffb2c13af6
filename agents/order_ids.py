"""Client order ids: how risk names the orders that it approves, each name once.

This file is compiled (`order_ids.pxd`).
"""

from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def client_order_id(sender: int, epoch: int, n: int, started_ms: int) -> str:
    """Return the id of the `n`-th order that risk `sender` approves in `epoch`: alphanumeric, at most 16 characters.

    The last two tell the start of the epoch apart from others of the same number: epochs begin again with a new state
    folder, and the venue remembers ids.
    """
    return f"{_id_prefix(sender, epoch)}{base62(n, 6)}{base62(started_ms % 62**2, 2)}"


@lru_cache(maxsize=4)
def _id_prefix(sender: int, epoch: int) -> str:
    return f"T{base62(sender)}{base62(epoch, 4)}"


def base62(number: int, width: int = 1) -> str:
    """Return a number in base 62, digits before capitals before small letters, padded with zeros to `width`."""
    text = ""
    while number:
        text = DIGITS[number % 62] + text
        number //= 62
    return text.rjust(width, "0")
