"""The levels of a book as venues write them in JSON, `[["PRICE","QUANTITY"],...]`, in one pass into their packed form.

Levels look alike: most have as many digits before and behind their points as those before. So the layout of one is tried on
the next, or that of an earlier one whose quantity is as long: where its brackets, quotes, points and the zeros that do not
count stand in the same places, four comparisons of words are all that is looked for, and the digits are two loads and a
multiplication or three away. A level in another layout is read number by number, and means the same.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset

from core.decimals cimport Scale
from core.digits cimport WORD_DIGITS, count_before, digits_at, ends_in, has_others, others_in, word_value
from core.levels cimport level_t

cdef enum:
    LEVEL_BYTES_MAX = MARK_WORDS * WORD_DIGITS


cdef void layouts_clear(level_layouts* known) noexcept:
    cdef int i
    for i in range(WORD_DIGITS):
        known.of[i].reach = INT64_MAX
    known.last = &known.of[0]


cdef const uint8_t* levels_end(
    Scale price, Scale qty, const uint8_t* at, const uint8_t* end, level_layouts* known, level_t** levels
) noexcept:
    cdef const uint8_t* start
    cdef level_layout* layout = known.last
    cdef level_layout* before
    cdef level_t* level = levels[0]
    cdef bint tried = False
    if at[1] == c"]":
        return at + 2
    while True:
        start = at + 1
        if end - start >= layout.reach and is_alike(layout, start, level):
            at = start + layout.size
        else:
            before = layout
            if not tried:
                layout = other_layout(known, layout, start, end)
            if layout is not before:
                tried = True
                continue
            at = level_end(price, qty, start, end, level)
            if at is NULL:
                return NULL
            layout = note(known, price, qty, start, at - start)
        tried = False
        level += 1
        if at[0] != c",":
            break
    known.last = layout
    levels[0] = level
    return at + 1 if at[0] == c"]" else NULL


# Returns the layout that has as many digits before the point of the quantity as this level, where its price is in `layout`.
cdef inline level_layout* other_layout(
    level_layouts* known, level_layout* layout, const uint8_t* at, const uint8_t* end
) noexcept:
    cdef uint64_t ends
    if end - at < layout.reach:
        return layout
    ends = ends_in(digits_at(at + layout.qty.whole_at))
    return &known.of[count_before(ends)] if ends else layout


# Passes over a level, whatever its layout.
cdef const uint8_t* level_end(
    Scale price, Scale qty, const uint8_t* at, const uint8_t* end, level_t* out
) noexcept:
    if at[0] != c"[" or at[1] != c'"':
        return NULL
    at = count_end(price, at + 2, end, &out.price_ticks)
    if at is NULL or at[1] != c"," or at[2] != c'"':
        return NULL
    at = count_end(qty, at + 3, end, &out.qty_lots)
    if at is NULL or at[1] != c"]":
        return NULL
    return at + 2


# Stores the level if it is in this layout.
cdef inline bint is_alike(const level_layout* layout, const uint8_t* at, level_t* out) noexcept:
    cdef uint64_t others = 0
    cdef uint64_t differs = 0
    cdef int64_t place
    cdef int i
    for i in range(MARK_WORDS):
        place = i * WORD_DIGITS if i < 2 else layout.marks_at[i]
        differs |= (word_at(at + place) ^ layout.marks[i]) & layout.marks_bits[i]
    if differs:
        return False
    out.price_ticks = number_at(&layout.price, at, &others)
    out.qty_lots = number_at(&layout.qty, at, &others)
    return not has_others(others)


cdef inline int64_t number_at(const number_layout* layout, const uint8_t* at, uint64_t* others) noexcept:
    cdef uint64_t whole = digits_at(at + layout.whole_at) & layout.whole_bits
    cdef uint64_t fraction = digits_at(at + layout.fraction_at) << layout.fraction_shift
    if layout.joined:
        whole = (whole | fraction) << layout.whole_shift
        others[0] |= others_in(whole)
        return <int64_t>word_value(whole)
    whole <<= layout.whole_shift
    others[0] |= others_in(whole) | others_in(fraction)
    return <int64_t>(word_value(whole) * layout.power + word_value(fraction))


# Notes the layout of a level of `size` characters that was read, if it is one that `is_alike` can try; returns the last that
# is.
cdef level_layout* note(level_layouts* known, Scale price, Scale qty, const uint8_t* at, int64_t size) noexcept:
    cdef uint8_t[LEVEL_BYTES_MAX] marks_bits
    cdef level_layout layout
    cdef int64_t qty_at
    cdef int i
    if not 2 * WORD_DIGITS <= size <= LEVEL_BYTES_MAX:
        return known.last
    memset(marks_bits, 0xFF, LEVEL_BYTES_MAX)
    qty_at = note_number(&layout.price, price, at, 2, marks_bits) + 3
    if qty_at < 3 or note_number(&layout.qty, qty, at, qty_at, marks_bits) < 0:
        return known.last
    for i in range(MARK_WORDS):
        layout.marks_at[i] = min(i * WORD_DIGITS, size - WORD_DIGITS)
        layout.marks[i] = word_at(at + layout.marks_at[i])
        layout.marks_bits[i] = word_at(marks_bits + layout.marks_at[i])
    layout.size = size
    layout.reach = max(size, layout.qty.fraction_at + WORD_DIGITS)
    known.last = &known.of[layout.qty.fraction_at - layout.qty.whole_at - 1]
    known.last[0] = layout
    return known.last


# Notes where the digits of the number at `place` are, and clears the marks of those that count; returns where its closing
# quote is, -1 if the number is too long or not exactly what its digits say.
cdef int64_t note_number(
    number_layout* layout, Scale scale, const uint8_t* at, int64_t place, uint8_t* marks_bits
) noexcept:
    cdef int decimals = scale.decimals
    cdef int whole = 0
    cdef int64_t stop = place
    while <uint8_t>(at[place + whole] - c"0") <= 9:
        whole += 1
    while at[stop] != c'"':
        stop += 1
    layout.whole_at, layout.fraction_at = place, place + whole + 1
    if scale.mantissa != 1 or whole >= WORD_DIGITS or decimals > WORD_DIGITS:
        return -1
    if decimals and stop < layout.fraction_at + decimals:
        return -1
    layout.joined = whole + decimals <= WORD_DIGITS
    layout.whole_bits = (<uint64_t>1 << 8 * whole) - 1
    layout.whole_shift = 8 * (WORD_DIGITS - whole - (decimals if layout.joined else 0))
    layout.fraction_shift = 8 * (whole if layout.joined else WORD_DIGITS - decimals)
    layout.power = scale.power
    memset(marks_bits + place, 0, whole)
    memset(marks_bits + layout.fraction_at, 0, decimals)
    return stop


cdef inline uint64_t word_at(const uint8_t* at) noexcept:
    cdef uint64_t word
    memcpy(&word, at, sizeof(word))
    return word
