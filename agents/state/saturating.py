"""Numbers of 128 bits that stop at a bound where they would wrap around.

Sums of quantities and money have no bound of their own. No limit is over 2**62, so what is beyond `WIDE_MAX` compares with
each as `WIDE_MAX` does, and the sum of three such numbers still fits. Differences and sums of what is beyond tell nothing.

This file is compiled (`saturating.pxd` has the C types).
"""

NARROW_MAX = 2**62
"""The product of two numbers of this size fits."""
WIDE_MAX = NARROW_MAX * NARROW_MAX


def wide(value: int) -> int:
    """Return a number of any size; `WIDE_MAX` with its sign if it is beyond."""
    try:
        number = value
    except OverflowError:
        return WIDE_MAX if value > 0 else -WIDE_MAX
    return max(-WIDE_MAX, min(WIDE_MAX, number))


def times(one: int, other: int) -> int:
    """Return the product of two numbers; `WIDE_MAX` with its sign if it is beyond."""
    if -NARROW_MAX <= one <= NARROW_MAX and -NARROW_MAX <= other <= NARROW_MAX:
        return one * other
    return wide(_product(one, other))


def _product(one: int, other: int) -> int:
    # Python's integers, of any size.
    return one * other
