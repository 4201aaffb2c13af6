"""Decimal text to whole counts of a tick or lot, and back, exactly.

Venues write prices and quantities as decimal strings; inside, both are integers: how many ticks, how many lots. A
`Scale` is one such unit, held as an integer mantissa over a power of ten, so that parsing is integer arithmetic on
the digits as they stand and no binary float is ever between. Text that is not a whole number of units is an error
and is never rounded.

`pack_levels` turns the level lists of a venue's book message into the packed form that `core.book` applies, reading
the characters in place: no object is made per level.

Exponents, signs, blanks and digits of other scripts are refused: no venue sends them in a price.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from core.levels cimport COUNT_MAX, level_at, level_t, uint128_t

from schemas.errors import DecimalError

cdef extern from "Python.h":
    int PyUnicode_1BYTE_KIND
    int PyUnicode_KIND(object text)
    uint8_t* PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1
    object PyUnicode_DecodeASCII(const char* text, Py_ssize_t size, const char* errors)
    object PySequence_Fast(object sequence, const char* message)
    Py_ssize_t PySequence_Fast_GET_SIZE(object sequence)
    PyObject* PySequence_Fast_GET_ITEM(object sequence, Py_ssize_t index)

cdef enum:
    TEXT_MAX = 48  # 37 digits, as 2**63 * MANTISSA_MAX has, a zero, a point and a sign

cdef int DECIMALS_MAX = 18
cdef object MANTISSA_MAX = 10**18
# Any number with more digits before and behind the point exceeds COUNT_MAX * MANTISSA_MAX < 10**37; with these or
# fewer it fits 128 bits.
cdef size_t DIGITS_MAX = 38
# So many characters and decimals together make a number below 10**19, which fits 64 bits: most of what a venue sends.
cdef size_t NARROW_MAX = 19

cdef uint64_t[19] POWERS
cdef int exponent
for exponent in range(DECIMALS_MAX + 1):
    POWERS[exponent] = <uint64_t>(10 ** <object>exponent)


@cython.final
@cython.binding(False)
cdef class Scale:
    """One tick or lot size, such as `Scale("0.01")`; immutable, equal when the units are.

    `unit` is the normalised text ("0.10" becomes "0.1") and `decimals` the digits behind its point.

    Raises:
        DecimalError: If `unit` is not a plain positive decimal of at most 18 decimals and at most 10**18 of the last.
    """

    def __cinit__(self, unit: str) -> None:
        whole, point, fraction = unit.partition(".")
        digits = whole + fraction
        if not (digits.isascii() and digits.isdigit() and whole and bool(point) == bool(fraction)):
            raise DecimalError(f"unit {unit!r}: allowed is a plain positive decimal such as '0.01'")
        fraction = fraction.rstrip("0")
        mantissa = int(whole + fraction)
        if not 0 < mantissa <= MANTISSA_MAX or len(fraction) > DECIMALS_MAX:
            raise DecimalError(f"unit {unit!r}: allowed are 1 to 10**18 with at most {DECIMALS_MAX} decimals")
        self.mantissa = mantissa
        self.decimals = len(fraction)
        self.power = POWERS[self.decimals]
        self.unit = self.format(1)

    cpdef object parse(self, text):
        """Return how many units `text` is, exactly.

        Raises:
            DecimalError: If `text` is not a plain non-negative decimal, not a whole number of units, or over 2**62
                units.
        """
        cdef int64_t count = 0
        cdef int status = parse_object(self, text, &count)
        if status:
            raise refusal(self, text, status)
        return count

    cpdef str format(self, ticks):
        """Return `ticks` units as decimal text with exactly `decimals` digits behind the point, never an exponent."""
        cdef int overflow = 0
        cdef long long count = PyLong_AsLongLongAndOverflow(ticks, &overflow)
        if overflow:
            return place_point(str(abs(ticks) * self.mantissa), self.decimals, overflow < 0)
        return format_count(count, self.mantissa, self.decimals)

    def to_float(self, ticks: int) -> float:
        """Return the float nearest to `ticks` units, for indicators and strategies; never for money."""
        return ticks * self.mantissa / <object>POWERS[self.decimals]

    cdef int parse_c(self, const uint8_t* text, size_t size, int64_t* out) noexcept nogil:
        return parse_digits(text, size, self.mantissa, self.decimals, out)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scale):
            return NotImplemented
        return self.unit == (<Scale>other).unit

    def __hash__(self) -> int:
        return hash(self.unit)

    def __repr__(self) -> str:
        return f"Scale({self.unit!r})"


def pack_levels(levels: Sequence[Sequence[str]], Scale price not None, Scale qty not None) -> bytes:
    """Return `[[price, quantity, ...], ...]` as packed levels: little-endian i64 price_ticks, i64 qty_lots pairs.

    A level is a list or tuple of text; what stands behind its first two items is ignored.

    Raises:
        DecimalError: If a price or quantity is not exact in its scale, or a level has fewer than two items.
    """
    cdef object fast = PySequence_Fast(levels, "levels must be a sequence")
    cdef Py_ssize_t count = PySequence_Fast_GET_SIZE(fast)
    cdef bytes packed = PyBytes_FromStringAndSize(NULL, count * sizeof(level_t))
    cdef char* target = PyBytes_AS_STRING(packed)
    cdef level_t level
    cdef Py_ssize_t i
    for i in range(count):
        pack_level(<object>PySequence_Fast_GET_ITEM(fast, i), price, qty, &level)
        memcpy(target + i * sizeof(level_t), &level, sizeof(level_t))
    return packed


def unpack_levels(bytes data not None) -> list[tuple[int, int]]:
    """Return packed levels as (price_ticks, qty_lots) pairs in their order.

    Raises:
        ValueError: If the length of `data` is not a multiple of 16.
    """
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef const uint8_t* source = <const uint8_t*>PyBytes_AS_STRING(data)
    cdef level_t level
    cdef Py_ssize_t i
    if size % sizeof(level_t):
        raise ValueError(f"packed levels of {size} bytes: allowed is a multiple of {sizeof(level_t)}")
    levels = []
    for i in range(size // <Py_ssize_t>sizeof(level_t)):
        level = level_at(source, <size_t>i)
        levels.append((level.price_ticks, level.qty_lots))
    return levels


cdef int pack_level(object level, Scale price, Scale qty, level_t* out) except -1:
    if not isinstance(level, (list, tuple)):
        raise TypeError(f"a level must be a list or tuple, not {type(level).__name__}")
    if PySequence_Fast_GET_SIZE(level) < 2:
        raise DecimalError(f"level {level!r}: allowed is a price and a quantity")
    pack_number(<object>PySequence_Fast_GET_ITEM(level, 0), price, &out.price_ticks)
    pack_number(<object>PySequence_Fast_GET_ITEM(level, 1), qty, &out.qty_lots)
    return 0


cdef inline int pack_number(object text, Scale scale, int64_t* out) except -1:
    cdef int status = parse_object(scale, text, out)
    if status:
        raise refusal(scale, text, status)
    return 0


cdef inline int parse_object(Scale scale, object text, int64_t* out) except? -1:
    if isinstance(text, str):
        if PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND:
            return NOT_PLAIN
        return scale.parse_c(PyUnicode_1BYTE_DATA(text), <size_t>PyUnicode_GET_LENGTH(text), out)
    if isinstance(text, bytes):
        return scale.parse_c(<const uint8_t*>PyBytes_AS_STRING(text), <size_t>PyBytes_GET_SIZE(text), out)
    raise TypeError(f"a decimal must be str or bytes, not {type(text).__name__}")


cdef object refusal(Scale scale, object text, int status):
    shown = text if len(text) <= 64 else text[:64]
    if status == NOT_PLAIN:
        return DecimalError(f"{shown!r} is not a plain non-negative decimal")
    if status == NOT_MULTIPLE:
        return DecimalError(f"{shown!r} is not a multiple of {scale.unit}")
    return DecimalError(f"{shown!r} is more than 2**62 times {scale.unit}")


# The text of count * mantissa / 10**decimals, written from its end.
@cython.cdivision(True)
cdef str format_count(int64_t count, uint64_t mantissa, int decimals):
    cdef char[TEXT_MAX] text
    cdef int begin = TEXT_MAX
    cdef uint128_t value = -<uint64_t>count if count < 0 else <uint64_t>count
    value = value * mantissa
    if decimals:
        begin = put_digits(text, begin, divide(&value, POWERS[decimals]), decimals)
        begin -= 1
        text[begin] = c"."
    while value >= POWERS[DECIMALS_MAX]:
        begin = put_digits(text, begin, divide(&value, POWERS[DECIMALS_MAX]), DECIMALS_MAX)
    begin = put_digits(text, begin, <uint64_t>value, 1)
    if count < 0:
        begin -= 1
        text[begin] = c"-"
    return PyUnicode_DecodeASCII(text + begin, TEXT_MAX - begin, NULL)


# Divides `value` and returns the rest; in 64 bits where they hold it, which is a machine instruction and no call.
@cython.cdivision(True)
cdef inline uint64_t divide(uint128_t* value, uint64_t divisor) noexcept nogil:
    cdef uint128_t wide = value[0]
    cdef uint128_t wide_divisor = divisor  # as wide as the value, as in `parse_digits`
    cdef uint64_t narrow = <uint64_t>wide
    if wide == narrow:
        value[0] = narrow // divisor
        return narrow % divisor
    value[0] = wide // wide_divisor
    return <uint64_t>(wide % wide_divisor)


# Writes `value` with at least `least` digits so that it ends before `end`; returns where it begins.
@cython.cdivision(True)
cdef inline int put_digits(char* text, int end, uint64_t value, int least) noexcept nogil:
    cdef int last = end - least
    while value or end > last:
        end -= 1
        text[end] = <char>(c"0" + value % 10)
        value = value // 10
    return end


# The same of a number that needs more than 64 bits, from its digits.
cdef str place_point(str digits, int decimals, bint negative):
    sign = "-" if negative else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


@cython.cdivision(True)
cdef inline int parse_digits(
    const uint8_t* text, size_t size, uint64_t mantissa, int decimals, int64_t* out
) noexcept nogil:
    cdef bint narrow = size + <size_t>decimals <= NARROW_MAX
    cdef uint128_t value = 0
    cdef uint128_t divisor = mantissa  # as wide as the value, or Cython narrows the division to 64 bits
    cdef size_t i = 0
    cdef size_t missing = <size_t>decimals
    cdef size_t zeros, kept
    cdef bint finer = False
    while i < size and text[i] == c"0":
        i += 1
    zeros = i
    i = add_digits(text, i, size, narrow, &value)
    if i == 0:
        return NOT_PLAIN
    if i - zeros + missing > DIGITS_MAX:
        return TOO_LARGE
    if i < size:
        if text[i] != c"." or i + 1 == size:
            return NOT_PLAIN
        i += 1
        kept = i + missing if size - i > missing else size
        missing -= kept - i
        if add_digits(text, i, kept, narrow, &value) < kept:
            return NOT_PLAIN
        for i in range(kept, size):
            if <uint8_t>(text[i] - c"0") > 9:
                return NOT_PLAIN
            if text[i] != c"0":
                finer = True
    if missing:
        value = value * POWERS[missing]
    if finer:
        return NOT_MULTIPLE
    if mantissa != 1:
        if value % divisor:
            return NOT_MULTIPLE
        value = value // divisor
    if value > <uint128_t>COUNT_MAX:
        return TOO_LARGE
    out[0] = <int64_t>value
    return 0


# Appends the digits from `i` to `value`, and returns where they end, `end` at the latest; 64 bits hold it if `narrow`.
cdef inline size_t add_digits(
    const uint8_t* text, size_t i, size_t end, bint narrow, uint128_t* value
) noexcept nogil:
    cdef uint128_t wide = value[0]
    cdef uint64_t low = <uint64_t>wide
    cdef uint8_t digit
    if narrow:
        while i < end:
            digit = text[i] - c"0"
            if digit > 9:
                break
            low = low * 10 + digit
            i += 1
        value[0] = low
        return i
    while i < end:
        digit = text[i] - c"0"
        if digit > 9:
            break
        wide = wide * 10 + digit
        i += 1
    value[0] = wide
    return i
