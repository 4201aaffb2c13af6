"""C structs and signatures of `core.json_levels`."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from core.decimals cimport Scale, units_end
from core.digits cimport WORD_DIGITS
from core.json_scan cimport decimal_end
from core.levels cimport level_t

cdef enum:
    MARK_WORDS = 4


# Where the digits of a number are that count, and how they become one full word, or two.
cdef struct number_layout:
    int64_t whole_at
    int64_t fraction_at
    uint64_t whole_bits         # what of the word at `whole_at` is before the point
    bint joined                 # one word holds all that count
    int whole_shift
    int fraction_shift          # to behind the digits before the point if joined
    uint64_t power              # what the whole counts in units


# How a level is written.
cdef struct level_layout:
    int64_t size                # from bracket to bracket
    int64_t reach               # so many characters are looked at; INT64_MAX where no layout is known
    int64_t[MARK_WORDS] marks_at    # where the words of the marks are; the first two are where a level begins
    uint64_t[MARK_WORDS] marks  # what must stand there, for all but the digits that count
    uint64_t[MARK_WORDS] marks_bits
    number_layout price
    number_layout qty


# The last layout for each count of digits before the point of the quantity, which is what differs most.
cdef struct level_layouts:
    level_layout[WORD_DIGITS] of
    level_layout* last


cdef void layouts_clear(level_layouts* known) noexcept


# Passes over `[[PRICE,QUANTITY],...]`, both in quotes, and stores its levels from `levels[0]` on, of which it makes the place
# behind the last; NULL if something else stands there. There must be room for a level every nine characters. `known` are the
# layouts of earlier levels, and become those of later ones.
cdef const uint8_t* levels_end(
    Scale price, Scale qty, const uint8_t* at, const uint8_t* end, level_layouts* known, level_t** levels
) noexcept


# Passes over a decimal up to its closing quote and stores how many units of `scale` it is; NULL if it is none.
cdef inline const uint8_t* count_end(Scale scale, const uint8_t* at, const uint8_t* end, int64_t* out) noexcept:
    cdef const uint8_t* stop = units_end(scale, at, end, out)
    if stop is not NULL:
        return stop
    stop = decimal_end(at)
    if stop[0] != c'"' or scale.parse_c(at, stop - at, out) != 0:
        return NULL
    return stop
