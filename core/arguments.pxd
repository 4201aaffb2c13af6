"""Arguments that Python gives, checked: a whole number within bounds, or an error that names it."""

from cpython.number cimport PyNumber_Index
from libc.stdint cimport int64_t


cdef inline int64_t whole(name, value, int64_t least, int64_t most) except -1:
    allowed = f"{name} must be a whole number from {least} to {most}{' (0 is off)' if least == 0 else ''}"
    try:
        number = PyNumber_Index(value)
    except TypeError:
        raise ValueError(f"{allowed}, found {value!r}") from None
    if not least <= number <= most:
        raise ValueError(f"{allowed}, found {value!r}")
    return number
